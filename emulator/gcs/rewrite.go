package gcs

import (
	"cmp"
	"context"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"strconv"
)

const (
	// rewriteUnit is what maxBytesRewrittenPerCall must be a multiple of:
	// cloud.google.com/storage/docs/json_api/v1/objects/rewrite.
	rewriteUnit = 1 << 20

	// rewriteBytes is the emulator's own; Google's limit depends on how long a call takes.
	rewriteBytes = 1 << 30
)

// copyRequest is a rewrite or a copy: the object to read and the object to create.
type copyRequest struct {
	jsonRequest         // of the destination
	sourceBucket        string
	sourceObject        string
	sourceWhen          preconditions
	from                object // the live source
	destinationKey      string // KMS key; empty: the key of the destination's bucket
	maxBytes            int64  // of this call
	destinationMetadata fields
}

// rewriteObjectJSON copies an object in one call or in several, each of which names
// the token of the one before. The permissions are get on the source, create on the
// destination, and delete if that replaces an object.
func (s *Server) rewriteObjectJSON(w http.ResponseWriter, j jsonRequest) error {
	c, err := s.parseCopy(j)
	if err != nil {
		return err
	}
	if token := j.query.Get("rewriteToken"); token != "" {
		return s.continueRewrite(w, c, token)
	}
	u, err := s.beginCopy(c)
	if err != nil {
		return err
	}
	done, err := s.copyBytes(j.Context(), c, u)
	if err != nil || done {
		defer u.discard()
	}
	if err != nil {
		return err
	}
	if done {
		return s.finishRewrite(w, c, u)
	}
	c.showProgress(w, u, s.rewrites.add(u, c.identity(), s.config.Clock.Now()))
	return nil
}

func (s *Server) continueRewrite(w http.ResponseWriter, c copyRequest, token string) error {
	invalid := reject(invalidArgument, "The rewrite token is not valid for this request.").about("rewriteToken")
	one, err := s.rewrites.find(token, s.config.Clock.Now())
	if err != nil || one.request != c.identity() {
		return invalid
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.upload == nil {
		return invalid
	}
	done, err := s.copyBytes(c.Context(), c, one.upload)
	if err != nil {
		return err
	}
	if !done {
		c.showProgress(w, one.upload, token)
		return nil
	}
	defer one.drop()
	s.rewrites.remove(token)
	return s.finishRewrite(w, c, one.upload)
}

func (c copyRequest) showProgress(w http.ResponseWriter, u *upload, token string) {
	writeJSON(w, http.StatusOK, rewriteJSON{Kind: rewriteKind, Written: u.sums.size, Size: c.from.Size, Token: token})
}

func (s *Server) finishRewrite(w http.ResponseWriter, c copyRequest, u *upload) error {
	resource, err := s.finishCopy(c.jsonRequest, u)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, rewriteJSON{Kind: rewriteKind, Written: c.from.Size, Size: c.from.Size, Done: true, Resource: resource})
	return nil
}

const rewriteKind = "storage#rewriteResponse"

// rewriteJSON is the response to a rewrite. 64-bit numbers are strings.
type rewriteJSON struct {
	Kind     string              `json:"kind"`
	Written  int64               `json:"totalBytesRewritten,string"`
	Size     int64               `json:"objectSize,string"`
	Done     bool                `json:"done"`
	Token    string              `json:"rewriteToken,omitempty"`
	Resource *objectResourceJSON `json:"resource,omitempty"`
}

// copyObjectJSON copies an object in one call.
func (s *Server) copyObjectJSON(w http.ResponseWriter, j jsonRequest) error {
	c, err := s.parseCopy(j)
	if err != nil {
		return err
	}
	c.maxBytes = math.MaxInt64
	u, err := s.beginCopy(c)
	if err != nil {
		return err
	}
	defer u.discard()
	if _, err := s.copyBytes(j.Context(), c, u); err != nil {
		return err
	}
	resource, err := s.finishCopy(j, u)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, resource)
	return nil
}

