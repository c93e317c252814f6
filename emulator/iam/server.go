// Package iam is the embedded IAM: service accounts with their keys, the bindings
// that decide what each account may do, and the signatures that Google creates for
// them, over the wire protocol of IAM Credentials.
package iam

import (
	"errors"
	"path/filepath"
	"sync"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam/rsakey"
)

// Config configures a Server.
type Config struct {
	ProjectID string       // required; the cloud's one project
	Clock     *clock.Clock // required
	Dir       string       // directory where accounts, keys and bindings are stored; empty: in memory
}

// Server is IAM. Create it with New. It is safe for concurrent use.
type Server struct {
	config Config
	google *rsakey.Key // signs ID tokens, like Google's own key

	mu       sync.RWMutex
	accounts map[string]*account // by email
	tokens   map[string]string   // access token -> email
	bindings map[Binding]bool

	customRoles map[string][]string // permissions by the role's name
	seed        []byte              // access tokens are derived from it

	counts counters
}

// New returns a Server with what is stored in Dir. To start fast, it generates no
// key: the first signature does.
func New(config Config) (*Server, error) {
	if config.ProjectID == "" || config.Clock == nil {
		return nil, errors.New("iam: ProjectID and Clock are required")
	}
	s := &Server{
		config:   config,
		accounts: map[string]*account{},
		tokens:   map[string]string{},
		bindings: map[Binding]bool{},

		customRoles: map[string][]string{},
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	s.google = rsakey.New(s.keyFile("google"))
	return s, nil
}

// keyFile returns the path of a key's file; empty without a Dir.
func (s *Server) keyFile(name string) string {
	if s.config.Dir == "" {
		return ""
	}
	return filepath.Join(s.config.Dir, name+".pem")
}
