package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const findingsName = "findings.json"

// KeepFindings keeps data for the run's report. The outputs that are named in
// whole are none any more, since the findings hold all of their files. After a
// crash all of this was done, or the outputs are as before.
func (r *Run) KeepFindings(data []byte, whole []string) error {
	path := filepath.Join(r.dir, findingsName)
	if err := writeSynced(path+".new", data); err != nil {
		return fmt.Errorf("keep findings: %w", err)
	}
	if err := renameSynced(path+".new", path); err != nil {
		return fmt.Errorf("keep findings: %w", err)
	}
	return r.Update(func(j *Journal) {
		j.Findings = true
		j.Outputs = slices.DeleteFunc(j.Outputs, func(o Output) bool {
			told := slices.Contains(whole, o.Name)
			if told {
				j.Told = append(j.Told, o.Source)
			}
			return told
		})
	})
}

// Findings is what KeepFindings keeps.
func (r *Run) Findings() ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(r.dir, findingsName))
	if err != nil {
		return nil, fmt.Errorf("the spool is damaged: %w", err)
	}
	return data, nil
}
