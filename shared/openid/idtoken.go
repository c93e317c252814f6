package openid

import (
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Leeway is how far the clocks of the issuer and of this program may differ. The API allows
// the same.
const Leeway = time.Minute

// Claims are what this package reads of an ID token: OpenID Connect Core 1.0, section 2.
type Claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience Audience `json:"aud"`
	Party    string   `json:"azp"`
	Expires  float64  `json:"exp"`
	Issued   float64  `json:"iat"`
	From     float64  `json:"nbf"`
	Nonce    string   `json:"nonce"`
	Name     string   `json:"name"`
	Email    string   `json:"email"`
}

// ExpireTime returns the time at which the token expires.
func (c Claims) ExpireTime() time.Time { return toTime(c.Expires) }

// toTime converts a NumericDate of RFC 7519. One that no clock shows is the zero time.
func toTime(seconds float64) time.Time {
	if math.IsNaN(seconds) || seconds < 0 || seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// Audience is one text or a list of texts.
type Audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *Audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = Audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// Check is what an ID token is checked against.
type Check struct {
	Now   time.Time
	Nonce string // of the sign-in; empty: the token is of no new sign-in
}

// ParseClaims returns the claims of a JWT. It checks nothing.
func ParseClaims(token string) (Claims, error) {
	var claims Claims
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		return Claims{}, fmt.Errorf("%w: the ID token is not a JWT", ErrProvider)
	}
	text, err := base64.RawURLEncoding.DecodeString(segments[1])
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return Claims{}, fmt.Errorf("%w: the ID token is not a JWT", ErrProvider)
	}
	return claims, nil
}

// IDToken returns the claims of an ID token that an issuer returned to a client.
func (k Check) IDToken(token string, c Client) (Claims, error) {
	claims, err := ParseClaims(token)
	if err != nil {
		return Claims{}, err
	}
	wrong := ""
	switch expires := claims.ExpireTime(); {
	case claims.Issuer != c.Issuer:
		wrong = "is of another issuer"
	case len(claims.Audience) != 1 || claims.Audience[0] != c.ID || (claims.Party != "" && claims.Party != c.ID):
		wrong = "is for another client, or for several"
	case claims.Subject == "":
		wrong = "has no subject"
	case k.Nonce != "" && claims.Nonce != k.Nonce:
		wrong = "is of another sign-in"
	case claims.Issued <= 0:
		wrong = "has no time of issue"
	case !k.Now.Add(-Leeway).Before(expires):
		wrong = "is expired; compare the clocks"
	case toTime(claims.Issued).After(k.Now.Add(Leeway)), toTime(claims.From).After(k.Now.Add(Leeway)):
		wrong = "is not valid yet; compare the clocks"
	}
	if wrong != "" {
		return Claims{}, fmt.Errorf("%w: the ID token %s", ErrProvider, wrong)
	}
	return claims, nil
}
