package gcs

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
)

// serveUpload serves requests below /upload/storage/v1/. A request that names a
// resumable session needs no other credential: the session is one.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request, segments []string) error {
	if id := r.URL.Query().Get("upload_id"); id != "" {
		return s.continueSession(w, r, id)
	}
	j, form, err := s.parseJSON(r, segments)
	if err != nil {
		return err
	}
	if form != "b/B/o" || r.Method != http.MethodPost && r.Method != http.MethodPut {
		return reject(methodNotAllowed, "%s is not an upload.", r.Method)
	}
	return s.insertObjectJSON(w, j)
}

// insertObjectJSON creates an object in one of the three ways of
// cloud.google.com/storage/docs/uploads-downloads.
func (s *Server) insertObjectJSON(w http.ResponseWriter, j jsonRequest) error {
	switch kind := j.query.Get("uploadType"); kind {
	case "media":
		return s.insertMedia(w, j)
	case "multipart":
		return s.insertMultipart(w, j)
	case "resumable":
		return s.startSession(w, j)
	default:
		return reject(invalidArgument, "Invalid upload type: %q.", kind).about("uploadType")
	}
}

// upload reads the query and the headers. Metadata is the resource in the request, if
// any.
func (j jsonRequest) upload(metadata fields) (u *upload, err error) {
	u = &upload{caller: j.caller, length: anyLength}
	u.object = object{Bucket: j.bucket, KeyName: j.query.Get("kmsKeyName")}
	if u.when, err = j.conditions(); err != nil {
		return nil, err
	}
	if u.claims, err = readHashHeaders(j.Header); err != nil {
		return nil, err
	}
	if err := metadata.patchObject(&u.object); err != nil {
		return nil, err
	}
	if err := metadata.readInto("name", &u.object.Name); err != nil {
		return nil, err
	}
	if name := j.query.Get("name"); name != "" {
		u.object.Name = name
	}
	return u, metadata.addClaims(&u.claims)
}

// addClaims adds the checksums in a resource.
func (f fields) addClaims(e *expected) error {
	for name, kind := range map[string]string{"crc32c": "crc32c", "md5Hash": "md5"} {
		value := ""
		if err := f.readInto(name, &value); err != nil {
			return err
		}
		if value == "" {
			continue
		}
		if err := e.add(kind, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) insertMedia(w http.ResponseWriter, j jsonRequest) error {
	u, err := j.upload(nil)
	if err != nil {
		return err
	}
	u.object.Headers.ContentType = orDefault(j.Header.Get("Content-Type"), "application/octet-stream")
	u.object.Headers.ContentEncoding = j.query.Get("contentEncoding")
	return s.insert(w, j, u, j.Body)
}

// insert receives the whole body and returns the new object to the client.
func (s *Server) insert(w http.ResponseWriter, j jsonRequest, u *upload, body io.Reader) error {
	if err := s.begin(j.Context(), u); err != nil {
		return err
	}
	defer u.discard()
	if err := u.receive(body); err != nil {
		return err
	}
	return s.finish(w, j.Request, u)
}

// finish makes u the live object and returns it to the client.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, u *upload) error {
	o, err := s.finalize(r.Context(), u)
	if err != nil {
		return err
	}
	b, err := s.store.bucket(o.Bucket)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, objectResourceOf(b, o, jsonRequest{Request: r}.base()))
	return nil
}

// insertMultipart reads a multipart/related body: the resource, then the media.
func (s *Server) insertMultipart(w http.ResponseWriter, j jsonRequest) error {
	kind, parameters, err := mime.ParseMediaType(j.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/related" || parameters["boundary"] == "" {
		return reject(invalidArgument, "The body must be multipart/related with a boundary.").about("Content-Type")
	}
	body := &tail{Reader: j.Body}
	parts := multipart.NewReader(body, parameters["boundary"])
	metadata, err := parts.NextRawPart()
	if err != nil {
		return badMultipart(err)
	}
	f, err := readFields(metadata)
	if err != nil {
		return err
	}
	u, err := j.upload(f)
	if err != nil {
		return err
	}
	media, err := parts.NextRawPart()
	if err != nil {
		return badMultipart(err)
	}
	u.object.Headers.ContentType = orDefault(u.object.Headers.ContentType, orDefault(media.Header.Get("Content-Type"), "application/octet-stream"))
	return s.insert(w, j, u, lastPart{media, body, "--" + parameters["boundary"] + "--"})
}

// lastPart returns an error unless the body ends with its closing boundary.
// multipart.Reader alone does not notice a truncated body.
type lastPart struct {
	*multipart.Part
	body  *tail
	close string // --BOUNDARY--
}

// Read implements io.Reader.
func (p lastPart) Read(b []byte) (int, error) {
	n, err := p.Part.Read(b)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if _, err := io.Copy(io.Discard, onlyReader{p.body}); err != nil {
		return n, err
	}
	if !bytes.HasSuffix(bytes.TrimRight(p.body.last, "\r\n"), []byte(p.close)) {
		return n, io.ErrUnexpectedEOF
	}
	return n, io.EOF
}

// tail records the last bytes that were read through it.
type tail struct {
	io.Reader
	last []byte // at most maxTail
}

const maxTail = 128 // a boundary has at most 70 bytes (RFC 2046, 5.1.1)

// Read implements io.Reader.
func (t *tail) Read(b []byte) (int, error) {
	n, err := t.Reader.Read(b)
	t.last = append(t.last, b[max(0, n-maxTail):n]...)
	t.last = append(t.last[:0], t.last[max(0, len(t.last)-maxTail):]...)
	return n, err
}

func badMultipart(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return reject(incompleteBody, "The body ended before its last part.")
	}
	return reject(invalidArgument, "The body must have two parts: the resource and the media.")
}
