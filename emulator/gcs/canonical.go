package gcs

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// signedQuery is a query string in the form that a V4 signature covers.
type signedQuery struct {
	canonical string            // sorted and encoded again, without X-Goog-Signature
	value     map[string]string // the signature's own parameters by lower-case name
}

// signatureParameters are the query parameters of the signature itself. Google
// ignores the case of their names.
var signatureParameters = []string{
	"x-goog-algorithm", "x-goog-credential", "x-goog-date", "x-goog-expires", "x-goog-signature", "x-goog-signedheaders",
}

func parseSignedQuery(raw string) (signedQuery, error) {
	q := signedQuery{value: map[string]string{}}
	var pairs [][2]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, err := unescapePair(pair)
		if err != nil {
			return signedQuery{}, err
		}
		lower := strings.ToLower(name)
		if slices.Contains(signatureParameters, lower) {
			if _, twice := q.value[lower]; twice {
				return signedQuery{}, malformed(name, "The parameter is given twice.")
			}
			q.value[lower] = value
		}
		if lower != "x-goog-signature" {
			pairs = append(pairs, [2]string{encodeComponent(name), encodeComponent(value)})
		}
	}
	for _, name := range signatureParameters {
		if q.value[name] == "" {
			return signedQuery{}, malformed(name, "The parameter is missing.")
		}
	}
	q.canonical = joinSorted(pairs)
	return q, nil
}

func unescapePair(pair string) (name, value string, err error) {
	name, value, _ = strings.Cut(pair, "=")
	if name, err = url.QueryUnescape(name); err == nil {
		value, err = url.QueryUnescape(value)
	}
	if err != nil {
		return "", "", malformed("query", "The query string is not percent-encoded.")
	}
	return name, value, nil
}

func joinSorted(pairs [][2]string) string {
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	joined := make([]string, len(pairs))
	for i, p := range pairs {
		joined[i] = p[0] + "=" + p[1]
	}
	return strings.Join(joined, "&")
}

// canonicalPath decodes a path and encodes it again, so that the signed object is the
// served object however the client encodes its name.
func canonicalPath(escaped string) (string, error) {
	path, err := url.PathUnescape(escaped)
	if err != nil || !strings.HasPrefix(path, "/") {
		return "", reject(invalidArgument, "The path is not percent-encoded.")
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = encodeComponent(s)
	}
	return strings.Join(segments, "/"), nil
}

const upperHex = "0123456789ABCDEF"

// encodeComponent percent-encodes everything except RFC 3986's unreserved characters.
func encodeComponent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
	}
	return b.String()
}

// headerValues returns the values of a header by its lower-case name, or nil if it is
// absent. A name that is not an HTTP token is looked up unchanged.
func headerValues(h http.Header, name string) []string {
	if values, ok := h[http.CanonicalHeaderKey(name)]; ok {
		return values
	}
	return h[name]
}

// canonicalValue trims each value, replaces white space with one space and joins
// repeated headers with commas.
func canonicalValue(values []string) string {
	folded := make([]string, len(values))
	for i, v := range values {
		folded[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(folded, ",")
}
