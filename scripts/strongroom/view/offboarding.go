package view

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/certificate"
)

// Offboarding writes how far an offboarding is.
func Offboarding(w io.Writer, o api.Offboarding) error {
	out := NewEscaper(w)
	writeOffboarding(out, o)
	return out.Flush()
}

func writeOffboarding(out io.Writer, o api.Offboarding) {
	fmt.Fprintf(out, "request %s of %s\n", o.ID, FormatTime(o.Requested))
	switch {
	case o.Started != nil:
		fmt.Fprintf(out, "started %s\nstep %s, waits for: %s\n", FormatTime(*o.Started), o.Step, cmp.Or(o.Waits, "nothing"))
		if o.KeyAfter != nil {
			fmt.Fprintf(out, "the key is not destroyed before %s\n", FormatTime(*o.KeyAfter))
		}
	case o.Step != "":
		fmt.Fprintln(out, o.Step)
	default:
		fmt.Fprintf(out, "the platform's staff starts it by %s\n", FormatTime(o.Expires))
	}
}

// Certificate writes a certificate that was verified.
func Certificate(w io.Writer, c certificate.Certificate) error {
	out := NewEscaper(w)
	fmt.Fprintf(out, "The signature is valid: %s certificate of %s, issued %s\n\n", c.Kind, c.Tenant, FormatTime(c.Issued))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STORE\tEXISTED\tPRESENT\tMETHOD\tERASED")
	for _, s := range c.Stores {
		erased := "not yet"
		if s.Erased != nil {
			erased = FormatTime(*s.Erased)
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\n", s.Name, s.Found, s.Present, s.Method, erased)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, k := range c.Keys {
		fmt.Fprintf(out, "key %s: %s\n", k.Version, k.State)
	}
	fmt.Fprintln(out)
	for _, l := range c.Remains {
		fmt.Fprintf(out, "remains: %s, because %s\n", l.What, l.Why)
	}
	return out.Flush()
}
