package kms

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// file is the content of Dir/kms.json: everything except key material, which has a
// file for each version so that it can be erased.
type file struct {
	Rings []json.RawMessage `json:"keyRings"`
	Keys  []fileKey         `json:"cryptoKeys"`
}

type fileKey struct {
	Key      json.RawMessage   `json:"cryptoKey"`
	Versions []json.RawMessage `json:"cryptoKeyVersions"`
}

func (s *Server) load() error {
	if s.config.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(s.config.Dir, "material"), 0o700); err != nil {
		return fmt.Errorf("kms: create the directory: %w", err)
	}
	text, err := os.ReadFile(s.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("kms: read keys: %w", err)
	}
	var stored file
	if err := json.Unmarshal(text, &stored); err != nil {
		return fmt.Errorf("kms: read keys: %w", err)
	}
	if err := s.restore(stored); err != nil {
		return fmt.Errorf("kms: read keys: %w", err)
	}
	s.due = s.nextDue()
	return nil
}

func (s *Server) restore(stored file) error {
	for _, text := range stored.Rings {
		var ring kmspb.KeyRing
		if err := protojson.Unmarshal(text, &ring); err != nil {
			return err
		}
		s.rings[ring.Name] = &ring
	}
	for _, text := range stored.Keys {
		k, err := s.restoreKey(text)
		if err != nil {
			return err
		}
		s.keys[k.record.Name] = k
	}
	return nil
}

func (s *Server) restoreKey(stored fileKey) (*key, error) {
	k := &key{record: &kmspb.CryptoKey{}}
	if err := protojson.Unmarshal(stored.Key, k.record); err != nil {
		return nil, err
	}
	for _, text := range stored.Versions {
		v := &version{record: &kmspb.CryptoKeyVersion{}}
		if err := protojson.Unmarshal(text, v.record); err != nil {
			return nil, err
		}
		v.material = s.material(v.record)
		k.versions = append(k.versions, v)
	}
	return k, nil
}

// save stores the state. The caller holds mu.
func (s *Server) save() error {
	s.due = s.nextDue()
	if s.config.Dir == "" {
		return nil
	}
	text, err := s.encode()
	if err != nil {
		return fmt.Errorf("store keys: %w", err)
	}
	return writeFile(s.file(), text)
}

func (s *Server) encode() ([]byte, error) {
	var errs []error
	encode := func(m proto.Message) json.RawMessage {
		text, err := protojson.Marshal(m)
		errs = append(errs, err)
		return text
	}
	var stored file
	for _, ring := range s.rings {
		stored.Rings = append(stored.Rings, encode(ring))
	}
	for _, k := range s.keys {
		entry := fileKey{Key: encode(k.record)}
		for _, v := range k.versions {
			entry.Versions = append(entry.Versions, encode(v.record))
		}
		stored.Keys = append(stored.Keys, entry)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return json.Marshal(stored)
}

func (s *Server) file() string { return filepath.Join(s.config.Dir, "kms.json") }

// material returns the key material of a version, which need not exist yet.
func (s *Server) material(v *kmspb.CryptoKeyVersion) *material {
	m := &material{
		algorithm: algorithms[v.Algorithm],
		erased:    v.State == kmspb.CryptoKeyVersion_DESTROYED,
	}
	if s.config.Dir != "" {
		sum := sha256.Sum256([]byte(v.Name))
		m.path = filepath.Join(s.config.Dir, "material", hex.EncodeToString(sum[:16]))
	}
	return m
}

// writeFile replaces a file atomically. Only its owner can read it.
func writeFile(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
