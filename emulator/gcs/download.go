package gcs

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// serveObject sends o, or the range of a Range header.
func (s *Server) serveObject(w http.ResponseWriter, r *http.Request, o object, etag string) error {
	describe(w.Header(), o, etag)
	serve(w.Header(), o)
	override(w.Header(), r.URL.Query())
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Length", strconv.FormatInt(o.Size, 10))
		w.WriteHeader(http.StatusOK)
		return nil
	}
	span, err := parseRange(r.Header.Get("Range"), o.Size)
	if err != nil {
		clear(w.Header())
		w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(o.Size, 10))
		return err
	}
	blob, err := s.openObject(r, o, span)
	if err != nil {
		clear(w.Header())
		return err
	}
	defer func() { _ = blob.Close() }()
	sendSpan(w, blob, o, span)
	return nil
}

func (s *Server) openObject(r *http.Request, o object, span byteSpan) (*blobReader, error) {
	key, err := s.unwrap(r.Context(), o)
	if err != nil {
		return nil, err
	}
	return openBlob(filepath.Join(s.objectDir(), o.Blob), key, o.Size, span.start, span.end)
}

// sendSpan responds with 200 or 206. If the bytes cannot be read to the end, it breaks
// the connection, so that a partial response does not look complete.
func sendSpan(w http.ResponseWriter, blob io.Reader, o object, span byteSpan) {
	w.Header().Set("Content-Length", strconv.FormatInt(span.end-span.start, 10))
	status := http.StatusOK
	if span.partial {
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", span.start, span.end-1, o.Size))
	}
	w.WriteHeader(status)
	buffer := chunks.Get().(*[]byte)
	defer func() { clear((*buffer)[:chunkSize]); chunks.Put(buffer) }()
	if _, err := io.CopyBuffer(onlyWriter{w}, blob, (*buffer)[:chunkSize]); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// onlyWriter hides io.ReaderFrom, which would allocate a buffer.
type onlyWriter struct{ io.Writer }

// describe sets the headers that identify the object.
func describe(h http.Header, o object, etag string) {
	h.Set("ETag", etag)
	h.Set("X-Goog-Generation", strconv.FormatInt(o.Generation, 10))
	h.Set("X-Goog-Metageneration", strconv.FormatInt(o.Metageneration, 10))
	h.Set("X-Goog-Stored-Content-Encoding", orDefault(o.Headers.ContentEncoding, "identity"))
	h.Set("X-Goog-Stored-Content-Length", strconv.FormatInt(o.Size, 10))
	h["X-Goog-Hash"] = []string{"crc32c=" + o.CRC32C, "md5=" + o.MD5}
	if o.KeyName != "" {
		h.Set("X-Goog-Encryption-Kms-Key-Name", orDefault(o.KeyVersion, o.KeyName))
	}
}

// serve sets the headers that were stored with the object.
func serve(h http.Header, o object) {
	for name, value := range map[string]string{
		"Content-Type":        o.Headers.ContentType,
		"Content-Encoding":    o.Headers.ContentEncoding,
		"Content-Disposition": o.Headers.ContentDisposition,
		"Content-Language":    o.Headers.ContentLanguage,
		"Cache-Control":       orDefault(o.Headers.CacheControl, "private, max-age=0"),
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Last-Modified", o.Updated.UTC().Format(http.TimeFormat))
	h.Set("X-Goog-Storage-Class", o.StorageClass)
	for name, value := range o.Metadata {
		h.Set(metadataPrefix+name, value)
	}
}

// override sets the headers that the request's query parameters specify.
func override(h http.Header, query url.Values) {
	for _, name := range []string{"Content-Disposition", "Content-Type"} {
		if value := query.Get("response-" + strings.ToLower(name)); value != "" {
			h.Set(name, value)
		}
	}
}

// byteSpan is the range [start, end) of an object.
type byteSpan struct {
	start, end int64
	partial    bool
}

var errNotOneRange = errors.New("not one byte range")

// parseRange parses a Range header. A malformed header, or one with several ranges, is
// ignored (RFC 9110, 14.2). A range after the end is an error.
func parseRange(header string, size int64) (byteSpan, error) {
	whole := byteSpan{0, size, false}
	if header == "" {
		return whole, nil
	}
	first, last, err := splitRange(header)
	if err != nil {
		return whole, nil
	}
	span := byteSpan{first, min(last, size-1) + 1, true}
	if first < 0 { // the last -first bytes
		span = byteSpan{max(0, size+first), size, true}
	}
	if span.start >= size || span.end <= span.start {
		return byteSpan{}, reject(invalidRange, "%s", header)
	}
	return span, nil
}

const toTheEnd = 1<<63 - 2 // last byte of a range without an end

// splitRange returns the first and the last byte. A suffix range has a negative first.
func splitRange(header string) (first, last int64, err error) {
	text, ok := strings.CutPrefix(header, "bytes=")
	from, to, dash := strings.Cut(text, "-")
	if !ok || !dash || strings.Contains(text, ",") {
		return 0, 0, errNotOneRange
	}
	if from == "" {
		suffix, err := digits(to)
		if suffix == 0 {
			return toTheEnd, toTheEnd, err // an empty range
		}
		return -suffix, toTheEnd, err
	}
	if first, err = digits(from); err != nil || to == "" {
		return first, toTheEnd, err
	}
	if last, err = digits(to); err == nil && last < first {
		err = errNotOneRange
	}
	return first, min(last, toTheEnd), err
}

func digits(text string) (int64, error) {
	number, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
	return int64(number), err
}
