package tenants

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"cloud.google.com/go/iam/apiv1/iampb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// measurement is what Cloud KMS says and does about a key at one time.
type measurement struct {
	at        time.Time
	primary   string                    // number of the primary version; empty: the key has no primary version, or it is not known
	versions  []*kmspb.CryptoKeyVersion // oldest first; empty: the platform may not list them
	external  bool                      // the key material is in an external key manager
	bindings  []binding                 // roles on the key that let an account use it
	etag      []byte                    // of the policy with the bindings
	rights    map[string]bool           // the platform's own permissions on the key
	encrypts  bool                      // the trial encryption succeeded
	decrypts  bool                      // the trial decryption succeeded
	locked    bool                      // a trial failed because a version is disabled, or its destruction is scheduled or done
	used      string                    // number of the version that encrypted the trial
	failed    []string                  // numbers of enabled versions that a trial of each version failed with
	exhausted bool                      // there are more versions than maxVersions
}

// maxVersions limits the versions that are listed. A key that rotates every 90 days has as
// many after 24 years.
const maxVersions = 100

// The permissions on the key that the actions need.
const (
	mayEncrypt    = "cloudkms.cryptoKeyVersions.useToEncrypt"
	mayDecrypt    = "cloudkms.cryptoKeyVersions.useToDecrypt"
	mayGet        = "cloudkms.cryptoKeys.get"
	mayList       = "cloudkms.cryptoKeyVersions.list"
	mayCreate     = "cloudkms.cryptoKeyVersions.create"
	mayUpdate     = "cloudkms.cryptoKeyVersions.update"
	mayUpdateKey  = "cloudkms.cryptoKeys.update"
	mayReadPolicy = "cloudkms.cryptoKeys.getIamPolicy"
	maySetPolicy  = "cloudkms.cryptoKeys.setIamPolicy"
	mayDestroy    = "cloudkms.cryptoKeyVersions.destroy"
	mayRestore    = "cloudkms.cryptoKeyVersions.restore"
)

var permissions = []string{mayEncrypt, mayDecrypt, mayGet, mayList, mayCreate, mayUpdate, mayUpdateKey, mayReadPolicy, maySetPolicy, mayDestroy, mayRestore}

// measure asks Cloud KMS about a key, and tries it.
func (h *Handler) measure(ctx context.Context, keyName string, probes []probe) (measurement, error) {
	m := measurement{at: h.deps.Now().UTC().Truncate(time.Microsecond), rights: map[string]bool{}}
	held, err := h.kms.TestIamPermissions(ctx, &iampb.TestIamPermissionsRequest{Resource: keyName, Permissions: permissions})
	if err != nil && !isRefusal(err) {
		return m, fmt.Errorf("read the platform's permissions on the key: %w", err)
	}
	for _, permission := range held.GetPermissions() {
		m.rights[permission] = true
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return m.readKey(ctx, h, keyName) })
	group.Go(func() error { return m.readVersions(ctx, h, keyName) })
	group.Go(func() error { return m.readPolicy(ctx, h, keyName) })
	group.Go(func() error { return m.try(ctx, h, keyName, probes) })
	return m, group.Wait()
}

func (m *measurement) readKey(ctx context.Context, h *Handler, keyName string) error {
	if !m.rights[mayGet] {
		return nil
	}
	key, err := h.kms.GetCryptoKey(ctx, &kmspb.GetCryptoKeyRequest{Name: keyName})
	if err != nil {
		return ignoreRefusal("read the key", err)
	}
	if name := key.GetPrimary().GetName(); name != "" {
		m.primary = path.Base(name)
	}
	level := key.GetVersionTemplate().GetProtectionLevel()
	m.external = level == kmspb.ProtectionLevel_EXTERNAL || level == kmspb.ProtectionLevel_EXTERNAL_VPC
	return nil
}

func (m *measurement) readVersions(ctx context.Context, h *Handler, keyName string) error {
	if !m.rights[mayList] {
		return nil
	}
	versions := h.kms.ListCryptoKeyVersions(ctx, &kmspb.ListCryptoKeyVersionsRequest{Parent: keyName, PageSize: maxVersions})
	for {
		v, err := versions.Next()
		switch {
		case errors.Is(err, iterator.Done):
			return nil
		case err != nil:
			return ignoreRefusal("list the versions of the key", err)
		case len(m.versions) == maxVersions:
			m.exhausted = true
			return nil
		}
		m.versions = append(m.versions, v)
	}
}

