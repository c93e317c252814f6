package gcs

import (
	"encoding/json"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// sweep removes the files below objects/ that belong to no object: a crash
// between keeping the bytes and the commit leaves them, and one after the
// commit leaves those of the object that was replaced.
func (s *Server) sweep() error {
	live, err := s.store.blobs()
	if err != nil {
		return err
	}
	files, err := os.ReadDir(s.objectDir())
	if err != nil {
		return fmt.Errorf("read objects: %w", err)
	}
	for _, file := range files {
		if !live[file.Name()] {
			if err := s.removeBlob(file.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// blobs are the file names of all live objects.
func (s *store) blobs() (map[string]bool, error) {
	live := map[string]bool{}
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(objectTable).ForEach(func(_, text []byte) error {
			var o object
			if err := json.Unmarshal(text, &o); err != nil {
				return fmt.Errorf("read objects: %w", err)
			}
			live[o.Blob] = true
			return nil
		})
	})
	return live, err
}
