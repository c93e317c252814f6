package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// macBytes is how much of an HMAC-SHA256 a page token has: RFC 2104 section 5.
const macBytes = 16

// PageTokens makes and reads page tokens. Its key is the same in all instances of
// a function, so each reads the tokens of the others. A page token grants no
// access: a request with a token is authorized like any other. The key keeps
// clients from making up positions that no page ended at.
type PageTokens struct {
	Key secret.String
}

// Token returns the opaque text for the position where a page ended. Scope names
// all that the token is valid for: the tenant, the workspace, and the query.
func Token[P any](tokens PageTokens, position P, scope string) string {
	text, _ := json.Marshal(position) // IDs and numbers always encode
	return base64.RawURLEncoding.EncodeToString(append(tokens.mac(text, scope), text...))
}

// ParseToken returns the position of a token that Token returned for the same
// scope. For an empty text it returns the zero position. The error is a 400.
func ParseToken[P any](tokens PageTokens, text, scope string) (position P, err error) {
	if text == "" {
		return position, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < macBytes || !hmac.Equal(raw[:macBytes], tokens.mac(raw[macBytes:], scope)) {
		return position, InvalidPageToken()
	}
	var p P
	if Decode(raw[macBytes:], &p) != nil {
		return position, InvalidPageToken() // an earlier version of the function made it
	}
	return p, nil
}

// InvalidPageToken returns the problem of a page token that is not valid.
func InvalidPageToken() *Problem {
	return Refuse(http.StatusBadRequest, PageTokenText,
		Fault{Message: "use the nextPageToken of the previous page, and change nothing else", Location: "pageToken"})
}

func (t PageTokens) mac(text []byte, scope string) []byte {
	mac := hmac.New(sha256.New, []byte(t.Key.Reveal()))
	fmt.Fprintf(mac, "strongroom page token\n%q\n", scope)
	mac.Write(text)
	return mac.Sum(nil)[:macBytes]
}
