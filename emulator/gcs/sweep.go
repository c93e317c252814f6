package gcs

import (
	"encoding/json"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// sweep removes the files below objects/ that belong to no object. A crash before the
// commit leaves the new object's file, and a crash after it leaves the replaced
// object's.
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

// blobs returns the file names of all live objects.
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
