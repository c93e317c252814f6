package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Tenant writes the record of a tenant, its key, and drift.
func Tenant(w io.Writer, t api.Tenant) error {
	out := NewEscaper(w)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n  project   %s\n  location  %s\n", t.ID, t.State, t.ProjectID, t.Location)
	for _, row := range []struct{ what, name string }{
		{"outputs", t.OutputsBucket}, {"exports", t.ExportsBucket}, {"configs", t.ConfigsBucket}, {"audit", t.AuditBucket}, {"topic", t.AuditTopic},
	} {
		fmt.Fprintf(&b, "  %-9s %s\n", row.what, cmp.Or(row.name, "-"))
	}
	for _, s := range t.SignIn {
		fmt.Fprintf(&b, "  sign-in   %s (%s)\n", s.Issuer, strings.Join(s.ClientIDs, ", "))
	}
	if t.Offboarding != nil {
		b.WriteString("\nOFFBOARDING\n")
		writeOffboarding(&b, *t.Offboarding)
	}
	writeKey(&b, t)
	writeQuotas(&b, t.Quotas)
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	return out.Flush()
}

// Key writes the key of a tenant, and drift.
func Key(w io.Writer, t api.Tenant) error {
	out := NewEscaper(w)
	var b strings.Builder
	writeKey(&b, t)
	if _, err := io.WriteString(out, strings.TrimPrefix(b.String(), "\n")); err != nil {
		return err
	}
	return out.Flush()
}

func writeKey(b *strings.Builder, t api.Tenant) {
	k := t.Key
	fmt.Fprintf(b, "\nKEY %s: %s\n  encrypts %s, decrypts %s, %d roles let an account use it\n", k.Name, k.State, yes(k.Encrypts), yes(k.Decrypts), k.Roles)
	if k.Problem != "" {
		fmt.Fprintf(b, "  %s\n", k.Problem)
	}
	if c := k.Change; c != nil {
		fmt.Fprintf(b, "  %s, requested %s, %s, audit entry %s\n", c.Action, FormatTime(c.Requested), effect(c), c.Entry)
	}
	if d := k.Destruction; d != nil {
		fmt.Fprintf(b, "  destruction %s requested %s: another admin confirms it, or anybody after %s, by %s\n",
			d.ID, FormatTime(d.Requested), FormatTime(d.AloneAfter), FormatTime(d.Expires))
	}
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, s := range k.Seen {
		fmt.Fprintf(table, "  seen by %s\t%s\tin memory until %s\t\n", s.Function, FormatTime(s.At), FormatTime(s.CachedTo))
	}
	for _, v := range k.Versions {
		notes := []string{}
		if v.Primary {
			notes = append(notes, "primary")
		}
		if v.Failed {
			notes = append(notes, "the trial failed")
		}
		if v.DestroyAt != nil {
			notes = append(notes, "is erased "+FormatTime(*v.DestroyAt))
		}
		fmt.Fprintf(table, "  version %s\t%s\t%s\t%s\n", v.Version, v.State, FormatTime(v.Created), strings.Join(notes, ", "))
	}
	_ = table.Flush() // a strings.Builder returns no errors
	for _, r := range k.Rights {
		if !r.Platform {
			fmt.Fprintf(b, "  the platform cannot %s: %s\n", r.Action, r.Who)
		}
	}
	for i, d := range t.Drift {
		if i == 0 {
			b.WriteString("\nDRIFT\n")
		}
		fmt.Fprintf(b, "  %s: %s\n", d.Field, d.Message)
	}
}

func effect(c *api.KeyChange) string {
	switch {
	case c.Effective == nil:
		return "not effective yet"
	case c.CachedTo != nil:
		return "effective " + FormatTime(*c.Effective) + ", data keys are out of memory by " + FormatTime(*c.CachedTo)
	}
	return "effective " + FormatTime(*c.Effective)
}
