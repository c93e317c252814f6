package platformtest

import (
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// put is the bucket: it refuses as Google's does, in that order.
func (s *Server) put(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := objectName(r, r.PathValue("output"), partNumber(r))
	grant := s.grants[name]
	expires, signed := s.urls[r.FormValue("X-Goog-Signature")]
	sum := api.Checksum(crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))
	switch {
	case !signed || !sameHeaders(r, grant) || r.Header.Get("Authorization") != "":
		refuse(w, r, http.StatusForbidden, "SignatureDoesNotMatch")
	case time.Now().After(expires):
		refuse(w, r, http.StatusBadRequest, "ExpiredToken")
	case s.objects[name] != nil:
		refuse(w, r, http.StatusPreconditionFailed, "PreconditionFailed")
	case sum != grant.CRC32C:
		refuse(w, r, http.StatusBadRequest, "BadDigest")
	default:
		s.objects[name] = &Object{Content: content, Part: grant, at: time.Now()}
		if !s.config.NoHash {
			w.Header().Set("X-Goog-Hash", "crc32c="+sum.String())
		}
	}
}

func sameHeaders(r *http.Request, grant api.Part) bool {
	return r.Header.Get("Content-Type") == grant.ContentType &&
		r.Header.Get("X-Goog-If-Generation-Match") == "0" &&
		r.Header.Get("X-Goog-Content-Length-Range") == "0,8388608" &&
		r.Header.Get("X-Goog-Hash") == "crc32c="+grant.CRC32C.String()
}

// refuse quotes the URL, as a careless server may.
func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<?xml version='1.0'?><Error><Code>%s</Code><Message>refused</Message><Details>%s</Details></Error>",
		code, r.URL.RawQuery)
}
