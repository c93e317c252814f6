package firestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// disk stores the documents of all databases in one bbolt file with two buckets for
// each database. In the first, which has the database's name, a document's key maps
// to its create and update times (8 bytes each, big endian) and its data. In the
// second, the time of a change (8 bytes) and the key map to the version before it in
// the same form, or to nothing. A nil disk stores nothing.
type disk struct{ bolt *bbolt.DB }

// historyPrefix comes before a database's name in the name of its second bucket.
const historyPrefix = "history of "

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

// save stores the changes of a commit at a time, and deletes those that the history
// has dropped.
func (d *disk) save(database string, at micros, changes []change, dropped []pastChange) error {
	if d == nil {
		return nil
	}
	return d.bolt.Update(func(tx *bbolt.Tx) error {
		documents, err := tx.CreateBucketIfNotExists([]byte(database))
		if err != nil {
			return err
		}
		past, err := tx.CreateBucketIfNotExists([]byte(historyPrefix + database))
		if err != nil {
			return err
		}
		for _, c := range changes {
			if err := errors.Join(past.Put(pastKey(at, c.key), encodeVersion(c.old)), saveChange(documents, c)); err != nil {
				return err
			}
		}
		for _, c := range dropped {
			if err := past.Delete(pastKey(c.at, c.key)); err != nil {
				return err
			}
		}
		return nil
	})
}

func saveChange(documents *bbolt.Bucket, c change) error {
	if c.now == nil {
		return documents.Delete([]byte(c.key))
	}
	return documents.Put([]byte(c.key), encodeVersion(c.now))
}

func pastKey(at micros, key string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(at)), key...)
}

const timesBytes = 16 // of the two times of a version

func encodeVersion(d *document) []byte {
	if d == nil {
		return []byte{}
	}
	value := binary.BigEndian.AppendUint64(nil, uint64(d.created))
	value = binary.BigEndian.AppendUint64(value, uint64(d.updated))
	return append(value, d.data...)
}

func decodeVersion(key string, value []byte) (*document, error) {
	if len(value) < timesBytes {
		return nil, fmt.Errorf("document %s is truncated", parsePath(key))
	}
	return &document{
		key:     key,
		created: micros(binary.BigEndian.Uint64(value)),
		updated: micros(binary.BigEndian.Uint64(value[8:])),
		data:    bytes.Clone(value[timesBytes:]),
	}, nil
}

// load visits every stored document, and then every change of the history, the
// oldest first.
func (d *disk) load(visit func(database string, doc *document), visitPast func(database string, c pastChange)) error {
	if d == nil {
		return nil
	}
	return d.bolt.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
			if database, ok := strings.CutPrefix(string(name), historyPrefix); ok {
				return loadPast(bucket, func(c pastChange) { visitPast(database, c) })
			}
			return bucket.ForEach(func(key, value []byte) error {
				doc, err := decodeVersion(string(key), value)
				if err == nil {
					visit(string(name), doc)
				}
				return err
			})
		})
	})
}

func loadPast(bucket *bbolt.Bucket, visit func(pastChange)) error {
	return bucket.ForEach(func(key, value []byte) (err error) {
		c := pastChange{at: micros(binary.BigEndian.Uint64(key)), key: string(key[8:])}
		if len(value) > 0 {
			if c.old, err = decodeVersion(c.key, value); err != nil {
				return err
			}
		}
		visit(c)
		return nil
	})
}
