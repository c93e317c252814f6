package gcs

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The V4 signing process follows
// cloud.google.com/storage/docs/authentication/signatures and
// cloud.google.com/storage/docs/authentication/canonical-requests.
const (
	signingAlgorithm = "GOOG4-RSA-SHA256"
	signingDate      = "20060102T150405Z"
	scopeDate        = "20060102"
	unsignedPayload  = "UNSIGNED-PAYLOAD"
	payloadHeader    = "x-goog-content-sha256"

	maxSignatureLife = 604800 * time.Second // seven days
	maxSignatureSkew = 15 * time.Minute     // how far X-Goog-Date may be in the future
)

// signedRequest is what a V4 signature covers, as it was received.
type signedRequest struct {
	method string
	host   string // with or without port
	path   string // percent-encoded
	query  string // without the question mark
	header http.Header
}

// verifier reports whether signature is a signature of digest (SHA-256) by a current
// key of account.
type verifier func(account string, digest, signature []byte) bool

// signature is a parsed V4 signature with what it covers.
type signature struct {
	account   string
	signed    time.Time
	lifetime  time.Duration
	payload   string   // UNSIGNED-PAYLOAD, or the SHA-256 in hex that the body must have
	hosts     []string // the forms of the host that the signer may have used
	stringFor map[string]string
	value     []byte
	headers   []string // lower case, sorted
}

// isSigned reports whether a raw query contains a V4 signature.
func isSigned(query string) bool {
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(strings.ToLower(name), "x-goog-") {
			return true
		}
	}
	return false
}

// verifySignature verifies a request, with Google's errors. It returns the account that
// signed and the hash that the body must have.
func verifySignature(r signedRequest, now time.Time, valid verifier) (signature, error) {
	s, err := parseSignature(r)
	if err != nil {
		return signature{}, err
	}
	if err := s.checkTime(now); err != nil {
		return signature{}, err
	}
	for _, host := range s.hosts {
		digest := sha256.Sum256([]byte(s.stringFor[host]))
		if valid(s.account, digest[:], s.value) {
			return s, nil
		}
	}
	return signature{}, reject(signatureMismatch, "The request signature we calculated does not match the signature you provided. Check your Google secret key and signing method.")
}

func (s signature) checkTime(now time.Time) error {
	if s.signed.Sub(now) > maxSignatureSkew {
		return reject(timeTooSkewed, "Request is dated %s, too far ahead.", s.signed.Format(time.RFC3339))
	}
	if end := s.signed.Add(s.lifetime); !now.Before(end) {
		return reject(expiredToken, "The provided token has expired. Request signature expired at: %s", end.Format(time.RFC3339))
	}
	return nil
}

// parseSignature parses and checks everything except the time and the RSA signature.
func parseSignature(r signedRequest) (signature, error) {
	q, err := parseSignedQuery(r.query)
	if err != nil {
		return signature{}, err
	}
	var s signature
	scope, err := s.readParameters(q)
	if err != nil {
		return signature{}, err
	}
	path, err := canonicalPath(r.path)
	if err != nil {
		return signature{}, err
	}
	if err := s.readHeaders(q.value["x-goog-signedheaders"], r.header); err != nil {
		return signature{}, err
	}
	s.hosts = hostSpellings(r.host)
	s.stringFor = make(map[string]string, len(s.hosts))
	for _, host := range s.hosts {
		canonical := s.canonicalRequest(r, path, q.canonical, host)
		s.stringFor[host] = stringToSign(s.signed, scope, canonical)
	}
	return s, nil
}

func (s *signature) canonicalRequest(r signedRequest, path, query, host string) string {
	var b strings.Builder
	b.WriteString(r.method + "\n" + path + "\n" + query + "\n")
	for _, name := range s.headers {
		value := host
		if name != "host" {
			value = canonicalValue(headerValues(r.header, name))
		}
		b.WriteString(name + ":" + value + "\n")
	}
	b.WriteString("\n" + strings.Join(s.headers, ";") + "\n" + s.payload)
	return b.String()
}

