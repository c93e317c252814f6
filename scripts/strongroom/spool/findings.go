package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
)

const findingsName = "findings.json"

// StoreFindings stores data for the run's report. It removes the outputs named
// in reported from the journal, because the findings have all of their lines. It
// is atomic: after a crash, either all or none of this was done.
func (r *Run) StoreFindings(data []byte, reported []string) error {
	path := filepath.Join(r.dir, findingsName)
	if err := r.inReserve(func() error { return durable.Write(path+".new", data) }); err != nil {
		_ = os.Remove(path + ".new")
		return fmt.Errorf("store findings: %w", err)
	}
	if err := durable.Rename(path+".new", path); err != nil {
		return fmt.Errorf("store findings: %w", err)
	}
	return r.Update(func(j *Journal) {
		j.Findings = true
		j.Outputs = slices.DeleteFunc(j.Outputs, func(o Output) bool {
			isReported := slices.Contains(reported, o.Name)
			if isReported {
				j.Reported = append(j.Reported, o.Source)
			}
			return isReported
		})
	})
}

// Findings returns what StoreFindings stored.
func (r *Run) Findings() ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(r.dir, findingsName))
	if err != nil {
		return nil, fmt.Errorf("the spool is damaged: %w", err)
	}
	return data, nil
}
