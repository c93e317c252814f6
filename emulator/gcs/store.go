package gcs

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// store stores the metadata: buckets, live objects and pending notifications. The
// bytes of objects are in separate files. It is safe for concurrent use.
type store struct{ db *bbolt.DB }

// The tables of the store.
var (
	bucketTable  = []byte("buckets") // name -> Bucket
	objectTable  = []byte("objects") // bucket NUL name -> object
	pendingTable = []byte("pending") // sequence -> message
	stateTable   = []byte("state")   // "generation", "key"
)

// openStore opens or creates the store at path. Unless durable, a commit does not wait
// for the disk.
func openStore(path string, durable bool) (*store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: time.Second, NoSync: !durable, NoGrowSync: !durable, FreelistType: bbolt.FreelistMapType,
	})
	if err != nil {
		return nil, fmt.Errorf("open metadata: %w", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, table := range [][]byte{bucketTable, objectTable, pendingTable, stateTable} {
			if _, err := tx.CreateBucketIfNotExists(table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create tables: %w", err), db.Close())
	}
	return &store{db: db}, nil
}

// txn is one transaction over the store.
type txn struct{ tx *bbolt.Tx }

func (s *store) view(f func(txn) error) error {
	return s.db.View(func(tx *bbolt.Tx) error { return f(txn{tx}) })
}

// update runs f in an exclusive transaction, which an error rolls back.
func (s *store) update(f func(txn) error) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return f(txn{tx}) })
}

func (t txn) bucket(name string) (Bucket, error) {
	var b Bucket
	found, err := t.get(bucketTable, []byte(name), &b)
	if err == nil && !found {
		err = reject(noSuchBucket, "The specified bucket does not exist.")
	}
	return b, err
}

func (t txn) putBucket(b Bucket) error { return t.put(bucketTable, []byte(b.Name), b) }

// object returns the live object, or the zero object if none exists.
func (t txn) object(bucket, name string) (object, error) {
	var o object
	_, err := t.get(objectTable, objectKey(bucket, name), &o)
	return o, err
}

func (t txn) putObject(o object) error { return t.put(objectTable, objectKey(o.Bucket, o.Name), o) }

func (t txn) deleteObject(o object) error {
	return t.tx.Bucket(objectTable).Delete(objectKey(o.Bucket, o.Name))
}

// objectKey sorts objects by bucket, then by the bytes of their names.
func objectKey(bucket, name string) []byte { return []byte(bucket + "\x00" + name) }

// nextGeneration returns the time in microseconds, or one more than the last generation.
func (t txn) nextGeneration(now time.Time) (int64, error) {
	table := t.tx.Bucket(stateTable)
	next := now.UnixMicro()
	if last := table.Get([]byte("generation")); last != nil {
		next = max(next, int64(binary.BigEndian.Uint64(last))+1)
	}
	return next, table.Put([]byte("generation"), binary.BigEndian.AppendUint64(nil, uint64(next)))
}

func (t txn) get(table, key []byte, v any) (found bool, err error) {
	text := t.tx.Bucket(table).Get(key)
	if text == nil {
		return false, nil
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, fmt.Errorf("read %s: %w", table, err)
	}
	return true, nil
}

func (t txn) put(table, key []byte, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", table, err)
	}
	return t.tx.Bucket(table).Put(key, text)
}

func (s *store) bucket(name string) (b Bucket, err error) {
	err = s.view(func(t txn) error { b, err = t.bucket(name); return err })
	return b, err
}

func (s *store) createBucket(b Bucket) error {
	return s.update(func(t txn) error {
		if t.tx.Bucket(bucketTable).Get([]byte(b.Name)) != nil {
			return reject(bucketExists, "Your previous request to create the named bucket succeeded and you already own it.")
		}
		return t.putBucket(b)
	})
}

func (s *store) deleteBucket(name string, when preconditions) error {
	return s.update(func(t txn) error {
		b, err := t.bucket(name)
		if err != nil {
			return err
		}
		if err := when.check(0, b.Metageneration, false); err != nil {
			return err
		}
		prefix := objectKey(name, "")
		if key, _ := t.tx.Bucket(objectTable).Cursor().Seek(prefix); bytes.HasPrefix(key, prefix) {
			return reject(bucketNotEmpty, "The bucket you tried to delete is not empty.")
		}
		return t.tx.Bucket(bucketTable).Delete([]byte(name))
	})
}

func (s *store) buckets() ([]Bucket, error) {
	var all []Bucket
	err := s.view(func(t txn) error {
		return t.tx.Bucket(bucketTable).ForEach(func(_, text []byte) error {
			var b Bucket
			if err := json.Unmarshal(text, &b); err != nil {
				return fmt.Errorf("read buckets: %w", err)
			}
			all = append(all, b)
			return nil
		})
	})
	return all, err
}

// object returns the bucket and the live object, or the zero object if none exists.
func (s *store) object(bucket, name string) (b Bucket, o object, err error) {
	err = s.view(func(t txn) error {
		if b, err = t.bucket(bucket); err == nil {
			o, err = t.object(bucket, name)
		}
		return err
	})
	return b, o, err
}

// sequenceKey sorts pending messages by age.
func sequenceKey(sequence uint64) []byte { return binary.BigEndian.AppendUint64(nil, sequence) }
