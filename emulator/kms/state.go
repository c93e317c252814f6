package kms

import (
	"fmt"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// key is one CryptoKey. Server.mu guards it.
type key struct {
	record   *kmspb.CryptoKey // Primary has only its name
	versions []*version       // [i] has the ID i+1
}

// version is one CryptoKeyVersion. Server.mu guards it, except for its material.
type version struct {
	record   *kmspb.CryptoKeyVersion
	material *material
}

// ApplyDue applies what is due by the clock: it erases versions whose scheduled
// destruction has come and rotates keys. Every call does this first. Tests that
// advance the clock call ApplyDue to see the effects without another call.
func (s *Server) ApplyDue() error {
	now := s.config.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due.IsZero() || now.Before(s.due) {
		return nil
	}
	for _, k := range s.keys {
		if err := s.advance(k, now); err != nil {
			return fmt.Errorf("kms: apply what is due: %w", err)
		}
	}
	return s.save()
}

func (s *Server) advance(k *key, now time.Time) error {
	for _, v := range k.versions {
		if err := v.destroyIfDue(now); err != nil {
			return err
		}
	}
	for at := k.record.NextRotationTime; at != nil && !now.Before(at.AsTime()); at = k.record.NextRotationTime {
		if err := s.rotate(k, at.AsTime()); err != nil {
			return err
		}
	}
	return nil
}

func (v *version) destroyIfDue(now time.Time) error {
	if v.record.State != kmspb.CryptoKeyVersion_DESTROY_SCHEDULED || now.Before(v.record.DestroyTime.AsTime()) {
		return nil
	}
	if err := v.material.erase(); err != nil {
		return err
	}
	v.record.State = kmspb.CryptoKeyVersion_DESTROYED
	v.record.DestroyEventTime, v.record.DestroyTime = v.record.DestroyTime, nil
	return nil
}

// rotate does the automatic rotation that was due at this time.
func (s *Server) rotate(k *key, at time.Time) error {
	v, err := s.addVersion(k, at)
	if err != nil {
		return err
	}
	k.record.Primary = &kmspb.CryptoKeyVersion{Name: v.record.Name}
	k.record.NextRotationTime = nil
	if period := k.record.GetRotationPeriod(); period != nil {
		k.record.NextRotationTime = timestamppb.New(at.Add(period.AsDuration()))
	}
	return nil
}

// addVersion adds the next version to the key, according to its template.
func (s *Server) addVersion(k *key, at time.Time) (*version, error) {
	record := &kmspb.CryptoKeyVersion{
		Name:            fmt.Sprintf("%s/cryptoKeyVersions/%d", k.record.Name, len(k.versions)+1),
		State:           kmspb.CryptoKeyVersion_ENABLED,
		ProtectionLevel: k.record.VersionTemplate.ProtectionLevel,
		Algorithm:       k.record.VersionTemplate.Algorithm,
		CreateTime:      timestamppb.New(at),
		GenerateTime:    timestamppb.New(at),
	}
	v := &version{record, s.material(record)}
	if k.record.Purpose == kmspb.CryptoKey_ENCRYPT_DECRYPT {
		if _, err := v.material.open(); err != nil {
			return nil, err
		}
	}
	k.versions = append(k.versions, v)
	return v, nil
}

// nextDue returns when the clock next changes a key; zero: never.
func (s *Server) nextDue() time.Time {
	var first time.Time
	consider := func(t *timestamppb.Timestamp) {
		if t != nil && (first.IsZero() || t.AsTime().Before(first)) {
			first = t.AsTime()
		}
	}
	for _, k := range s.keys {
		consider(k.record.NextRotationTime)
		for _, v := range k.versions {
			consider(v.record.DestroyTime)
		}
	}
	return first
}

// public returns a copy for callers, with the primary version in full.
func (k *key) public() *kmspb.CryptoKey {
	record := proto.CloneOf(k.record)
	if v := k.primary(); v != nil {
		record.Primary = v.public()
	}
	return record
}

// primary returns the primary version, or nil if the key has none.
func (k *key) primary() *version {
	if k.record.Primary == nil {
		return nil
	}
	return k.version(k.record.Primary.Name)
}

// version returns the version with this full name, or nil if none exists.
func (k *key) version(name string) *version {
	for _, v := range k.versions {
		if v.record.Name == name {
			return v
		}
	}
	return nil
}

func (v *version) public() *kmspb.CryptoKeyVersion { return proto.CloneOf(v.record) }

// checkEnabled returns an error if the version may not be used.
func (v *version) checkEnabled() error {
	if v.record.State != kmspb.CryptoKeyVersion_ENABLED {
		return notEnabled(v.public())
	}
	return nil
}
