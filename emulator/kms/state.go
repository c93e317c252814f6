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
	record   *kmspb.CryptoKey // Primary has the name alone
	versions []*version       // [i] has the id i+1
}

// version is one CryptoKeyVersion. Server.mu guards it, but not its material.
type version struct {
	record   *kmspb.CryptoKeyVersion
	material *material
}

// Settle does what time has made due: it erases versions whose destruction
// was scheduled, and rotates keys. Every call does it first; after the clock
// was advanced, Settle does it at once.
func (s *Server) Settle() error {
	now := s.config.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due.IsZero() || now.Before(s.due) {
		return nil
	}
	for _, k := range s.keys {
		if err := s.advance(k, now); err != nil {
			return fmt.Errorf("kms: settle: %w", err)
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

// rotate does the automatic rotation that was due at that time.
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

// addVersion gives the key its next version, by its template.
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

// nextDue is when the clock next changes one of the keys; zero: never.
func (s *Server) nextDue() time.Time {
	var first time.Time
	sooner := func(t *timestamppb.Timestamp) {
		if t != nil && (first.IsZero() || t.AsTime().Before(first)) {
			first = t.AsTime()
		}
	}
	for _, k := range s.keys {
		sooner(k.record.NextRotationTime)
		for _, v := range k.versions {
			sooner(v.record.DestroyTime)
		}
	}
	return first
}

// public is what callers see: a copy, with the primary version in full.
func (k *key) public() *kmspb.CryptoKey {
	record := proto.CloneOf(k.record)
	if v := k.primary(); v != nil {
		record.Primary = v.public()
	}
	return record
}

// primary is nil if the key has none.
func (k *key) primary() *version {
	if k.record.Primary == nil {
		return nil
	}
	return k.version(k.record.Primary.Name)
}

// version finds one by its full name; nil if there is none.
func (k *key) version(name string) *version {
	for _, v := range k.versions {
		if v.record.Name == name {
			return v
		}
	}
	return nil
}

func (v *version) public() *kmspb.CryptoKeyVersion { return proto.CloneOf(v.record) }

// usable reports why a version may not be used, if it may not.
func (v *version) usable() error {
	if v.record.State != kmspb.CryptoKeyVersion_ENABLED {
		return notEnabled(v.public())
	}
	return nil
}
