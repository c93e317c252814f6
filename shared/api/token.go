package api

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/tink-crypto/tink-go/v2/daead/subtle"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// PageTokens makes and reads page tokens. Its key is the same in all instances of
// a function, so each reads the tokens of the others. A page token grants no
// access: a request with a token is authorized like any other. The key keeps
// clients from making up positions that no page ended at, and positions, which may
// contain names, out of the logs of requests.
type PageTokens struct {
	Key secret.String
}

// Token returns the opaque text for the position where a page ended. Scope names
// all that the token is valid for: the tenant, the workspace, and the query.
func Token[P any](tokens PageTokens, position P, scope string) string {
	text, _ := json.Marshal(position)                                       // IDs and numbers always encode
	sealed, _ := tokens.cipher().EncryptDeterministically(text, aad(scope)) // fails for huge texts only
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// ParseToken returns the position of a token that Token returned for the same
// scope. For an empty text it returns the zero position. The error is a 400.
func ParseToken[P any](tokens PageTokens, text, scope string) (position P, err error) {
	if text == "" {
		return position, nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return position, InvalidPageToken()
	}
	raw, err := tokens.cipher().DecryptDeterministically(sealed, aad(scope))
	if err != nil {
		return position, InvalidPageToken()
	}
	var p P
	if Decode(raw, &p) != nil {
		return position, InvalidPageToken() // an earlier version of the function made it
	}
	return p, nil
}

// InvalidPageToken returns the problem of a page token that is not valid.
func InvalidPageToken() *Problem {
	return Refuse(http.StatusBadRequest, PageTokenText,
		Fault{Message: "use the nextPageToken of the previous page, and change nothing else", Location: "pageToken"})
}

// cipher returns AES-SIV (RFC 5297). It needs no nonce, so all instances can use one
// key for any number of tokens.
func (t PageTokens) cipher() *subtle.AESSIV {
	key := sha512.Sum512([]byte(t.Key.Reveal()))
	siv, err := subtle.NewAESSIV(key[:])
	if err != nil {
		panic(err) // the length of the key is constant
	}
	return siv
}

func aad(scope string) []byte { return fmt.Appendf(nil, "strongroom page token\n%q", scope) }
