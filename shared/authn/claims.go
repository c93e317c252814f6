package authn

import (
	"math"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	leeway      = 60 * time.Second // for differences between clocks
	maxLifetime = 24 * time.Hour   // between iat and exp
	lastSecond  = 253402300799     // 9999-12-31T23:59:59Z, the last second that RFC 3339 can express
)

// claims are the claims of a token, or the members of an object in them, by name.
type claims map[string]jsontext.Value

// parseClaims rejects duplicate names at any depth, and invalid UTF-8.
func parseClaims(payload []byte) (claims, bool) {
	var c claims
	err := json.Unmarshal(payload, &c)
	return c, err == nil && c != nil
}

// text returns a claim that is a string.
func (c claims) text(name string) (string, bool) { return unquote(c[name]) }

// only returns the single value of a claim that is a string or an array of one
// string.
func (c claims) only(name string) (string, bool) {
	if c[name].Kind() != '[' {
		return c.text(name)
	}
	elements := array(c[name])
	if len(elements) != 1 {
		return "", false
	}
	return unquote(elements[0])
}

// moment returns a NumericDate (RFC 7519, section 2). It returns the zero time if
// the claim is absent, and false if it is not a NumericDate.
func (c claims) moment(name string) (t time.Time, ok bool) {
	value, present := c[name]
	if !present {
		return time.Time{}, true
	}
	var seconds float64
	if value.Kind() != '0' || json.Unmarshal(value, &seconds) != nil || seconds < 0 || seconds > lastSecond {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*float64(time.Second))), true
}

func (c claims) checkTimes(now time.Time) error {
	issued, okIssued := c.moment("iat")
	starts, okStarts := c.moment("nbf")
	ends, okEnds := c.moment("exp")
	switch {
	case !okIssued || !okStarts || !okEnds || issued.IsZero() || ends.IsZero():
		return errTimes
	case !now.Before(ends.Add(leeway)):
		return errExpired
	case issued.After(now.Add(leeway)):
		return errFuture
	case starts.After(now.Add(leeway)):
		return errEarly
	case ends.Sub(issued) > maxLifetime+leeway:
		return errLifetime
	}
	return nil
}

// object returns the members of a claim that is an object, and otherwise none.
func (c claims) object(name string) claims {
	value := c[name]
	if value.Kind() != '{' {
		return nil
	}
	nested, _ := parseClaims(value)
	return nested
}

func array(value jsontext.Value) []jsontext.Value {
	var elements []jsontext.Value
	if json.Unmarshal(value, &elements) != nil {
		return nil
	}
	return elements
}

func unquote(value jsontext.Value) (string, bool) {
	if value.Kind() != '"' {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, value)
	return string(text), err == nil
}
