package console

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// The cookies. A name with __Host- is sent to this host only, and only over TLS:
// httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html, section 4.1.3.2.
const (
	stateCookie   = "__Host-strongroom-sign-in" // SameSite=Lax, because the issuer sends the browser back
	sessionCookie = "__Host-strongroom-session" // SameSite=Strict
)

// The lifetimes of what the cookies contain.
const (
	stateAge   = 10 * time.Minute
	sessionAge = 12 * time.Hour
)

// maxCookie is the largest value of a cookie that browsers keep, less its attributes.
const maxCookie = 3900

// cookies seals what the browser stores for the console. The browser and its extensions
// cannot read it.
type cookies struct {
	key secret.String
	now func() time.Time
}

var (
	errNoKey  = errors.New("STRONGROOM_CONSOLE_COOKIE_KEY is not set")
	errCookie = errors.New("the cookie is missing, too old or not sealed with this key")
)

// sealed is the content of a cookie.
type sealed[T any] struct {
	Expires int64 `json:"x"`
	Value   T     `json:"v"`
}

func (c cookies) cipher() (cipher.AEAD, error) {
	if c.key.Empty() {
		return nil, errNoKey
	}
	key := sha256.Sum256([]byte("strongroom console cookies\n" + c.key.Reveal()))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal returns the text of a cookie. The name is authenticated too, so one cookie
// cannot be used as another.
func seal[T any](c cookies, name string, value T, age time.Duration) (string, error) {
	aead, err := c.cipher()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(sealed[T]{Expires: c.now().Add(age).Unix(), Value: value})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nil, nil, text, []byte(name))), nil
}

// unseal returns what a cookie of the request contains.
func unseal[T any](c cookies, r *http.Request, name string) (T, error) {
	var none T
	cookie, err := r.Cookie(name)
	if err != nil {
		return none, errCookie
	}
	aead, err := c.cipher()
	if err != nil {
		return none, err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookie.Value)
	if err != nil {
		return none, errCookie
	}
	text, err := aead.Open(nil, nil, raw, []byte(name))
	if err != nil {
		return none, errCookie
	}
	var value sealed[T]
	if err := json.Unmarshal(text, &value); err != nil || c.now().Unix() >= value.Expires {
		return none, errCookie
	}
	return value.Value, nil
}

// set sets a cookie of the browser. It is a session cookie: the browser forgets it when
// it is closed.
func set(w http.ResponseWriter, name, value string, site http.SameSite) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: site})
}

// remove removes a cookie from the browser.
func remove(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", Secure: true, HttpOnly: true, MaxAge: -1})
}
