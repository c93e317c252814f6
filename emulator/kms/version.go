package kms

import (
	"context"
	"slices"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// CreateCryptoKeyVersion adds a version. It does not become the primary one.
// Permission: cloudkms.cryptoKeyVersions.create.
func (s *Server) CreateCryptoKeyVersion(ctx context.Context, r *kmspb.CreateCryptoKeyVersionRequest) (*kmspb.CryptoKeyVersion, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeyVersions.create", r.GetParent(), cryptoKey)
	if err != nil {
		return nil, err
	}
	state := r.GetCryptoKeyVersion().GetState()
	if state != kmspb.CryptoKeyVersion_CRYPTO_KEY_VERSION_STATE_UNSPECIFIED && !isSettable(state) {
		return nil, invalid("A version cannot be created in state %s.", state)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.key(target)
	if err != nil {
		return nil, err
	}
	v, err := s.addVersion(k, s.config.Clock.Now())
	if err != nil {
		return nil, internal(err)
	}
	if isSettable(state) {
		v.record.State = state
	}
	return v.public(), s.saveForCaller()
}

// GetCryptoKeyVersion returns a version. Permission:
// cloudkms.cryptoKeyVersions.get.
func (s *Server) GetCryptoKeyVersion(ctx context.Context, r *kmspb.GetCryptoKeyVersionRequest) (*kmspb.CryptoKeyVersion, error) {
	return s.onVersion(ctx, "cloudkms.cryptoKeyVersions.get", r.GetName(), nil)
}

// ListCryptoKeyVersions lists a key's versions by number. Permission:
// cloudkms.cryptoKeyVersions.list.
func (s *Server) ListCryptoKeyVersions(ctx context.Context, r *kmspb.ListCryptoKeyVersionsRequest) (*kmspb.ListCryptoKeyVersionsResponse, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeyVersions.list", r.GetParent(), cryptoKey)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.key(target)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, v := range k.versions {
		names = append(names, v.record.Name)
	}
	page, err := pageOf(names, r)
	if err != nil {
		return nil, err
	}
	answer := &kmspb.ListCryptoKeyVersionsResponse{NextPageToken: page.next, TotalSize: page.total}
	for _, name := range page.names {
		answer.CryptoKeyVersions = append(answer.CryptoKeyVersions, k.version(name).public())
	}
	return answer, nil
}

// UpdateCryptoKeyVersion enables or disables a version. Permission:
// cloudkms.cryptoKeyVersions.update.
func (s *Server) UpdateCryptoKeyVersion(ctx context.Context, r *kmspb.UpdateCryptoKeyVersionRequest) (*kmspb.CryptoKeyVersion, error) {
	requested := r.GetCryptoKeyVersion()
	return s.onVersion(ctx, "cloudkms.cryptoKeyVersions.update", requested.GetName(), func(_ *key, v *version) error {
		if !slices.Equal(r.GetUpdateMask().GetPaths(), []string{"state"}) {
			return invalid("The field update_mask must be \"state\".")
		}
		if !isSettable(requested.GetState()) {
			return invalid("The state can be set only to ENABLED or DISABLED.")
		}
		if !isSettable(v.record.State) {
			return wrongState(v.record, "updated")
		}
		v.record.State = requested.GetState()
		return nil
	})
}

// DestroyCryptoKeyVersion schedules the destruction of a version, which is erased
// after the key's destroy_scheduled_duration. Permission:
// cloudkms.cryptoKeyVersions.destroy.
func (s *Server) DestroyCryptoKeyVersion(ctx context.Context, r *kmspb.DestroyCryptoKeyVersionRequest) (*kmspb.CryptoKeyVersion, error) {
	return s.onVersion(ctx, "cloudkms.cryptoKeyVersions.destroy", r.GetName(), func(k *key, v *version) error {
		if !isSettable(v.record.State) {
			return wrongState(v.record, "destroyed")
		}
		wait := k.record.DestroyScheduledDuration.AsDuration()
		v.record.State = kmspb.CryptoKeyVersion_DESTROY_SCHEDULED
		v.record.DestroyTime = timestamppb.New(s.config.Clock.Now().Add(wait))
		return nil
	})
}

// RestoreCryptoKeyVersion cancels a scheduled destruction and leaves the version
// disabled. Permission: cloudkms.cryptoKeyVersions.restore.
func (s *Server) RestoreCryptoKeyVersion(ctx context.Context, r *kmspb.RestoreCryptoKeyVersionRequest) (*kmspb.CryptoKeyVersion, error) {
	return s.onVersion(ctx, "cloudkms.cryptoKeyVersions.restore", r.GetName(), func(_ *key, v *version) error {
		if v.record.State != kmspb.CryptoKeyVersion_DESTROY_SCHEDULED {
			return wrongState(v.record, "restored")
		}
		v.record.State = kmspb.CryptoKeyVersion_DISABLED
		v.record.DestroyTime = nil
		return nil
	})
}

// onVersion changes a version with change, which may be nil, and returns the version.
func (s *Server) onVersion(ctx context.Context, permission, name string, change func(*key, *version) error) (*kmspb.CryptoKeyVersion, error) {
	target, err := s.authorize(ctx, permission, name, cryptoKeyVersion)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.key(target)
	if err != nil {
		return nil, err
	}
	v := k.version(target.name)
	if v == nil {
		return nil, notFound("CryptoKeyVersion", target.name)
	}
	if change == nil {
		return v.public(), nil
	}
	if err := change(k, v); err != nil {
		return nil, err
	}
	return v.public(), s.saveForCaller()
}

// isSettable reports whether callers can move a version to or from this state.
func isSettable(state kmspb.CryptoKeyVersion_CryptoKeyVersionState) bool {
	return state == kmspb.CryptoKeyVersion_ENABLED || state == kmspb.CryptoKeyVersion_DISABLED
}