// parseCopy reads the request and finds the source.
func (s *Server) parseCopy(j jsonRequest) (c copyRequest, err error) {
	c = copyRequest{jsonRequest: j, sourceBucket: j.bucket, sourceObject: j.object, destinationKey: j.query.Get("destinationKmsKeyName")}
	c.bucket, c.object = j.toBucket, j.toObject
	if c.destinationMetadata, err = readFields(j.Body); err != nil {
		return c, err
	}
	if c.sourceWhen, err = j.conditionsOf("ifSource"); err != nil {
		return c, err
	}
	if c.maxBytes, err = s.rewriteLimit(j.query.Get("maxBytesRewrittenPerCall")); err != nil {
		return c, err
	}
	if _, c.from, err = s.find(j.caller, getObject, c.sourceBucket, c.sourceObject); err != nil {
		return c, err
	}
	if err := checkGeneration(c.from, j.query.Get("sourceGeneration")); err != nil {
		return c, err
	}
	return c, c.sourceWhen.check(c.from.Generation, c.from.Metageneration, false)
}

func (s *Server) rewriteLimit(text string) (int64, error) {
	limit, err := optionalNumber(text, "maxBytesRewrittenPerCall")
	switch {
	case err != nil || limit == nil:
		return cmp.Or(s.config.RewriteBytes, rewriteBytes), err
	case *limit <= 0 || *limit%rewriteUnit != 0:
		return 0, reject(invalidArgument, "maxBytesRewrittenPerCall must be a multiple of 1 MiB.").about("maxBytesRewrittenPerCall")
	}
	return *limit, nil
}

// identity is what all calls of one rewrite have in common. The generation is part of
// it, so a source that was replaced in between is not continued.
func (c copyRequest) identity() string {
	return string(c.caller) + " " + c.URL.EscapedPath() + " " + c.destinationKey + " " + strconv.FormatInt(c.from.Generation, 10)
}

// beginCopy checks what can be checked and opens the destination. It has the source's
// metadata unless the request has its own.
func (s *Server) beginCopy(c copyRequest) (*upload, error) {
	u := &upload{caller: c.caller, length: anyLength, claims: expected{crc32c: c.from.CRC32C}}
	u.object = object{Bucket: c.bucket, Name: c.object, KeyName: c.destinationKey}
	var err error
	if u.when, err = c.conditions(); err != nil {
		return nil, err
	}
	if err := c.destinationMetadata.patchObject(&u.object); err != nil {
		return nil, err
	}
	if u.object.Headers == (contentHeaders{}) && len(u.object.Metadata) == 0 {
		u.object.Headers, u.object.Metadata = c.from.Headers, c.from.Metadata
	}
	return u, s.begin(c.Context(), u)
}

// copyBytes copies the next bytes of the source, up to the limit of the call. Source
// and destination that have the same location, storage class and key are copied in
// one call, whatever the limit is.
func (s *Server) copyBytes(ctx context.Context, c copyRequest, u *upload) (done bool, err error) {
	moves, err := s.movesBytes(c.from, u.object)
	if err != nil {
		return false, err
	}
	end := c.from.Size
	if left := end - u.sums.size; moves && left > c.maxBytes {
		end = u.sums.size + c.maxBytes
	}
	key, err := s.unwrap(ctx, c.from)
	if err != nil {
		return false, err
	}
	blob, err := openBlob(filepath.Join(s.objectDir(), c.from.Blob), key, c.from.Size, u.sums.size, end)
	if err != nil {
		return false, err
	}
	defer func() { _ = blob.Close() }()
	return end == c.from.Size, u.receive(io.Reader(blob))
}

// movesBytes reports whether a copy has another location, storage class or key
// than its source.
func (s *Server) movesBytes(from, to object) (bool, error) {
	source, err := s.store.bucket(from.Bucket)
	if err != nil {
		return false, err
	}
	destination, err := s.store.bucket(to.Bucket)
	if err != nil {
		return false, err
	}
	return source.Location != destination.Location || from.KeyName != to.KeyName ||
		from.StorageClass != orDefault(to.StorageClass, destination.StorageClass), nil
}

// finishCopy makes the copy the live object.
func (s *Server) finishCopy(j jsonRequest, u *upload) (*objectResourceJSON, error) {
	o, err := s.finalize(j.Context(), u)
	if err != nil {
		return nil, err
	}
	b, err := s.store.bucket(o.Bucket)
	if err != nil {
		return nil, err
	}
	resource := objectResourceOf(b, o, j.base())
	return &resource, nil
}
