package gcs

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// vector is one of the signing vectors that Google's storage module ships.
type vector struct {
	Description         string            `json:"description"`
	Bucket              string            `json:"bucket"`
	Object              string            `json:"object"`
	Method              string            `json:"method"`
	Timestamp           time.Time         `json:"timestamp"`
	ExpectedURL         string            `json:"expectedUrl"`
	Headers             map[string]string `json:"headers"`
	BoundHostname       string            `json:"bucketBoundHostname"`
	ExpectedCanonical   string            `json:"expectedCanonicalRequest"`
	ExpectedStringToBe  string            `json:"expectedStringToSign"`
	ExpectedSigningTest string            `json:"-"`
}

// conformance reads a file of the storage module's own directory.
func conformance(t testing.TB, name string) []byte {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "cloud.google.com/go/storage").Output()
	if err != nil {
		t.Fatalf("find the storage module: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "internal/test/conformance", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func vectors(t testing.TB) []vector {
	t.Helper()
	var file struct {
		Tests []vector `json:"signingV4Tests"`
	}
	if err := json.Unmarshal(conformance(t, "v4_signatures.json"), &file); err != nil {
		t.Fatal(err)
	}
	return file.Tests
}

// vectorSigner verifies by the key that signed the vectors.
func vectorSigner(t testing.TB) verifier {
	t.Helper()
	var file struct {
		Email string `json:"client_email"`
		Key   string `json:"private_key"`
	}
	if err := json.Unmarshal(conformance(t, "service-account"), &file); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(file.Key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public := &parsed.(*rsa.PrivateKey).PublicKey
	return func(account string, digest, signature []byte) bool {
		return account == file.Email && rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, signature) == nil
	}
}

// signedRequest returns the vector in the form that a client sends.
func (v vector) signedRequest(t testing.TB) signedRequest {
	t.Helper()
	u, err := url.Parse(v.ExpectedURL)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for name, value := range v.Headers {
		if strings.ContainsRune(name, '/') {
			h[name] = []string{value} // not an HTTP token, so only the verifier reads it
		} else {
			h.Set(name, value)
		}
	}
	return signedRequest{method: v.Method, host: u.Host, path: u.EscapedPath(), query: u.RawQuery, header: h}
}

func TestEveryVectorIsAccepted(t *testing.T) {
	t.Parallel()
	all, valid := vectors(t), vectorSigner(t)
	if len(all) != 29 {
		t.Fatalf("%d vectors, want 29", len(all))
	}
	for _, v := range all {
		t.Run(v.Description, func(t *testing.T) {
			t.Parallel()
			r := v.signedRequest(t)
			s, err := verifySignature(r, v.Timestamp, valid)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.stringFor[s.hosts[0]]; got != v.ExpectedStringToBe {
				t.Errorf("string to sign:\n%s\nwant:\n%s", got, v.ExpectedStringToBe)
			}
			bucket, object, err := resource(r.host, r.path, map[string]string{v.BoundHostname: v.Bucket})
			if err != nil || bucket != v.Bucket || object != v.Object {
				t.Errorf("names bucket %q object %q (%v), want %q %q", bucket, object, err, v.Bucket, v.Object)
			}
		})
	}
}

func TestVectorsExpireAndDoNotStartEarly(t *testing.T) {
	t.Parallel()
	valid := vectorSigner(t)
	v := vectors(t)[0] // lives ten seconds
	for name, test := range map[string]struct {
		after time.Duration
		want  code
	}{
		"15 minutes before its date":     {-15 * time.Minute, ""},
		"more than 15 minutes before it": {-15*time.Minute - time.Second, timeTooSkewed},
		"in its last second":             {10*time.Second - time.Nanosecond, ""},
		"when its lifetime is over":      {10 * time.Second, expiredToken},
		"a year later":                   {365 * 24 * time.Hour, expiredToken},
		"a year before":                  {-365 * 24 * time.Hour, timeTooSkewed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verifySignature(v.signedRequest(t), v.Timestamp.Add(test.after), valid)
			if test.want == "" && err != nil || test.want != "" && !hasCode(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
