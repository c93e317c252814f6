package gcs

import (
	"path/filepath"
	"testing"
	"time"
)

func TestGenerationsIncreaseWithinAMicrosecond(t *testing.T) {
	t.Parallel()
	s, err := openStore(filepath.Join(t.TempDir(), "metadata.db"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.db.Close() }()
	now := time.Now()
	last := now.UnixMicro() - 1
	for _, at := range []time.Time{now, now, now.Add(-time.Hour), now} {
		err := s.update(func(x txn) error {
			next, err := x.nextGeneration(at)
			if next != last+1 {
				t.Errorf("generation %d after %d", next, last)
			}
			last = next
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
