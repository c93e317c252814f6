package demo

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// showAudit reads the tenant's audit log as an auditor, and verifies it.
func (d *Demo) showAudit(ctx context.Context) error {
	d.printf("\n6. An auditor of %s finds a viewer's read in the audit log, and verifies the log offline\n\n", acme)
	receipt, err := d.readOnTheRecord(ctx)
	if err != nil {
		return err
	}
	if err := d.cloud.Scheduler.RunNow(ctx, "audit-integrator"); err != nil {
		return fmt.Errorf("publish the audit log: %w", err)
	}
	d.printf("  The response to the viewer has the receipt %s. The newest reads:\n\n", receipt)
	copied, receipts := filepath.Join(d.scratch, "audit"), filepath.Join(d.scratch, "receipts.txt")
	if err := os.WriteFile(receipts, []byte(receipt+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the receipt: %w", err)
	}
	for _, s := range []step{
		{args: []string{"audit", "ls", "--action", "outputs.read", "--limit", "3"}, want: "outputs.read"},
		{text: "The receipt's entry, with the proof that the published log has it:", args: []string{"audit", "show", receipt}, want: "checkpoint"},
		{text: "A copy of the log, and its verification with the receipt:", args: []string{"audit", "pull", "--quiet", "--no-verify", copied}},
		{args: []string{"audit", "verify", copied, "--receipts", receipts}, want: "receipt"},
	} {
		if err := d.showAs(ctx, "auditor", s); err != nil {
			return err
		}
	}
	if err := flipOneBit(filepath.Join(copied, "tile", "entries", "*", "*"), filepath.Join(copied, "tile", "entries", "*")); err != nil {
		return err
	}
	return d.showAs(ctx, "auditor", step{
		text: "The same copy after one bit of it has changed:", args: []string{"audit", "verify", copied, "--receipts", receipts}, code: 1, want: "FAULT",
	})
}

// step is a command of a person.
type step struct {
	text string // before the output; empty: none
	args []string
	code int    // exit code
	want string // in the output
}

// readOnTheRecord reads output of a run as a viewer, and returns the receipt.
func (d *Demo) readOnTheRecord(ctx context.Context) (receipt string, err error) {
	path := d.path("runs/" + d.runs[0].Run + "/outputs/" + d.runs[0].Outputs[0].Name)
	read, err := d.call(ctx, acme, "viewer", http.MethodGet, path, nil)
	if err != nil {
		return "", err
	}
	if read.receipt == "" {
		return "", fmt.Errorf("the response of status %d has no receipt", read.status)
	}
	return read.receipt, nil
}

// showAs runs a step as a persona, and prints its output indented.
func (d *Demo) showAs(ctx context.Context, persona string, s step) error {
	var out bytes.Buffer
	code, err := d.strongroom(ctx, acme, persona, &out, &out, s.args...)
	if err != nil {
		return err
	}
	if s.text != "" {
		d.printf("\n  %s\n\n", s.text)
	}
	for line := range strings.Lines(out.String()) {
		d.printf("    %s", line)
	}
	ok := code == s.code && strings.Contains(out.String(), s.want)
	d.printf("  strongroom %s: exit code %d, %s\n", strings.Join(s.args[:2], " "), code, d.check(ok))
	return nil
}

// flipOneBit changes one bit of the first file that one of the patterns matches.
func flipOneBit(patterns ...string) error {
	var found []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("find a file of the copy: %w", err)
		}
		found = append(found, matches...)
	}
	if len(found) == 0 {
		return fmt.Errorf("no file of the copy matches %q", patterns)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(found[0], data, 0o600); err != nil {
		return fmt.Errorf("change the copy: %w", err)
	}
	return nil
}
