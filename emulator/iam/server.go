// Package iam is the embedded cloud's identity: service accounts and their
// keys, the bindings that say what each may do, and the signatures Google
// makes for them, over the wire protocol of IAM Credentials.
package iam

import (
	"errors"
	"path/filepath"
	"sync"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam/rsakey"
)

// Config says for which project a Server stands.
type Config struct {
	ProjectID string       // the cloud's one project; required
	Clock     *clock.Clock // required
	Dir       string       // where accounts, keys and bindings are kept; empty: in memory only
}

// Server is IAM. Make it with New. It is safe for concurrent use.
type Server struct {
	config Config
	google *rsakey.Key // signs ID tokens, as Google's own key does

	mu       sync.RWMutex
	accounts map[string]*account // by email
	tokens   map[string]string   // access token -> email
	bindings map[Binding]bool
	seed     []byte // access tokens are derived from it

	counts counters
}

// New makes a Server, with what Dir holds. It makes no key: that takes long,
// and waits for the first signature.
func New(config Config) (*Server, error) {
	if config.ProjectID == "" || config.Clock == nil {
		return nil, errors.New("iam: ProjectID and Clock are required")
	}
	s := &Server{
		config:   config,
		accounts: map[string]*account{},
		tokens:   map[string]string{},
		bindings: map[Binding]bool{},
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	s.google = rsakey.New(s.keyFile("google"))
	return s, nil
}

// keyFile is where the key of that name is kept; "" without a Dir.
func (s *Server) keyFile(name string) string {
	if s.config.Dir == "" {
		return ""
	}
	return filepath.Join(s.config.Dir, name+".pem")
}
