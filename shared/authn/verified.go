package authn

import (
	"crypto"
	"crypto/sha256"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// maxCachedToken bounds the tokens that are cached, so that the cache needs at most about
// 16 MiB.
const maxCachedToken = 4 << 10

// verifiedTokens remembers tokens whose signature was verified, with the key, by the SHA-256 of
// their text. Nobody can fill it without a trusted key.
//
// It remembers only what follows from the token and the key alone. Each request still checks
// the times, and looks up the tenant, its keys and its rules: so a token is refused as soon as it
// would be without the cache. The zero value is empty.
type verifiedTokens struct {
	byHash bounded[[sha256.Size]byte, *token]
}

// get returns a token that was verified before, or nil. The caller must not change it.
func (v *verifiedTokens) get(bearer secret.String) *token {
	t, _ := v.byHash.get(sha256.Sum256([]byte(bearer.Reveal())))
	return t
}

// put remembers that key verifies t.
func (v *verifiedTokens) put(bearer secret.String, t *token, key crypto.PublicKey) {
	compact := bearer.Reveal()
	if len(compact) > maxCachedToken || t.verifiedBy != nil {
		return
	}
	remembered := *t
	remembered.verifiedBy = key
	v.byHash.put(sha256.Sum256([]byte(compact)), &remembered)
}

// isVerifiedBy reports whether the key is the one that is known to verify the token.
func (t *token) isVerifiedBy(key crypto.PublicKey) bool {
	public, ok := key.(interface {
		Equal(other crypto.PublicKey) bool
	})
	return ok && t.verifiedBy != nil && public.Equal(t.verifiedBy)
}
