package gcs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// upload is an object that is being uploaded: the request and what was received so far.
type upload struct {
	caller caller
	object object // the future object, except for what finalize sets
	when   preconditions
	claims expected
	length lengthRange
	sha256 string // hex; required SHA-256 of the body; empty: any

	key  dataKey
	blob *blobWriter
	path string
	sums *checksums
	hash hash.Hash // only if sha256 is set
}

// lengthRange limits an upload in bytes, inclusive.
type lengthRange struct{ low, high int64 }

var anyLength = lengthRange{0, maxObjectSize}

// check checks the final size.
func (l lengthRange) check(size int64) error {
	if size > l.high {
		return reject(entityTooLarge, "Content-Length exceeds upper bound on range.")
	}
	if size < l.low {
		return reject(entityTooSmall, "Content-Length is less than lower bound on range.")
	}
	return nil
}

// begin rejects at once what finalize would reject, and creates the file for the bytes.
// Discard the upload after use.
func (s *Server) begin(ctx context.Context, u *upload) error {
	if err := checkObjectName(u.object.Name); err != nil {
		return err
	}
	b, live, err := s.store.object(u.object.Bucket, u.object.Name)
	if err != nil {
		return err
	}
	if err := s.checkCreate(u, b, live); err != nil {
		return err
	}
	u.object.KeyName = orDefault(u.object.KeyName, b.DefaultKMSKeyName)
	u.key = newDataKey()
	if err := s.wrap(ctx, &u.object, u.key); err != nil {
		return err
	}
	return u.open(s.uploadDir())
}

func (u *upload) open(dir string) error {
	file, err := os.CreateTemp(dir, "")
	if err != nil {
		return fmt.Errorf("create upload file: %w", err)
	}
	u.path = file.Name()
	u.sums = newChecksums()
	if u.sha256 != "" {
		u.hash = sha256.New()
	}
	u.blob, err = newBlobWriter(file, u.key)
	return err
}

// checkCreate checks whether u may replace live as the live object.
func (s *Server) checkCreate(u *upload, b Bucket, live object) error {
	resource := objectResource(u.object.Bucket, u.object.Name)
	if err := s.allow(u.caller, createObject, resource); err != nil {
		return err
	}
	if err := u.when.check(live.Generation, live.Metageneration, false); err != nil {
		return err
	}
	if live.Generation == 0 {
		return nil
	}
	if err := s.allow(u.caller, deleteObject, resource); err != nil {
		return err
	}
	return s.checkRetention(b, live)
}

// checkRetention returns an error while o has a hold, or while b's retention policy applies
// to it.
func (s *Server) checkRetention(b Bucket, o object) error {
	if o.TemporaryHold {
		return reject(objectHeld, "Object '%s/%s' is under active Temporary hold and cannot be deleted, overwritten or archived until hold is removed.", o.Bucket, o.Name)
	}
	if end := o.retainedUntil(b); b.RetentionPeriod > 0 && s.config.Clock.Now().Before(end) {
		return reject(retentionNotMet, "Object '%s/%s' is subject to bucket's retention policy and cannot be deleted, overwritten or archived until %s", o.Bucket, o.Name, rfc3339(end))
	}
	return nil
}

// Write implements io.Writer. It checks, hashes, encrypts and stores p.
func (u *upload) Write(p []byte) (int, error) {
	if u.sums.size+int64(len(p)) > u.length.high {
		return 0, u.length.check(u.sums.size + int64(len(p)))
	}
	_, _ = u.sums.Write(p)
	if u.hash != nil {
		_, _ = u.hash.Write(p)
	}
	return u.blob.Write(p)
}

// receive copies body through one small buffer.
func (u *upload) receive(body io.Reader) error {
	buffer := chunks.Get().(*[]byte)
	defer func() { clear((*buffer)[:chunkSize]); chunks.Put(buffer) }()
	_, err := io.CopyBuffer(u, onlyReader{body}, (*buffer)[:chunkSize])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return reject(incompleteBody, "The body ended after %d bytes.", u.sums.size)
	}
	if err != nil {
		return fmt.Errorf("receive body: %w", err)
	}
	return nil
}

