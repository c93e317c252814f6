package gcs

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// mutations returns copies of r with one change each, by the change.
func (r signedRequest) mutations() map[string]signedRequest {
	all := map[string]signedRequest{}
	for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", strings.ToLower(r.method), ""} {
		if method != r.method {
			m := r
			m.method = method
			all["method "+method] = m
		}
	}
	for name, path := range map[string]string{
		"longer": r.path + "x", "a slash more": r.path + "/", "a slash before": "/" + r.path, "another case": strings.ToUpper(r.path),
		"shorter": r.path[:len(r.path)-1], "escaped twice": strings.Replace(r.path, "t", "%2574", 1), "a dot": r.path + "/.",
		"a line more": r.path + "%0Ahost:evil", "root": "/",
	} {
		m := r
		m.path = path
		all["path "+name] = m
	}
	for _, host := range []string{"x" + r.host, "evil.example", "storage.googleapis.com.evil.example", ""} {
		m := r
		m.host = host
		all["host "+host] = m
	}
	maps.Copy(all, r.queryMutations())
	maps.Copy(all, r.headerMutations())
	return all
}

func (r signedRequest) queryMutations() map[string]signedRequest {
	all := map[string]signedRequest{}
	pairs := strings.Split(r.query, "&")
	with := func(what string, pairs []string) {
		m := r
		m.query = strings.Join(pairs, "&")
		all["query "+what] = m
	}
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		replace := func(with string) []string {
			changed := slices.Clone(pairs)
			changed[i] = with
			return changed
		}
		with(name+" changed", replace(name+"="+value+"1"))
		with(name+" cut", replace(name+"="+value[:len(value)-1]))
		with(name+" empty", replace(name+"="))
		with(name+" renamed", replace(name+"x="+value))
		with(name+" twice", append(slices.Clone(pairs), pair))
		with(name+" gone", slices.Delete(slices.Clone(pairs), i, i+1))
		with(name+" not escaped well", replace(name+"=%zz"))
	}
	with("one more", append(slices.Clone(pairs), "generation=1"))
	with("one more before", append([]string{"a=b"}, pairs...))
	with("none", nil)
	return all
}

func (r signedRequest) headerMutations() map[string]signedRequest {
	all := map[string]signedRequest{}
	with := func(what string, change func(http.Header)) {
		m := r
		m.header = r.header.Clone()
		change(m.header)
		all["header "+what] = m
	}
	for name, values := range r.header {
		with(name+" changed", func(h http.Header) { h[name] = []string{values[0] + "1"} })
		with(name+" empty", func(h http.Header) { h[name] = []string{""} })
		with(name+" twice", func(h http.Header) { h[name] = append(slices.Clone(values), values[0]) })
		with(name+" gone", func(h http.Header) { delete(h, name) })
		with(name+" with another line", func(h http.Header) { h[name] = []string{values[0] + "\nhost:evil"} })
	}
	with("x-goog-meta-more", func(h http.Header) { h.Set("X-Goog-Meta-More", "1") })
	with("x-goog-acl", func(h http.Header) { h.Set("X-Goog-Acl", "public-read") })
	return all
}

func TestEveryMutationOfAVectorIsRejected(t *testing.T) {
	t.Parallel()
	valid, tried := vectorSigner(t), 0
	for _, v := range vectors(t) {
		for what, r := range v.signedRequest(t).mutations() {
			tried++
			if _, err := verifySignature(r, v.Timestamp, valid); err == nil {
				t.Errorf("%s: %s: accepted", v.Description, what)
			} else if asAPIError(err).code == internalError {
				t.Errorf("%s: %s: %v", v.Description, what, err)
			}
		}
	}
	if tried < 29*50 {
		t.Errorf("only %d mutations were tried", tried)
	}
}

func TestAnotherAccountsSignatureIsRejected(t *testing.T) {
	t.Parallel()
	valid := vectorSigner(t)
	for _, v := range vectors(t) {
		r := v.signedRequest(t)
		r.query = strings.Replace(r.query, "test-iam-credentials", "other", 1)
		if _, err := verifySignature(r, v.Timestamp, valid); !hasCode(err, signatureMismatch) {
			t.Errorf("%s: got %v", v.Description, err)
		}
	}
}

func TestPortOfTheHostMayBeSignedOrNot(t *testing.T) {
	t.Parallel()
	r := vectors(t)[0].signedRequest(t)
	r.host = "storage.googleapis.com:8443"
	s, err := parseSignature(r)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"storage.googleapis.com", "storage.googleapis.com:8443"}
	if !slices.Equal(s.hosts, want) || s.stringFor[want[0]] == s.stringFor[want[1]] {
		t.Errorf("hosts %v", s.hosts)
	}
}

func TestMalformedSignaturesNameTheParameter(t *testing.T) {
	t.Parallel()
	r := vectors(t)[0].signedRequest(t)
	for name, test := range map[string]struct{ parameter, value string }{
		"another algorithm":               {"X-Goog-Algorithm", "GOOG4-HMAC-SHA256"},
		"a date without seconds":          {"X-Goog-Date", "20190201T0900Z"},
		"a date of no month":              {"X-Goog-Date", "20191301T090000Z"},
		"a lifetime of nothing":           {"X-Goog-Expires", "0"},
		"a lifetime below nothing":        {"X-Goog-Expires", "-1"},
		"a lifetime over seven days":      {"X-Goog-Expires", "604801"},
		"a lifetime beyond numbers":       {"X-Goog-Expires", "99999999999999999999"},
		"a lifetime with a plus":          {"X-Goog-Expires", "+10"},
		"a signature that is not hex":     {"X-Goog-Signature", "xyz"},
		"a credential of another day":     {"X-Goog-Credential", "a@b/20190202/auto/storage/goog4_request"},
		"a credential of another service": {"X-Goog-Credential", "a@b/20190201/auto/s3/goog4_request"},
		"a credential of another kind":    {"X-Goog-Credential", "a@b/20190201/auto/storage/aws4_request"},
		"a credential without location":   {"X-Goog-Credential", "a@b/20190201//storage/goog4_request"},
		"a credential without account":    {"X-Goog-Credential", "/20190201/auto/storage/goog4_request"},
		"a credential with a part more":   {"X-Goog-Credential", "a@b/20190201/auto/storage/goog4_request/x"},
		"headers without host":            {"X-Goog-SignedHeaders", "content-type"},
		"headers not sorted":              {"X-Goog-SignedHeaders", "x-a;host"},
		"headers twice":                   {"X-Goog-SignedHeaders", "host;host"},
		"headers in upper case":           {"X-Goog-SignedHeaders", "Host"},
		"headers with an empty name":      {"X-Goog-SignedHeaders", ";host"},
		"a header that is not sent":       {"X-Goog-SignedHeaders", "host;x-goog-hash"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, err := url.ParseQuery(r.query)
			if err != nil {
				t.Fatal(err)
			}
			q.Set(test.parameter, test.value)
			changed := r
			changed.query = q.Encode()
			if _, err := parseSignature(changed); !hasCode(err, malformedHeader) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// hasCode reports whether err is an error with this code.
func hasCode(err error, c code) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.code == c
}