func stringToSign(signed time.Time, scope, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return signingAlgorithm + "\n" + signed.Format(signingDate) + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
}

// hostSpellings returns the host with and without its port, because Google's Go client
// signs only the name, whatever port it sends.
func hostSpellings(host string) []string {
	name := (&url.URL{Host: host}).Hostname()
	if name == host || name == "" {
		return []string{host}
	}
	return []string{name, host}
}

var location = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// readParameters checks the algorithm, credential, date, lifetime and signature. It
// returns the credential's scope.
func (s *signature) readParameters(q signedQuery) (scope string, err error) {
	if q.value["x-goog-algorithm"] != signingAlgorithm {
		return "", malformed("X-Goog-Algorithm", "Only %s is supported.", signingAlgorithm)
	}
	if s.signed, err = time.Parse(signingDate, q.value["x-goog-date"]); err != nil || s.signed.Format(signingDate) != q.value["x-goog-date"] {
		return "", malformed("X-Goog-Date", "The date must look like %s.", signingDate)
	}
	if s.lifetime, err = readLifetime(q.value["x-goog-expires"]); err != nil {
		return "", err
	}
	if s.value, err = hex.DecodeString(q.value["x-goog-signature"]); err != nil || len(s.value) == 0 {
		return "", malformed("X-Goog-Signature", "Signature was not hex encoded.")
	}
	return s.readCredential(q.value["x-goog-credential"])
}

func readLifetime(text string) (time.Duration, error) {
	seconds, err := strconv.Atoi(text)
	life := time.Duration(seconds) * time.Second
	if err != nil || strconv.Itoa(seconds) != text || seconds < 1 || seconds > int(maxSignatureLife/time.Second) {
		return 0, malformed("X-Goog-Expires", "The lifetime must be 1 to 604800 seconds.")
	}
	return life, nil
}

func (s *signature) readCredential(credential string) (scope string, err error) {
	account, scope, _ := strings.Cut(credential, "/")
	parts := strings.Split(scope, "/")
	if account == "" || len(parts) != 4 || !location.MatchString(parts[1]) || parts[2] != "storage" || parts[3] != "goog4_request" {
		return "", malformed("X-Goog-Credential", "The credential must be ACCOUNT/YYYYMMDD/LOCATION/storage/goog4_request.")
	}
	if parts[0] != s.signed.Format(scopeDate) {
		return "", malformed("X-Goog-Credential", "The credential's date is not that of X-Goog-Date.")
	}
	s.account = account
	return scope, nil
}

// readHeaders checks the list of signed headers against the request. All of them must
// be present, and every x-goog- header must be signed.
func (s *signature) readHeaders(list string, h http.Header) error {
	s.headers = strings.Split(list, ";")
	for i, name := range s.headers {
		if name == "" || name != strings.ToLower(name) || i > 0 && s.headers[i-1] >= name {
			return malformed("X-Goog-SignedHeaders", "Signed headers must be lower case, sorted and unique.")
		}
		if name != "host" && headerValues(h, name) == nil {
			return malformed(name, "Header was included in signedheaders, but not in the request.")
		}
	}
	if !slices.Contains(s.headers, "host") {
		return malformed("X-Goog-SignedHeaders", "The host header must be signed.")
	}
	if err := s.rejectUnsigned(h); err != nil {
		return err
	}
	return s.readPayload(h)
}

func (s *signature) rejectUnsigned(h http.Header) error {
	for name := range h {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-goog-") && !slices.Contains(s.headers, lower) {
			return malformed(lower, "Header was included in the request, but not in signedheaders.")
		}
	}
	return nil
}

func (s *signature) readPayload(h http.Header) error {
	s.payload = unsignedPayload
	if slices.Contains(s.headers, payloadHeader) {
		s.payload = canonicalValue(headerValues(h, payloadHeader))
	}
	if s.payload == "" {
		return malformed(payloadHeader, "The payload hash is empty.")
	}
	return nil
}

func malformed(parameter, format string, args ...any) error {
	return reject(malformedHeader, format, args...).about(parameter)
}
