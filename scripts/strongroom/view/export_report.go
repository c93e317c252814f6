package view

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/manifest"
)

// ExportReport is the result of verifying a copy of an export, as --json prints it.
type ExportReport struct {
	OK         bool            `json:"ok"`
	Export     string          `json:"export,omitempty"` // empty: the manifest is not authentic
	Tenant     string          `json:"tenant,omitempty"`
	Kinds      []string        `json:"kinds,omitempty"`
	ReadTime   time.Time       `json:"readTime,omitzero"`
	Files      int             `json:"files"`      // that were verified
	Bytes      int64           `json:"bytes"`      // of these
	CRC32COnly int             `json:"crc32cOnly"` // of these: deliberate changes are not detected
	Bundles    int             `json:"bundles"`    // of these: git bundles of configurations, whose main was checked
	Problems   []ExportProblem `json:"problems"`
}

// ExportProblem is what is wrong with a file of a copy.
type ExportProblem struct {
	File string `json:"file,omitempty"` // empty: the copy as a whole
	What string `json:"what"`
}

// NewExportReport returns the report of a verification.
func NewExportReport(r manifest.Report) ExportReport {
	m := r.Manifest
	report := ExportReport{
		OK: len(r.Problems) == 0, Export: m.Export, Tenant: m.Tenant, Kinds: m.Kinds, ReadTime: m.ReadTime,
		Files: r.Files, Bytes: r.Bytes, CRC32COnly: r.CRC32COnly, Bundles: r.Bundles, Problems: []ExportProblem{},
	}
	for _, p := range r.Problems {
		report.Problems = append(report.Problems, ExportProblem{p.Name, p.What})
	}
	return report
}

// VerifiedExport writes the result of verifying a copy of an export.
func VerifiedExport(w io.Writer, r manifest.Report) error {
	escaper := NewEscaper(w)
	out := bufio.NewWriter(escaper) // it keeps the first error
	if m := r.Manifest; m.Format != "" {
		fmt.Fprintf(out, "export %s of the tenant %s, as of %s: %s\n", m.Export, m.Tenant, FormatTime(m.ReadTime), strings.Join(m.Kinds, ", "))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(out, "PROBLEM %s\n", p)
	}
	if len(r.Problems) == 0 {
		sentences(out, "Proved:", proved(r))
		sentences(out, "Not proved:", notProved(r))
		fmt.Fprintln(out, "OK")
	}
	return errors.Join(out.Flush(), escaper.Flush())
}

func proved(r manifest.Report) []string {
	proofs := []string{
		"The platform's key signed the manifest.",
		fmt.Sprintf("The audit log of %d entries has the request of this export.", r.Manifest.Log.Size),
		fmt.Sprintf("The %d files, with %s, are exactly those that the manifest names.", r.Files, size(r.Bytes)),
	}
	if r.Bundles > 0 {
		proofs = append(proofs, fmt.Sprintf("The %d git bundles of configurations have the commits and the files that the manifest names.", r.Bundles))
	}
	return proofs
}

func notProved(r manifest.Report) []string {
	if r.CRC32COnly == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d parts of outputs are crc32c-only: accidental changes are detected, deliberate ones are not.", r.CRC32COnly)}
}
