package kms

import (
	"context"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// CreateCryptoKey makes a key, with a first version unless that is skipped.
// Permission: cloudkms.cryptoKeys.create.
func (s *Server) CreateCryptoKey(ctx context.Context, r *kmspb.CreateCryptoKeyRequest) (*kmspb.CryptoKey, error) {
	at, err := s.admit(ctx, "cloudkms.cryptoKeys.create", r.GetParent(), keyRing)
	if err != nil {
		return nil, err
	}
	made, err := parseName(at.name+"/cryptoKeys/"+r.GetCryptoKeyId(), cryptoKey)
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
	return s.addKey(at, &key{record: record}, r.GetSkipInitialVersionCreation(), now)
}

// addKey puts a new key into its ring. The caller holds mu.
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
	return k.public(), s.kept()
}

// GetCryptoKey describes a key with its primary version. Permission:
// cloudkms.cryptoKeys.get.
func (s *Server) GetCryptoKey(ctx context.Context, r *kmspb.GetCryptoKeyRequest) (*kmspb.CryptoKey, error) {
	at, err := s.admit(ctx, "cloudkms.cryptoKeys.get", r.GetName(), cryptoKey)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.key(at)
	if err != nil {
		return nil, err
	}
	return k.public(), nil
}

// ListCryptoKeys lists those of a ring by name. Permission:
// cloudkms.cryptoKeys.list.
func (s *Server) ListCryptoKeys(ctx context.Context, r *kmspb.ListCryptoKeysRequest) (*kmspb.ListCryptoKeysResponse, error) {
	at, err := s.admit(ctx, "cloudkms.cryptoKeys.list", r.GetParent(), keyRing)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rings[at.name] == nil {
		return nil, notFound("KeyRing", at.name)
	}
	page, err := pageOf(below(s.keys, at.name+"/cryptoKeys/"), r)
	if err != nil {
		return nil, err
	}
	answer := &kmspb.ListCryptoKeysResponse{NextPageToken: page.next, TotalSize: page.total}
	for _, name := range page.names {
		answer.CryptoKeys = append(answer.CryptoKeys, s.keys[name].public())
	}
	return answer, nil
}

// UpdateCryptoKey changes labels, rotation or template, as the mask says.
// Permission: cloudkms.cryptoKeys.update.
func (s *Server) UpdateCryptoKey(ctx context.Context, r *kmspb.UpdateCryptoKeyRequest) (*kmspb.CryptoKey, error) {
	at, err := s.admit(ctx, "cloudkms.cryptoKeys.update", r.GetCryptoKey().GetName(), cryptoKey)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.key(at)
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
	return k.public(), s.kept()
}

// UpdateCryptoKeyPrimaryVersion says which version encrypts from now on.
// Permission: cloudkms.cryptoKeys.update.
func (s *Server) UpdateCryptoKeyPrimaryVersion(ctx context.Context, r *kmspb.UpdateCryptoKeyPrimaryVersionRequest) (*kmspb.CryptoKey, error) {
	at, err := s.admit(ctx, "cloudkms.cryptoKeys.update", r.GetName(), cryptoKey)
	if err != nil {
		return nil, err
	}
	chosen, err := parseName(at.name+"/cryptoKeyVersions/"+r.GetCryptoKeyVersionId(), cryptoKeyVersion)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.keyFor(at, kmspb.CryptoKey_ENCRYPT_DECRYPT, "have a primary version")
	if err != nil {
		return nil, err
	}
	if k.version(chosen.name) == nil {
		return nil, notFound("CryptoKeyVersion", chosen.name)
	}
	k.record.Primary = &kmspb.CryptoKeyVersion{Name: chosen.name}
	return k.public(), s.kept()
}

// key finds the key that a name names, or is a version of. The caller holds mu.
func (s *Server) key(at resource) (*key, error) {
	k := s.keys[at.keyName()]
	if k == nil {
		return nil, notFound("CryptoKey", at.keyName())
	}
	return k, nil
}

// keyFor finds a key that has that purpose. The caller holds mu.
func (s *Server) keyFor(at resource, purpose kmspb.CryptoKey_CryptoKeyPurpose, act string) (*key, error) {
	k, err := s.key(at)
	if err != nil {
		return nil, err
	}
	if k.record.Purpose != purpose {
		return nil, wrongPurpose(k.record, act)
	}
	return k, nil
}

// newRecord is what is kept of a key that a caller asks for.
func newRecord(name string, asked *kmspb.CryptoKey, now time.Time) (*kmspb.CryptoKey, error) {
	record := &kmspb.CryptoKey{
		Name:                     name,
		Purpose:                  asked.GetPurpose(),
		CreateTime:               timestamppb.New(now),
		NextRotationTime:         asked.GetNextRotationTime(),
		VersionTemplate:          templateOf(asked),
		Labels:                   asked.GetLabels(),
		DestroyScheduledDuration: asked.GetDestroyScheduledDuration(),
	}
	if asked.GetRotationPeriod() != nil {
		record.RotationSchedule = asked.GetRotationSchedule()
	}
	if record.DestroyScheduledDuration == nil {
		record.DestroyScheduledDuration = defaultDestroyScheduled
	}
	if asked.GetImportOnly() || asked.GetCryptoKeyBackend() != "" || asked.GetKeyAccessJustificationsPolicy() != nil {
		return nil, unmodelled("Import, an external backend or a justifications policy")
	}
	return record, checkRecord(record, now)
}
