package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Trust writes the issuers with the keys that cannot be used, and the rules in the order in which
// they are tried.
func Trust(w io.Writer, t api.Trust) error {
	out := NewEscaper(w)
	for _, i := range t.Issuers {
		fmt.Fprintf(out, "%s: %s\n", i.Issuer, counted(len(i.Keys), "key", "keys"))
		if i.Problem != "" {
			fmt.Fprintf(out, "  PROBLEM: %s\n", i.Problem)
		}
		for _, k := range i.UnusableKeys {
			fmt.Fprintf(out, "  key %d (%s) cannot be used: %s\n", k.Index, cmp.Or(k.KeyID, "without an ID"), k.Reason)
		}
		for _, id := range i.ClientIDs {
			fmt.Fprintf(out, "  signs in the client %s\n", id)
		}
	}
	if err := TrustRules(out, t.Rules); err != nil {
		return err
	}
	return out.Flush()
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// TrustRules writes rules, one a line.
func TrustRules(w io.Writer, rules []api.TrustRule) error {
	out := NewEscaper(w)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROLE\tOWNER\tISSUER\tCLAIMS\tID")
	for _, r := range rules {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", roleOf(r), r.Owner, r.Issuer, claimsOf(r), cmp.Or(r.ID, "-"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range rules {
		if r.Problem != "" {
			fmt.Fprintf(out, "PROBLEM of %s: %s\n", r.ID, r.Problem)
		}
	}
	return out.Flush()
}

// TrustRule writes a rule that was added or removed.
func TrustRule(w io.Writer, r api.TrustRule) error {
	if err := TrustRules(w, []api.TrustRule{r}); err != nil {
		return err
	}
	if r.Everyone == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "every process has seen it by %s\n", FormatTime(*r.Everyone))
	return err
}

// TrustTest writes which rule assigns a role to a token, and what differs from the others.
func TrustTest(w io.Writer, t api.TrustTest) error {
	out := NewEscaper(w)
	switch {
	case !t.Verified:
		fmt.Fprintf(out, "the token is not accepted: %s\n", t.Problem)
		return out.Flush()
	case t.Role == "":
		fmt.Fprintf(out, "%s of %s has no role: no rule matches\n", t.Subject, t.Issuer)
	default:
		fmt.Fprintf(out, "%s of %s has the role %s\n", t.Subject, t.Issuer, strings.Join(append([]string{t.Role}, t.Workspaces...), " "))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROLE\tOWNER\tCLAIMS\tRESULT")
	for _, r := range t.Rules {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", roleOf(r.TrustRule), ownerOf(r), claimsOf(r.TrustRule), resultOf(r))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return out.Flush()
}

func roleOf(r api.TrustRule) string {
	return strings.Join(append([]string{r.Role}, r.Workspaces...), " ")
}

func claimsOf(r api.TrustRule) string {
	texts := make([]string, len(r.Claims))
	for i, c := range r.Claims {
		texts[i] = c.Name + "=" + c.Value
	}
	return strings.Join(texts, " ")
}

func ownerOf(r api.TrustRuleMatch) string {
	if r.Candidate {
		return "(not saved)"
	}
	return r.Owner
}

func resultOf(r api.TrustRuleMatch) string {
	if r.Matches {
		return "matches"
	}
	texts := make([]string, len(r.Differ))
	for i, d := range r.Differ {
		texts[i] = d.Name + " is " + d.Reason
	}
	return strings.Join(texts, ", ")
}
