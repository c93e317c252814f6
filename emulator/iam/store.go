package iam

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// record is the content of the file that stores everything except managed keys,
// which have a file each.
type record struct {
	TokenSeed []byte              `json:"tokenSeed"`
	Accounts  map[string][]string `json:"accounts"` // email -> uploaded public keys, PEM
	Bindings  []Binding           `json:"bindings"`
	Roles     map[string][]string `json:"roles"` // custom role -> permissions
}

func (s *Server) load() error {
	if s.config.Dir == "" {
		s.seed = newSeed()
		return nil
	}
	if err := os.MkdirAll(s.config.Dir, 0o700); err != nil {
		return fmt.Errorf("iam: create the directory: %w", err)
	}
	text, err := os.ReadFile(s.recordFile())
	if errors.Is(err, fs.ErrNotExist) {
		s.seed = newSeed()
		return s.save()
	}
	if err != nil {
		return fmt.Errorf("iam: read accounts: %w", err)
	}
	var stored record
	if err := json.Unmarshal(text, &stored); err != nil {
		return fmt.Errorf("iam: read accounts: %w", err)
	}
	return s.restore(stored)
}

func (s *Server) restore(stored record) error {
	s.seed = stored.TokenSeed
	for email, keys := range stored.Accounts {
		a := s.add(email)
		for _, text := range keys {
			key, err := parsePublicKey([]byte(text))
			if err != nil {
				return fmt.Errorf("iam: read the keys of %s: %w", email, err)
			}
			a.uploaded = append(a.uploaded, key)
		}
	}
	for _, b := range stored.Bindings {
		s.bindings[b] = true
	}
	maps.Copy(s.customRoles, stored.Roles)
	return nil
}

// save replaces the file atomically. The caller holds mu.
func (s *Server) save() error {
	if s.config.Dir == "" {
		return nil
	}
	text, err := json.MarshalIndent(s.record(), "", "  ")
	if err != nil {
		return fmt.Errorf("iam: store accounts: %w", err)
	}
	if err := os.WriteFile(s.recordFile()+".new", text, 0o600); err != nil {
		return fmt.Errorf("iam: store accounts: %w", err)
	}
	if err := os.Rename(s.recordFile()+".new", s.recordFile()); err != nil {
		return fmt.Errorf("iam: store accounts: %w", err)
	}
	return nil
}

func (s *Server) record() record {
	r := record{TokenSeed: s.seed, Accounts: map[string][]string{}, Roles: s.customRoles}
	for email, a := range s.accounts {
		r.Accounts[email] = []string{}
		for _, key := range a.uploaded {
			r.Accounts[email] = append(r.Accounts[email], encodePublicKey(key))
		}
	}
	for b := range s.bindings {
		r.Bindings = append(r.Bindings, b)
	}
	slices.SortFunc(r.Bindings, compareBindings)
	return r
}

func (s *Server) recordFile() string { return filepath.Join(s.config.Dir, "iam.json") }

func newSeed() []byte {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // crypto/rand never fails
	return seed
}
