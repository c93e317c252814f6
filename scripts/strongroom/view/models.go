package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/consent"
)

// Consents writes consents as a table.
func Consents(w io.Writer, all []api.Consent) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FEATURE\tDESTINATION\tWORKSPACE\tIN EFFECT\tTENANT\tPLATFORM\tMODEL")
	for _, c := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", cell(c.Feature), cell(c.Destination), cell(orAll(c.Workspace)), yes(c.InEffect),
			halfState(c.Tenant), halfState(c.Platform), modelName(c.Endpoint))
	}
	return table.Flush()
}

func orAll(workspace string) string {
	if workspace == "" {
		return "all"
	}
	return workspace
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func halfState(h api.Half) string {
	if h.State == "active" && h.Expires != nil {
		return "active until " + FormatTime(*h.Expires)
	}
	return cell(h.State)
}

func modelName(e *api.Endpoint) string {
	if e == nil {
		return "-"
	}
	return cell(e.Model) + " in " + cell(e.ProjectID) + ", " + cell(e.Location)
}

// Consent writes one consent. It has the text and the history if the platform sent them.
func Consent(w io.Writer, c api.Consent) error {
	out := NewEscaper(w)
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s, workspace %s: ", c.Feature, c.Destination, orAll(c.Workspace))
	switch {
	case c.InEffect:
		b.WriteString("in effect\n")
	case c.SamePerson:
		b.WriteString("not in effect, because one person gave both halves\n")
	default:
		b.WriteString("not in effect\n")
	}
	fmt.Fprintf(&b, "  model          %s\n  tenant's half  %s\n  platform's     %s\n  current text   %s\n",
		modelName(c.Endpoint), half(c.Tenant), half(c.Platform), c.Text)
	if len(c.History) > 0 {
		b.WriteString("\nHISTORY\n")
	}
	for _, h := range c.History {
		fmt.Fprintf(&b, "  %-8s  %s\n", h.Side, half(h.Half))
	}
	if c.TextBody != "" {
		fmt.Fprintf(&b, "\nTEXT %s\n\n%s", c.Text, c.TextBody)
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	return out.Flush()
}

func half(h api.Half) string {
	text := halfState(h)
	if h.By != nil {
		text += ", by " + OneLine(h.By.Subject)
	}
	for _, part := range []struct {
		word string
		at   *time.Time
	}{{"given", h.Given}, {"ended", h.Ended}} {
		if part.at != nil {
			text += ", " + part.word + " " + FormatTime(*part.at)
		}
	}
	if h.Text != "" {
		text += ", text " + h.Text
	}
	return text
}

// ModelSends writes requests to models as a table.
func ModelSends(w io.Writer, all []api.ModelSend) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tFEATURE\tDESTINATION\tMODEL\tSTATUS\tBYTES\tTOKENS\tRESOURCE\tSHA256\tENTRY")
	for _, s := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", FormatTime(s.Time), cell(s.Feature), cell(s.Destination), cell(s.Model),
			cell(strings.TrimSuffix(s.Status+" "+s.Reason, " ")), s.Bytes, s.PromptTokens+s.AnswerTokens, cell(s.Resource), OneLine(s.SHA256), OneLine(s.Entry))
	}
	return table.Flush()
}

// Preview writes what would be sent to a model.
func Preview(w io.Writer, p api.Preview) error {
	out := NewEscaper(w)
	var b strings.Builder
	switch {
	case p.Bytes == 0:
		b.WriteString("Nothing would be sent, because there is nothing to send.\n")
	case p.Allowed:
		b.WriteString("This would be sent. Nothing was sent now.\n")
	default:
		b.WriteString("This would be refused. Nothing was sent now.\n")
	}
	for _, m := range p.Missing {
		fmt.Fprintf(&b, "  missing: the %s's half for %s %s\n", m.Side, m.Destination, consent.State(m.State).Describe())
	}
	if p.SamePerson {
		b.WriteString("  one person gave both halves; another person must give one of them\n")
	}
	fmt.Fprintf(&b, "  to       %s: %s in %s, %s\n  bytes    %d\n  SHA-256  %s\n", p.Destination, p.Model, p.Project, p.Location, p.Bytes, p.SHA256)
	for _, f := range p.Fields {
		fmt.Fprintf(&b, "  field    %s (%s)\n", f.Name, f.Class)
	}
	for _, f := range p.Omitted {
		fmt.Fprintf(&b, "  omitted  %s, because it does not fit\n", f)
	}
	fmt.Fprintf(&b, "\n%s\n", p.Request)
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	return out.Flush()
}

// Summary writes a model's summary.
func Summary(w io.Writer, s api.Summary) error {
	out := NewEscaper(w)
	if _, err := io.WriteString(out, strings.Join(s.Lines, "\n")); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return Sent(w, s.Sent)
}

// Ranking writes the next tasks, and who ordered them.
func Ranking(w io.Writer, r api.Ranking) error {
	out := NewEscaper(w)
	if r.OrderedBy == api.OrderedByModel {
		r.Next.Summary = "By score: " + r.Next.Summary
	}
	if err := next(out, r.Next); err != nil {
		return err
	}
	did := "ordered the tasks of the catalog. Check the order."
	if r.OrderedBy != api.OrderedByModel {
		did = "was asked."
		if _, err := fmt.Fprintf(out, "\n-- ordered by score: %s\n", whyByScore(r)); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil || r.Sent == nil {
		return err
	}
	shown := *r.Sent
	shown.Evidence = nil // the tasks themselves
	return sent(w, shown, did)
}

// whyByScore says in one line why there is no order of a model.
func whyByScore(r api.Ranking) string {
	if r.Fallback == nil {
		return "fewer than two of the tasks are in the catalog, so there is nothing to order, and nothing was sent"
	}
	text := r.Fallback.Detail
	for _, fault := range r.Fallback.Errors {
		text += "; " + fault.Message
	}
	return OneLine(text)
}

// Sent writes what was sent, below the answer.
func Sent(w io.Writer, s api.Sent) error {
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return sent(w, s, "wrote this. Check it.")
}

// sent writes what was sent, and what the model did.
func sent(w io.Writer, s api.Sent, did string) error {
	out := NewEscaper(w)
	var b strings.Builder
	fmt.Fprintf(&b, "\n-- %s (%s) %s Audit entry %s\n", s.Model, s.Destination, did, s.Entry)
	if s.Cut {
		b.WriteString("-- the answer reached its limit, so it is not complete\n")
	}
	for _, f := range s.Omitted {
		fmt.Fprintf(&b, "-- not sent, because it did not fit: %s\n", f)
	}
	for _, id := range s.Evidence {
		fmt.Fprintf(&b, "-- evidence: %s\n", id)
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	return out.Flush()
}

// DataMap writes the data map as two tables.
func DataMap(w io.Writer, m api.DataMap) error {
	table := tabwriter.NewWriter(NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLASS\tMODEL\tREADERS\tPLAIN IN\tONLY ENCRYPTED IN")
	for _, c := range m.Classes {
		model := "never"
		if c.Model {
			model = "yes"
		}
		if len(c.Consents) > 0 {
			model = "with 2 consents"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", c.Class, model, dashed(c.Readers), dashed(c.Plain), dashed(c.Sealed))
	}
	fmt.Fprintln(table, "\nPLACE\tLOCATION\tPLAIN\tONLY ENCRYPTED\tWHAT")
	for _, l := range m.Locations {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", l.Place, l.Name, dashed(l.Plain), dashed(l.Sealed), l.What)
	}
	return table.Flush()
}

func dashed(all []string) string {
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, " ")
}
