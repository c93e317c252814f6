package auditverify

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxReceiptLine is the most bytes of a line of receipts. A summary of an import
// has the receipts of all its runs.
const maxReceiptLine = 16 << 20

// checkIDs checks that each ID is unique, that every receipt has its entry, which
// reads have no end, and which mints have no final state.
func (v *verification) checkIDs() error {
	if v.options.Receipts != nil {
		line := uint64(0)
		err := ReadReceipts(v.options.Receipts, func(id string) error {
			line++
			parsed, ok := parseID([]byte(id))
			if !ok {
				return fmt.Errorf("receipt %d: %q is not the ID of an entry", line, id)
			}
			return v.marks.add(mark{id: parsed, kind: markReceipt, index: line})
		})
		if err != nil {
			return err
		}
	}
	for group, err := range v.marks.groups() {
		if err != nil {
			return err
		}
		v.checkID(group)
	}
	return nil
}

// checkID checks the marks of one ID.
func (v *verification) checkID(group []mark) {
	var first, last [markMint + 1]*mark
	for i, m := range group {
		if m.kind == markEntry && first[markEntry] != nil {
			v.report.add(Fault{Code: RepeatedID, Entry: &group[i].index, Detail: fmt.Sprintf("entry %d has the same ID, %s", first[markEntry].index, m.id)})
		}
		if first[m.kind] == nil {
			first[m.kind] = &group[i]
		}
		last[m.kind] = &group[i]
	}
	if mint, final := last[markMint], last[markFinal]; mint != nil && (final == nil || final.index < mint.index) {
		v.report.OpenMints.add(*mint)
	}
	entry, read, end, receipt := first[markEntry], first[markRead], first[markEnd], first[markReceipt]
	if receipt != nil && entry == nil {
		v.report.fault(ReceiptMissing, "", "the entry of receipt %d, %s, is not in the log: it was removed, or it was recorded after the checkpoint", receipt.index, receipt.id)
	}
	if receipt != nil && entry != nil {
		v.report.Receipts++
	}
	if read != nil && end == nil {
		v.report.OpenReads.add(*read)
	}
	if end != nil && entry == nil {
		v.report.EndsOnly.add(*end)
	}
}

// ReadReceipts reads receipts and calls visit with each ID. A line is an ID, or a
// JSON object that has IDs in a member "auditEntries" (a list, as in the --json
// output of the command line) or "auditEntry" or "Strongroom-Audit-Entry" (one).
// Empty lines are skipped.
func ReadReceipts(r io.Reader, visit func(id string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxReceiptLine)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		ids := []string{line}
		switch {
		case line == "":
			continue
		case line[0] == '{':
			var err error
			if ids, err = receiptsOf(line); err != nil {
				return fmt.Errorf("read receipts: line %d: %w", number, err)
			}
		}
		for _, id := range ids {
			if err := visit(id); err != nil {
				return fmt.Errorf("read receipts: line %d: %w", number, err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read receipts: %w", err)
	}
	return nil
}

func receiptsOf(line string) ([]string, error) {
	var object struct {
		All    []string `json:"auditEntries"`
		One    string   `json:"auditEntry"`
		Header string   `json:"Strongroom-Audit-Entry"`
	}
	if err := json.Unmarshal([]byte(line), &object); err != nil {
		return nil, errors.New("the line is neither an ID nor a JSON object with auditEntries")
	}
	for _, id := range []string{object.One, object.Header} {
		if id != "" {
			object.All = append(object.All, id)
		}
	}
	return object.All, nil
}