// onlyReader hides io.WriterTo, which would allocate a buffer.
type onlyReader struct{ io.Reader }

// finalize makes the upload the live object, or changes nothing.
func (s *Server) finalize(ctx context.Context, u *upload) (object, error) {
	if err := u.verify(); err != nil {
		return object{}, err
	}
	if err := u.blob.finish(s.durable()); err != nil {
		return object{}, err
	}
	ctx = context.WithoutCancel(ctx)
	var replaced object
	err := s.store.update(func(t txn) (err error) {
		replaced, err = s.commit(ctx, t, u)
		return err
	})
	if err != nil {
		return object{}, errors.Join(err, s.removeBlob(u.object.Blob))
	}
	s.outbox.wake()
	return u.object, s.removeBlob(replaced.Blob)
}

func (u *upload) verify() error {
	if err := u.length.check(u.sums.size); err != nil {
		return err
	}
	if u.hash != nil && hex.EncodeToString(u.hash.Sum(nil)) != u.sha256 {
		return reject(badDigest, "The body does not have the signed SHA-256.").about(payloadHeader)
	}
	return u.claims.check(u.sums)
}

// commit is finalize's transaction. It returns the object that was replaced.
func (s *Server) commit(ctx context.Context, t txn, u *upload) (live object, err error) {
	b, err := t.bucket(u.object.Bucket)
	if err != nil {
		return live, err
	}
	if live, err = t.object(u.object.Bucket, u.object.Name); err != nil {
		return live, err
	}
	if err := s.checkCreate(u, b, live); err != nil {
		return live, err
	}
	u.object.StorageClass = orDefault(u.object.StorageClass, b.StorageClass)
	if err := s.complete(ctx, t, u); err != nil {
		return live, err
	}
	if err := os.Rename(u.path, filepath.Join(s.objectDir(), u.object.Blob)); err != nil {
		return live, fmt.Errorf("store object: %w", err)
	}
	if err := s.syncObjects(); err != nil {
		return live, err
	}
	if err := t.putObject(u.object); err != nil {
		return live, err
	}
	return live, s.notifyCreated(t, b, u.object, live)
}

// complete sets what is known only after all bytes have arrived.
func (s *Server) complete(ctx context.Context, t txn, u *upload) (err error) {
	o := &u.object
	now := s.config.Clock.Now().UTC()
	if o.Generation, err = t.nextGeneration(now); err != nil {
		return err
	}
	o.Metageneration = 1
	o.Created, o.Updated = now, now
	o.Size, o.CRC32C, o.MD5 = u.sums.size, u.sums.crc32c(), u.sums.md5Hash()
	o.Blob = filepath.Base(u.path)
	return s.wrap(ctx, o, u.key)
}

// syncObjects makes the file names below objects/ survive a crash of the machine.
func (s *Server) syncObjects() error {
	if !s.durable() {
		return nil
	}
	dir, err := os.Open(s.objectDir())
	if err != nil {
		return fmt.Errorf("sync objects: %w", err)
	}
	defer func() { _ = dir.Close() }()
	return dir.Sync()
}

// removeBlob removes the bytes of an object that is no longer live. A file that is being
// read exists until the read ends.
func (s *Server) removeBlob(name string) error {
	if name == "" {
		return nil
	}
	if err := os.Remove(filepath.Join(s.objectDir(), name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove object: %w", err)
	}
	return nil
}

// discard closes the upload's file and removes it, unless finalize renamed it.
func (u *upload) discard() {
	if u.blob == nil {
		return
	}
	_ = u.blob.Close()
	_ = os.Remove(u.path) // fails after finalize, which renames it
	u.blob = nil
}
