package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
)

// Config is what a Server needs. Clock, IAM and KMS are required.
type Config struct {
	Clock        *clock.Clock
	IAM          *iam.Server
	KMS          *kms.Server
	ServiceAgent string // account that uses the buckets' KMS keys
	Dir          string // where everything is kept; empty: a temporary directory that Close removes

	// Publish hands one notification to the topic projects/P/topics/T. An error
	// makes the server try again. Nil: nobody is notified.
	Publish func(ctx context.Context, topic string, data []byte, attributes map[string]string) error

	// BucketHosts names the bucket that a hostname is bound to, as a load
	// balancer or CNAME would: "media.example.com" -> "media". Nil: none.
	BucketHosts map[string]string
}

// Server is the embedded Cloud Storage. It is an http.Handler that must be
// mounted without an http.ServeMux before it: a mux would clean object names
// with double slashes. It is safe for concurrent use.
type Server struct {
	config   Config
	root     string
	store    *store
	ownKey   dataKey
	outbox   *outbox
	sessions sessions
	closing  sync.Once
	closed   error
}

// New opens or makes the storage in config.Dir and starts to publish what is
// pending. Close it after use.
func New(config Config) (*Server, error) {
	if config.Clock == nil || config.IAM == nil || config.KMS == nil {
		return nil, errors.New("gcs: Clock, IAM and KMS are required")
	}
	s := &Server{config: config, root: config.Dir}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.removeTemporary())
	}
	return s, nil
}

func (s *Server) open() (err error) {
	if s.root == "" {
		if s.root, err = os.MkdirTemp("", "strongroom-gcs-"); err != nil {
			return fmt.Errorf("make storage directory: %w", err)
		}
	}
	if err := os.RemoveAll(s.uploadDir()); err != nil {
		return fmt.Errorf("remove unfinished uploads: %w", err)
	}
	for _, dir := range []string{s.uploadDir(), s.objectDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make storage directory: %w", err)
		}
	}
	if s.store, err = openStore(filepath.Join(s.root, "metadata.db"), s.durable()); err != nil {
		return err
	}
	if s.ownKey, err = s.store.ownKey(); err == nil {
		err = s.sweep()
	}
	if err != nil {
		return errors.Join(err, s.store.db.Close())
	}
	s.outbox = startOutbox(s.store, s.config.Publish)
	return nil
}

// durable is whether a commit must survive a crash of the machine.
func (s *Server) durable() bool     { return s.config.Dir != "" }
func (s *Server) uploadDir() string { return filepath.Join(s.root, "uploads") }
func (s *Server) objectDir() string { return filepath.Join(s.root, "objects") }

// Root is the directory that holds everything the server stores. Objects lie
// in it encrypted only.
func (s *Server) Root() string { return s.root }

// Flush waits until every notification is published, or ctx ends.
func (s *Server) Flush(ctx context.Context) error { return s.outbox.flush(ctx) }

// Close stops publishing, drops unfinished uploads and closes the files. What
// is pending is kept with Config.Dir and lost without. It may be called twice.
func (s *Server) Close() error {
	s.closing.Do(func() {
		s.outbox.stop()
		s.sessions.discard()
		s.closed = errors.Join(s.store.db.Close(), s.removeTemporary())
	})
	return s.closed
}

func (s *Server) removeTemporary() error {
	if s.durable() || s.root == "" {
		return nil
	}
	return os.RemoveAll(s.root)
}

// ServeHTTP implements http.Handler for the JSON and the XML API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	for _, api := range []struct {
		prefix string
		serve  func(http.ResponseWriter, *http.Request, []string) error
	}{
		{"/storage/v1/", s.serveJSON},
		{"/download/storage/v1/", s.serveJSON},
		{"/upload/storage/v1/", s.serveUpload},
	} {
		if rest, ok := strings.CutPrefix(path, api.prefix); ok {
			segments, err := splitPath(rest)
			if err == nil {
				err = api.serve(w, r, segments)
			}
			if err != nil {
				drain(r)
				writeJSONError(w, err)
			}
			return
		}
	}
	if err := s.serveXML(w, r); err != nil {
		drain(r)
		writeXMLError(w, r.Method == http.MethodHead, err)
	}
}

// maxDrain is how much of a refused body is read, so that the client, which
// is still sending, reads the answer instead of a broken connection.
const maxDrain = 32 << 20

func drain(r *http.Request) {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
	}
}
