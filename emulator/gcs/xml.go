package gcs

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// xmlRequest is a request of the XML API with a known caller.
type xmlRequest struct {
	*http.Request
	caller caller
	sha256 string // hex; required SHA-256 of the body; empty: any
	bucket string
	object string // empty: the request is for the bucket
}

// serveXML serves requests for /BUCKET and /BUCKET/OBJECT. The caller sends the error
// that it returns.
func (s *Server) serveXML(w http.ResponseWriter, r *http.Request) error {
	x, err := s.parseXML(r)
	if err != nil {
		return err
	}
	if x.object == "" {
		return s.serveXMLBucket(w, x)
	}
	switch x.Method {
	case http.MethodGet, http.MethodHead:
		return s.getXML(w, x)
	case http.MethodPut:
		return s.putXML(w, x)
	case http.MethodDelete:
		return s.deleteXML(w, x)
	case http.MethodPost:
		return reject(notImplemented, "POST of objects is not modeled: neither forms nor resumable and multipart uploads of the XML API.")
	}
	return reject(methodNotAllowed, "%s", x.Method)
}

// parseXML determines the resource and the caller. As in Google's XML API, an anonymous
// caller gets 403 and only an unknown token gets 401.
func (s *Server) parseXML(r *http.Request) (x xmlRequest, err error) {
	x.Request = r
	if x.bucket, x.object, err = resource(r.Host, r.URL.EscapedPath(), s.config.BucketHosts); err != nil {
		return x, err
	}
	if isSigned(r.URL.RawQuery) {
		if x.caller, x.sha256, err = s.signedCaller(r); err != nil {
			return x, err
		}
		if x.sha256 == unsignedPayload {
			x.sha256 = ""
		}
	} else if x.caller, err = s.bearer(r); err != nil {
		return x, err
	}
	if x.caller == "" {
		return x, reject(accessDenied, "Anonymous caller does not have access to the Google Cloud Storage resource. Permission denied on resource (or it may not exist).")
	}
	return x, x.rejectUnmodeled()
}

// Requests with unmodeledQuery or unmodeledHeaders are rejected, because these change
// what a request means.
var (
	unmodeledQuery   = []string{"acl", "billing", "compose", "cors", "encryption", "encryptionConfig", "lifecycle", "location", "logging", "object-lock", "partNumber", "retention", "storageClass", "tagging", "uploadId", "upload_id", "uploads", "versioning", "website"}
	unmodeledHeaders = []string{"x-goog-acl", "x-goog-copy-source", "x-goog-encryption-algorithm", "x-goog-encryption-key", "x-goog-component-count", "x-goog-metadata-directive", "x-goog-object-lock-mode", "x-goog-resumable", "x-goog-user-project"}
)

func (x xmlRequest) rejectUnmodeled() error {
	query := x.URL.Query()
	for _, name := range unmodeledQuery {
		if query.Has(name) {
			return reject(notImplemented, "The query parameter is not modeled.").about(name)
		}
	}
	for _, name := range unmodeledHeaders {
		if x.Header.Get(name) != "" {
			return reject(notImplemented, "The header is not modeled.").about(name)
		}
	}
	return nil
}

// conditions reads the x-goog-if- headers.
func (x xmlRequest) conditions() (p preconditions, err error) {
	if p.generation, err = optionalNumber(x.Header.Get("X-Goog-If-Generation-Match"), "x-goog-if-generation-match"); err != nil {
		return p, err
	}
	p.metageneration, err = optionalNumber(x.Header.Get("X-Goog-If-Metageneration-Match"), "x-goog-if-metageneration-match")
	return p, err
}

