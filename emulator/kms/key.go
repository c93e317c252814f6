package kms

import (
	"context"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// CreateCryptoKey creates a key, with a first version unless the request skips it.
// Permission: cloudkms.cryptoKeys.create.
func (s *Server) CreateCryptoKey(ctx context.Context, r *kmspb.CreateCryptoKeyRequest) (*kmspb.CryptoKey, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeys.create", r.GetParent(), keyRing)
	if err != nil {
		return nil, err
	}
	made, err := parseName(target.name+"/cryptoKeys/"+r.GetCryptoKeyId(), cryptoKey)
	if err != nil {
		return nil, err
	}
	now := s.config.Clock.Now()
	record, err := newRecord(made.name, r.GetCryptoKey(), now)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addKey(target, &key{record: record}, r.GetSkipInitialVersionCreation(), now)
}

// addKey adds a new key to its ring. The caller holds mu.
func (s *Server) addKey(ring resource, k *key, empty bool, now time.Time) (*kmspb.CryptoKey, error) {
	if s.rings[ring.name] == nil {
		return nil, notFound("KeyRing", ring.name)
	}
	if s.keys[k.record.Name] != nil {
		return nil, exists("CryptoKey", k.record.Name)
	}
	if !empty {
		v, err := s.addVersion(k, now)
		if err != nil {
			return nil, internal(err)
		}
		if k.record.Purpose == kmspb.CryptoKey_ENCRYPT_DECRYPT {
			k.record.Primary = &kmspb.CryptoKeyVersion{Name: v.record.Name}
		}
	}
	s.keys[k.record.Name] = k
	return k.public(), s.saveForCaller()
}

// GetCryptoKey returns a key with its primary version. Permission:
// cloudkms.cryptoKeys.get.
func (s *Server) GetCryptoKey(ctx context.Context, r *kmspb.GetCryptoKeyRequest) (*kmspb.CryptoKey, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeys.get", r.GetName(), cryptoKey)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.key(target)
	if err != nil {
		return nil, err
	}
	return k.public(), nil
}

// ListCryptoKeys lists a ring's keys by name. Permission:
// cloudkms.cryptoKeys.list.
func (s *Server) ListCryptoKeys(ctx context.Context, r *kmspb.ListCryptoKeysRequest) (*kmspb.ListCryptoKeysResponse, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeys.list", r.GetParent(), keyRing)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rings[target.name] == nil {
		return nil, notFound("KeyRing", target.name)
	}
	page, err := pageOf(below(s.keys, target.name+"/cryptoKeys/"), r)
	if err != nil {
		return nil, err
	}
	answer := &kmspb.ListCryptoKeysResponse{NextPageToken: page.next, TotalSize: page.total}
	for _, name := range page.names {
		answer.CryptoKeys = append(answer.CryptoKeys, s.keys[name].public())
	}
	return answer, nil
}

// UpdateCryptoKey changes labels, rotation or template, according to the mask.
// Permission: cloudkms.cryptoKeys.update.
func (s *Server) UpdateCryptoKey(ctx context.Context, r *kmspb.UpdateCryptoKeyRequest) (*kmspb.CryptoKey, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeys.update", r.GetCryptoKey().GetName(), cryptoKey)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.key(target)
	if err != nil {
		return nil, err
	}
	updated := proto.CloneOf(k.record)
	if err := merge(updated, r.GetCryptoKey(), r.GetUpdateMask().GetPaths()); err != nil {
		return nil, err
	}
	if err := checkRecord(updated, s.config.Clock.Now()); err != nil {
		return nil, err
	}
	k.record = updated
	return k.public(), s.saveForCaller()
}

// UpdateCryptoKeyPrimaryVersion sets the version that encrypts from now on.
// Permission: cloudkms.cryptoKeys.update.
func (s *Server) UpdateCryptoKeyPrimaryVersion(ctx context.Context, r *kmspb.UpdateCryptoKeyPrimaryVersionRequest) (*kmspb.CryptoKey, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeys.update", r.GetName(), cryptoKey)
	if err != nil {
		return nil, err
	}
	chosen, err := parseName(target.name+"/cryptoKeyVersions/"+r.GetCryptoKeyVersionId(), cryptoKeyVersion)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.keyFor(target, kmspb.CryptoKey_ENCRYPT_DECRYPT, "have a primary version")
	if err != nil {
		return nil, err
	}
	if k.version(chosen.name) == nil {
		return nil, notFound("CryptoKeyVersion", chosen.name)
	}
	k.record.Primary = &kmspb.CryptoKeyVersion{Name: chosen.name}
	return k.public(), s.saveForCaller()
}

// key returns the key with this name, or the key of the version with this name.
// The caller holds mu.
func (s *Server) key(target resource) (*key, error) {
	k := s.keys[target.keyName()]
	if k == nil {
		return nil, notFound("CryptoKey", target.keyName())
	}
	return k, nil
}

// keyFor returns a key that must have this purpose. The caller holds mu.
func (s *Server) keyFor(target resource, purpose kmspb.CryptoKey_CryptoKeyPurpose, act string) (*key, error) {
	k, err := s.key(target)
	if err != nil {
		return nil, err
	}
	if k.record.Purpose != purpose {
		return nil, wrongPurpose(k.record, act)
	}
	return k, nil
}

// newRecord returns the record of a new key.
func newRecord(name string, requested *kmspb.CryptoKey, now time.Time) (*kmspb.CryptoKey, error) {
	record := &kmspb.CryptoKey{
		Name:                     name,
		Purpose:                  requested.GetPurpose(),
		CreateTime:               timestamppb.New(now),
		NextRotationTime:         requested.GetNextRotationTime(),
		VersionTemplate:          templateOf(requested),
		Labels:                   requested.GetLabels(),
		DestroyScheduledDuration: requested.GetDestroyScheduledDuration(),
	}
	if requested.GetRotationPeriod() != nil {
		record.RotationSchedule = requested.GetRotationSchedule()
	}
	if record.DestroyScheduledDuration == nil {
		record.DestroyScheduledDuration = defaultDestroyScheduled
	}
	if requested.GetImportOnly() || requested.GetCryptoKeyBackend() != "" || requested.GetKeyAccessJustificationsPolicy() != nil {
		return nil, unmodeled("Import, an external backend or a justifications policy")
	}
	return record, checkRecord(record, now)
}