// useRoles are the predefined roles that let an account use a key. disable removes them,
// and enable restores them. It never touches another role, so not its own either.
var useRoles = []string{
	"roles/cloudkms.cryptoKeyEncrypterDecrypter",
	"roles/cloudkms.cryptoKeyEncrypter",
	"roles/cloudkms.cryptoKeyDecrypter",
}

func (m *measurement) readPolicy(ctx context.Context, h *Handler, keyName string) error {
	if !m.rights[mayReadPolicy] {
		return nil
	}
	policy, err := h.kms.GetIamPolicy(ctx, &iampb.GetIamPolicyRequest{Resource: keyName, Options: policyOptions})
	if err != nil {
		return ignoreRefusal("read the roles on the key", err)
	}
	m.etag = policy.GetEtag()
	for _, b := range policy.GetBindings() {
		if slices.Contains(useRoles, b.GetRole()) {
			for _, member := range b.GetMembers() {
				m.bindings = append(m.bindings, binding{Role: b.GetRole(), Member: member})
			}
		}
	}
	return nil
}

// The trial: a fixed text, and the associated data that no other ciphertext has.
var (
	trialText = []byte("strongroom key trial")
	trialData = []byte("strongroom key trial v1")
)

// try encrypts with the primary version and decrypts the result. If the key does not
// encrypt, it decrypts what each version encrypted before the key was disabled.
func (m *measurement) try(ctx context.Context, h *Handler, keyName string, probes []probe) error {
	sealed, err := h.encrypt(ctx, keyName)
	if err == nil {
		m.encrypts, m.used = true, path.Base(sealed.Version)
		probes = []probe{{Ciphertext: sealed.Ciphertext}}
	} else if err := m.note("encrypt with the key", err); err != nil {
		return err
	}
	for _, p := range probes {
		if err := h.decrypt(ctx, keyName, p.Ciphertext); err == nil {
			m.decrypts = true
		} else if err := m.note("decrypt with the key", err); err != nil {
			return err
		}
	}
	return nil
}

// note records why a trial failed. It returns an error that says nothing about the key.
func (m *measurement) note(what string, err error) error {
	if status.Code(err) == codes.FailedPrecondition {
		m.locked = true
	}
	return ignoreRefusal(what, err)
}

// usable reports whether the key encrypts or decrypts.
func (m measurement) usable() bool { return m.encrypts || m.decrypts }

// works reports whether the key encrypts and decrypts, and no version is disabled whose
// ciphertexts somebody may need.
func (m measurement) works() bool {
	return m.encrypts && m.decrypts && len(m.disabled()) == 0 && len(m.failed) == 0
}

func (m measurement) inState(states ...kmspb.CryptoKeyVersion_CryptoKeyVersionState) []*kmspb.CryptoKeyVersion {
	return slices.DeleteFunc(slices.Clone(m.versions), func(v *kmspb.CryptoKeyVersion) bool { return !slices.Contains(states, v.GetState()) })
}

func (m measurement) enabled() []*kmspb.CryptoKeyVersion {
	return m.inState(kmspb.CryptoKeyVersion_ENABLED)
}

func (m measurement) disabled() []*kmspb.CryptoKeyVersion {
	return m.inState(kmspb.CryptoKeyVersion_DISABLED, kmspb.CryptoKeyVersion_DESTROY_SCHEDULED)
}

// destroyed reports whether all versions are destroyed.
func (m measurement) destroyed() bool {
	return len(m.versions) > 0 && !m.exhausted && len(m.inState(kmspb.CryptoKeyVersion_DESTROYED)) == len(m.versions)
}

// missing returns the bindings that are not on the key.
func (m measurement) missing(bindings []binding) []binding {
	return slices.DeleteFunc(slices.Clone(bindings), func(b binding) bool { return slices.Contains(m.bindings, b) })
}

// may reports whether the platform has all of these permissions on the key.
func (m measurement) may(permissions ...string) bool {
	return !slices.ContainsFunc(permissions, func(p string) bool { return !m.rights[p] })
}