func optionalNumber(text, name string) (*int64, error) {
	if text == "" {
		return nil, nil
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 {
		return nil, reject(invalidArgument, "Invalid value: %q.", text).about(name)
	}
	return &number, nil
}

func (s *Server) getXML(w http.ResponseWriter, x xmlRequest) error {
	_, o, err := s.find(x.caller, getObject, x.bucket, x.object)
	if err != nil {
		return err
	}
	if err := checkGeneration(o, x.URL.Query().Get("generation")); err != nil {
		return err
	}
	when, err := x.conditions()
	if err != nil {
		return err
	}
	if err := when.check(o.Generation, o.Metageneration, true); err != nil {
		return err
	}
	return s.serveObject(w, x.Request, o, o.xmlETag())
}

// checkGeneration returns "not found" if the request names another generation than the
// live one, because older generations are not stored.
func checkGeneration(o object, requested string) error {
	generation, err := optionalNumber(requested, "generation")
	if err != nil {
		return err
	}
	if generation != nil && *generation != o.Generation {
		return noObject(o.Bucket, o.Name)
	}
	return nil
}

func (s *Server) putXML(w http.ResponseWriter, x xmlRequest) error {
	u, err := x.upload()
	if err != nil {
		return err
	}
	if err := s.begin(x.Context(), u); err != nil {
		return err
	}
	defer u.discard()
	if err := u.receive(x.Body); err != nil {
		return err
	}
	o, err := s.finalize(x.Context(), u)
	if err != nil {
		return err
	}
	describe(w.Header(), o, o.xmlETag())
	w.Header().Set("Content-Length", "0")
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(http.StatusOK)
	return nil
}

// upload reads the headers of a PUT.
func (x xmlRequest) upload() (u *upload, err error) {
	u = &upload{caller: x.caller, sha256: x.sha256}
	u.object = object{Bucket: x.bucket, Name: x.object, Headers: contentHeadersOf(x.Header), Metadata: customMetadata(x.Header)}
	u.object.StorageClass = x.Header.Get("X-Goog-Storage-Class")
	u.object.KeyName = x.Header.Get("X-Goog-Encryption-Kms-Key-Name")
	if u.when, err = x.conditions(); err != nil {
		return nil, err
	}
	if u.claims, err = readHashHeaders(x.Header); err != nil {
		return nil, err
	}
	if u.length, err = readLengthRange(x.Header.Values("X-Goog-Content-Length-Range")); err != nil {
		return nil, err
	}
	return u, x.checkLength(u.length)
}

// checkLength rejects a body that is too large by its Content-Length, before reading it.
func (x xmlRequest) checkLength(allowed lengthRange) error {
	chunked := slices.Contains(x.TransferEncoding, "chunked")
	if x.ContentLength <= 0 && x.Header.Get("Content-Length") == "" && !chunked {
		return reject(missingLength, "")
	}
	if x.ContentLength < 0 {
		return nil
	}
	return allowed.check(x.ContentLength)
}

// readLengthRange parses x-goog-content-length-range: MIN,MAX.
func readLengthRange(values []string) (lengthRange, error) {
	if len(values) == 0 {
		return anyLength, nil
	}
	low, high, found := strings.Cut(strings.Join(values, ","), ",")
	first, err1 := strconv.ParseUint(strings.TrimSpace(low), 10, 63)
	last, err2 := strconv.ParseUint(strings.TrimSpace(high), 10, 63)
	if !found || err1 != nil || err2 != nil || first > last {
		return lengthRange{}, reject(invalidArgument, "The range must be MIN,MAX in bytes.").about("x-goog-content-length-range")
	}
	return lengthRange{int64(first), min(int64(last), maxObjectSize)}, nil
}

func contentHeadersOf(h http.Header) contentHeaders {
	return contentHeaders{
		ContentType:        orDefault(h.Get("Content-Type"), "application/octet-stream"),
		ContentEncoding:    h.Get("Content-Encoding"),
		ContentDisposition: h.Get("Content-Disposition"),
		ContentLanguage:    h.Get("Content-Language"),
		CacheControl:       h.Get("Cache-Control"),
	}
}

const metadataPrefix = "X-Goog-Meta-"

func customMetadata(h http.Header) map[string]string {
	metadata := map[string]string{}
	for name, values := range h {
		if rest, ok := strings.CutPrefix(name, metadataPrefix); ok && rest != "" {
			metadata[strings.ToLower(rest)] = strings.Join(values, ",")
		}
	}
	return metadata
}

func (s *Server) deleteXML(w http.ResponseWriter, x xmlRequest) error {
	when, err := x.conditions()
	if err != nil {
		return err
	}
	if err := s.deleteObject(x.caller, x.bucket, x.object, x.URL.Query().Get("generation"), when); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
