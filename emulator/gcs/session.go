package gcs

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sessions are the open resumable uploads, or the unfinished rewrites, by ID. They are in memory, so they end at a
// restart. The zero sessions is ready for use.
type sessions struct {
	mu   sync.Mutex
	byID map[string]*session
}

// session is one resumable upload:
// cloud.google.com/storage/docs/resumable-uploads.
type session struct {
	mu     sync.Mutex // held while a request writes
	upload *upload    // nil after the session has ended
	done   *object    // the finished object; nil: unfinished or cancelled
	ends   time.Time

	request string // of a rewrite: what its calls have in common
}

const (
	sessionLife  = 7 * 24 * time.Hour // Google's
	sessionChunk = 256 << 10          // every chunk except the last is a multiple
)

func (all *sessions) find(id string, now time.Time) (*session, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	found := all.byID[id]
	if found == nil || now.After(found.ends) {
		return nil, reject(noSuchUpload, "The upload session is not known.")
	}
	return found, nil
}

// add opens a session and removes those that have expired.
func (all *sessions) add(u *upload, request string, now time.Time) (id string) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.byID == nil {
		all.byID = map[string]*session{}
	}
	for id, old := range all.byID {
		if now.After(old.ends) {
			old.end()
			delete(all.byID, id)
		}
	}
	id = rand.Text()
	all.byID[id] = &session{upload: u, request: request, ends: now.Add(sessionLife)}
	return id
}

// remove forgets a session.
func (all *sessions) remove(id string) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.byID, id)
}

// discard ends all sessions.
func (all *sessions) discard() {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, one := range all.byID {
		one.end()
	}
	all.byID = nil
}

func (one *session) end() {
	one.mu.Lock()
	defer one.mu.Unlock()
	one.drop()
}

// drop ends a session. The caller holds its lock.
func (one *session) drop() {
	if one.upload != nil {
		one.upload.discard()
		one.upload = nil
	}
}

func (s *Server) startSession(w http.ResponseWriter, j jsonRequest) error {
	f, err := readFields(j.Body)
	if err != nil {
		return err
	}
	u, err := j.upload(f)
	if err != nil {
		return err
	}
	u.object.Headers.ContentType = orDefault(u.object.Headers.ContentType, orDefault(j.Header.Get("X-Upload-Content-Type"), "application/octet-stream"))
	if err := s.begin(j.Context(), u); err != nil {
		return err
	}
	id := s.sessions.add(u, "", s.config.Clock.Now())
	query := url.Values{"uploadType": {"resumable"}, "name": {u.object.Name}, "upload_id": {id}}
	w.Header().Set("Location", j.base()+j.URL.EscapedPath()+"?"+query.Encode())
	w.Header().Set("X-Guploader-Uploadid", id)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}

// continueSession receives a chunk, reports progress or cancels the upload.
func (s *Server) continueSession(w http.ResponseWriter, r *http.Request, id string) error {
	one, err := s.sessions.find(id, s.config.Clock.Now())
	if err != nil {
		return err
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	switch {
	case r.Method == http.MethodDelete:
		one.drop()
		return reject(uploadCancelled, "")
	case r.Method != http.MethodPut && r.Method != http.MethodPost:
		return reject(methodNotAllowed, "%s is not an upload.", r.Method)
	case one.done != nil:
		return s.showDone(w, r, *one.done)
	case one.upload == nil:
		return reject(noSuchUpload, "The upload session is over.")
	}
	span, err := parseContentRange(r.Header.Get("Content-Range"), r.ContentLength)
	if err != nil {
		return err
	}
	return s.takeChunk(w, r, one, span)
}

func (s *Server) showDone(w http.ResponseWriter, r *http.Request, o object) error {
	b, err := s.store.bucket(o.Bucket)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, objectResourceOf(b, o, jsonRequest{Request: r}.base()))
	return nil
}

// contentRange is the range of a chunk: bytes START-END/TOTAL. Unknown values are -1.
type contentRange struct {
	start, end int64 // end is exclusive; start -1: a query without bytes
	total      int64
}

// parseContentRange parses a chunk's Content-Range. Without one, the body is the whole
// upload.
func parseContentRange(header string, length int64) (contentRange, error) {
	if header == "" {
		return contentRange{0, -1, -1}, nil
	}
	bad := reject(chunkRefused, "Invalid Content-Range: %q.", header).about("Content-Range")
	text, ok := strings.CutPrefix(header, "bytes ")
	span, size, slash := strings.Cut(text, "/")
	total := int64(-1)
	if size != "*" {
		var err error
		if total, err = digits(size); err != nil {
			return contentRange{}, bad
		}
	}
	if !ok || !slash {
		return contentRange{}, bad
	}
	if span == "*" {
		return contentRange{-1, -1, total}, nil
	}
	first, last, err := splitRange("bytes=" + span)
	c := contentRange{first, last + 1, total}
	if err != nil || first < 0 || last == toTheEnd || total >= 0 && c.end > total || length >= 0 && length != c.end-c.start {
		return contentRange{}, bad
	}
	if total < 0 && (c.end-c.start)%sessionChunk != 0 {
		return contentRange{}, reject(chunkRefused, "A chunk that is not the last must be a multiple of 256 KiB.")
	}
	return c, nil
}

func (s *Server) takeChunk(w http.ResponseWriter, r *http.Request, one *session, c contentRange) error {
	u := one.upload
	if c.start > u.sums.size {
		return reject(chunkRefused, "The chunk starts at %d, after the %d bytes that are stored.", c.start, u.sums.size).about("Content-Range")
	}
	if c.start >= 0 {
		skip(r.Body, u.sums.size-c.start)
		if err := u.receive(r.Body); err != nil {
			return err
		}
	}
	complete := c.total >= 0 && u.sums.size == c.total || c.start == 0 && c.end < 0
	if !complete {
		return sendProgress(w, r, u.sums.size)
	}
	return s.finishSession(w, r, one)
}

// skip discards bytes that a client sent before.
func skip(body io.Reader, count int64) { _, _ = io.CopyN(io.Discard, body, count) }

func (s *Server) finishSession(w http.ResponseWriter, r *http.Request, one *session) error {
	defer one.drop()
	claims, err := readHashHeaders(r.Header)
	if err != nil {
		return err
	}
	if err := claims.check(one.upload.sums); err != nil {
		return err
	}
	o, err := s.finalize(r.Context(), one.upload)
	if err != nil {
		return err
	}
	one.done = &o
	return s.showDone(w, r, o)
}

// sendProgress responds with 308 and the range of stored bytes or, if the client asks
// for it, with 200 and the 308 in a header.
func sendProgress(w http.ResponseWriter, r *http.Request, stored int64) error {
	if stored > 0 {
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", stored-1))
	}
	w.Header().Set("Content-Length", "0")
	if r.Header.Get("X-Guploader-No-308") == "yes" {
		w.Header().Set("X-Http-Status-Code-Override", strconv.Itoa(http.StatusPermanentRedirect))
		w.WriteHeader(http.StatusOK)
		return nil
	}
	w.WriteHeader(http.StatusPermanentRedirect)
	return nil
}
