package firestore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// disk stores the documents of all databases in one bbolt file with a bucket for
// each database. A document's key maps to its create and update times (8 bytes
// each, big endian) and its data. A nil disk stores nothing.
type disk struct{ bolt *bbolt.DB }

const diskFile = "firestore.db"

// openDisk leaves syncing to Close: commits survive the end of the process, but not
// the end of the machine.
func openDisk(dir string) (*disk, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	bolt, err := bbolt.Open(filepath.Join(dir, diskFile), 0o600, &bbolt.Options{
		Timeout: 5 * time.Second, NoSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Join(dir, diskFile), err)
	}
	return &disk{bolt}, nil
}

func (d *disk) close() error {
	if d == nil {
		return nil
	}
	if err := d.bolt.Sync(); err != nil {
		return err
	}
	return d.bolt.Close()
}

func (d *disk) save(database string, changes []change) error {
	if d == nil {
		return nil
	}
	return d.bolt.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists([]byte(database))
		if err != nil {
			return err
		}
		for _, c := range changes {
			if err := saveChange(bucket, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func saveChange(bucket *bbolt.Bucket, c change) error {
	if c.now == nil {
		return bucket.Delete([]byte(c.key))
	}
	value := binary.BigEndian.AppendUint64(nil, uint64(c.now.created))
	value = binary.BigEndian.AppendUint64(value, uint64(c.now.updated))
	return bucket.Put([]byte(c.key), append(value, c.now.data...))
}

// load visits every stored document.
func (d *disk) load(visit func(database string, doc *document)) error {
	if d == nil {
		return nil
	}
	return d.bolt.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
			return bucket.ForEach(func(key, value []byte) error {
				if len(value) < 16 {
					return fmt.Errorf("document %s is truncated", parsePath(string(key)))
				}
				visit(string(name), &document{
					key:     string(key),
					created: micros(binary.BigEndian.Uint64(value)),
					updated: micros(binary.BigEndian.Uint64(value[8:])),
					data:    bytes.Clone(value[16:]),
				})
				return nil
			})
		})
	})
}
