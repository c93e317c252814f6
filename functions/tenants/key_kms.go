package tenants

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"

	"cloud.google.com/go/iam/apiv1/iampb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/strongroom-dev/strongroom/shared/keys"
)

// policyOptions ask for bindings with conditions, so that a policy that is written back
// still has them: cloud.google.com/iam/docs/policies#versions.
var policyOptions = &iampb.GetPolicyOptions{RequestedPolicyVersion: 3}

// encrypt encrypts the text of the trial with a key's primary version, or with a version.
func (h *Handler) encrypt(ctx context.Context, name string) (keys.Wrapped, error) {
	return keys.Wrap(ctx, h.kms, name, trialText, trialData)
}

// decrypt decrypts what encrypt returned.
func (h *Handler) decrypt(ctx context.Context, keyName string, ciphertext []byte) error {
	opened, err := keys.Unwrap(ctx, h.kms, keyName, ciphertext, trialData)
	if err == nil && !slices.Equal(opened, trialText) {
		return status.Error(codes.DataLoss, "decrypt for the trial: the text differs")
	}
	return err
}

// tryVersions encrypts and decrypts with each enabled version. It returns the ciphertexts,
// and the versions that failed.
func (h *Handler) tryVersions(ctx context.Context, keyName string, m measurement) (probes []probe, failed []string, err error) {
	for _, v := range m.enabled() {
		sealed, err := h.encrypt(ctx, v.GetName())
		if err == nil {
			err = h.decrypt(ctx, keyName, sealed.Ciphertext)
		}
		switch {
		case err == nil:
			probes = append(probes, probe{Version: path.Base(v.GetName()), Ciphertext: sealed.Ciphertext})
		case isRefusal(err):
			failed = append(failed, path.Base(v.GetName()))
		default:
			return nil, nil, fmt.Errorf("try version %s: %w", path.Base(v.GetName()), err)
		}
	}
	return probes, failed, nil
}

// setStates sets the state of each version that has the state from.
func (h *Handler) setStates(ctx context.Context, m measurement, from, to kmspb.CryptoKeyVersion_CryptoKeyVersionState) error {
	for _, v := range m.inState(from) {
		_, err := h.kms.UpdateCryptoKeyVersion(ctx, &kmspb.UpdateCryptoKeyVersionRequest{
			CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: v.GetName(), State: to},
			UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
		})
		if err != nil {
			return fmt.Errorf("set the state of version %s: %w", path.Base(v.GetName()), err)
		}
	}
	return nil
}

// policyAttempts limits how often a policy is read again because somebody changed it.
const policyAttempts = 5

// changePolicy changes the roles on a key with change, which must be repeatable.
func (h *Handler) changePolicy(ctx context.Context, keyName string, change func(*iampb.Policy)) error {
	var err error
	for range policyAttempts {
		var policy *iampb.Policy
		policy, err = h.kms.GetIamPolicy(ctx, &iampb.GetIamPolicyRequest{Resource: keyName, Options: policyOptions})
		if err != nil {
			return fmt.Errorf("read the roles on the key: %w", err)
		}
		change(policy)
		_, err = h.kms.SetIamPolicy(ctx, &iampb.SetIamPolicyRequest{Resource: keyName, Policy: policy})
		if status.Code(err) != codes.Aborted {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("set the roles on the key: %w", err)
	}
	return nil
}

// removeUsers removes all roles that let an account use the key.
func removeUsers(policy *iampb.Policy) {
	policy.Bindings = slices.DeleteFunc(policy.GetBindings(), func(b *iampb.Binding) bool { return slices.Contains(useRoles, b.GetRole()) })
}

// grant returns a change that grants bindings. Only roles that let an account use the key
// can be in it, whatever the stored record says.
func grant(bindings []binding) func(*iampb.Policy) {
	return func(policy *iampb.Policy) {
		for _, b := range bindings {
			if !slices.Contains(useRoles, b.Role) {
				continue
			}
			i := slices.IndexFunc(policy.GetBindings(), func(old *iampb.Binding) bool { return old.GetRole() == b.Role && old.GetCondition() == nil })
			if i < 0 {
				policy.Bindings = append(policy.Bindings, &iampb.Binding{Role: b.Role})
				i = len(policy.Bindings) - 1
			}
			if !slices.Contains(policy.Bindings[i].Members, b.Member) {
				policy.Bindings[i].Members = append(policy.Bindings[i].Members, b.Member)
			}
		}
	}
}

// addPrimary makes a new version the primary one. If an earlier attempt has created a
// version and not more, it uses that one.
func (h *Handler) addPrimary(ctx context.Context, keyName string, m measurement) error {
	var version string
	if enabled := m.enabled(); len(enabled) > 0 {
		if newest := path.Base(enabled[len(enabled)-1].GetName()); number(newest) > number(m.primary) {
			version = newest
		}
	}
	if version == "" {
		created, err := h.kms.CreateCryptoKeyVersion(ctx, &kmspb.CreateCryptoKeyVersionRequest{Parent: keyName})
		if err != nil {
			return fmt.Errorf("create a version of the key: %w", err)
		}
		version = path.Base(created.GetName())
	}
	_, err := h.kms.UpdateCryptoKeyPrimaryVersion(ctx, &kmspb.UpdateCryptoKeyPrimaryVersionRequest{Name: keyName, CryptoKeyVersionId: version})
	if err != nil {
		return fmt.Errorf("set the primary version of the key: %w", err)
	}
	return nil
}

func number(version string) int {
	n, err := strconv.Atoi(version)
	if err != nil {
		return 0
	}
	return n
}

// isRefusal reports whether Cloud KMS has answered that the key cannot be used, or not by
// this account. Other errors say nothing about the key.
func isRefusal(err error) bool {
	switch status.Code(err) {
	case codes.FailedPrecondition, codes.PermissionDenied, codes.NotFound:
		return true
	}
	return false
}

// ignoreRefusal returns only errors that say nothing about the key.
func ignoreRefusal(what string, err error) error {
	if err == nil || isRefusal(err) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
