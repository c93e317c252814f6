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

// Config configures a Server. Clock, IAM and KMS are required.
type Config struct {
	Clock        *clock.Clock
	IAM          *iam.Server
	KMS          *kms.Server
	ServiceAgent string // account that uses the buckets' KMS keys
	Dir          string // directory where everything is stored; empty: a temporary directory that Close removes

	// Publish publishes one notification to the topic projects/P/topics/T. After an
	// error, the server retries. Nil: no notifications.
	Publish func(ctx context.Context, topic string, data []byte, attributes map[string]string) error

	// RewriteBytes limits what one call of a rewrite copies to another location, storage
	// class or key, without maxBytesRewrittenPerCall. Zero: 1 GiB.
	RewriteBytes int64

	// BucketHosts maps hostnames to the buckets that they serve, as a load balancer or
	// CNAME would: "media.example.com" -> "media". Nil: none.
	BucketHosts map[string]string
}

// Server is the embedded Cloud Storage. It is an http.Handler, safe for concurrent
// use. Do not mount it in an http.ServeMux, which would clean object names with double
// slashes.
type Server struct {
	config   Config
	root     string
	store    *store
	ownKey   dataKey
	outbox   *outbox
	sessions sessions
	rewrites sessions
	closing  sync.Once
	closed   error
}

// New opens or creates the storage in config.Dir and starts to publish pending
// notifications. Close it after use.
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
			return fmt.Errorf("create storage directory: %w", err)
		}
	}
	if err := os.RemoveAll(s.uploadDir()); err != nil {
		return fmt.Errorf("remove unfinished uploads: %w", err)
	}
	for _, dir := range []string{s.uploadDir(), s.objectDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("create storage directory: %w", err)
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

// durable reports whether a commit must survive a crash of the machine.
func (s *Server) durable() bool     { return s.config.Dir != "" }
func (s *Server) uploadDir() string { return filepath.Join(s.root, "uploads") }
func (s *Server) objectDir() string { return filepath.Join(s.root, "objects") }

// Root returns the directory that contains everything the server stores. Objects in it
// are encrypted.
func (s *Server) Root() string { return s.root }

// Flush waits until every notification is published or ctx ends.
func (s *Server) Flush(ctx context.Context) error { return s.outbox.flush(ctx) }

// Close stops publishing, discards unfinished uploads and closes the files. Pending
// notifications are kept if Config.Dir is set. Further calls do nothing.
func (s *Server) Close() error {
	s.closing.Do(func() {
		s.outbox.stop()
		s.sessions.discard()
		s.rewrites.discard()
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

// maxDrain is how much of a rejected body is read, so that a client that is still
// sending reads the response instead of a broken connection.
const maxDrain = 32 << 20

func drain(r *http.Request) {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
	}
}
