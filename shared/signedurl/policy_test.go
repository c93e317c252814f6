package signedurl_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/signedurl"
)

const account = "sign-acme@project.iam.gserviceaccount.com"

var key = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func goodPolicy() signedurl.Policy {
	sum := uint32(0x353dd8be)
	return signedurl.Policy{
		Bucket: "acme-outputs", Object: "prod/run/stdout log/00001", ContentType: "text/plain; charset=utf-8",
		MaxBytes: 6, CRC32C: &sum, Expires: time.Now().Add(10 * time.Minute),
	}
}

// spy signs, and keeps what it was given to sign.
type spy struct {
	signedurl.Signer
	payload []byte
}

func (s *spy) Sign(ctx context.Context, payload []byte) ([]byte, error) {
	s.payload = payload
	return s.Signer.Sign(ctx, payload)
}

func TestMintSignsEveryHeader(t *testing.T) {
	t.Parallel()
	signer := &spy{Signer: signedurl.NewLocal(key(), account)}
	p := goodPolicy()
	u, err := signedurl.Minter{}.Mint(t.Context(), signer, p)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"content-type": "text/plain; charset=utf-8", "x-goog-if-generation-match": "0",
		"x-goog-content-length-range": "0,6", "x-goog-hash": "crc32c=NT3Yvg==",
	}
	if diff := cmp.Diff(want, u.Headers); diff != "" {
		t.Errorf("headers: %s", diff)
	}
	parsed, err := url.Parse(u.URL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if got := parsed.Scheme + "://" + parsed.Host + parsed.EscapedPath(); got != "https://storage.googleapis.com/acme-outputs/prod/run/stdout%20log/00001" {
		t.Errorf("URL is of %s", got)
	}
	q := parsed.Query()
	if got := q.Get("X-Goog-SignedHeaders"); got != "content-type;host;x-goog-content-length-range;x-goog-hash;x-goog-if-generation-match" {
		t.Errorf("signed headers: %s", got)
	}
	if !strings.HasPrefix(q.Get("X-Goog-Credential"), account+"/") || u.Method != "PUT" {
		t.Errorf("credential %s, method %s", q.Get("X-Goog-Credential"), u.Method)
	}
	signature, err := hex.DecodeString(q.Get("X-Goog-Signature"))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(signer.payload)
	if err := rsa.VerifyPKCS1v15(&key().PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		t.Errorf("signature: %v", err)
	}
}

func TestMintEndsNoLaterThanItSays(t *testing.T) {
	t.Parallel()
	signer := signedurl.NewLocal(key(), account) // makes a key, which takes its time
	for _, life := range []time.Duration{10 * time.Second, time.Minute, 14*time.Minute + 59*time.Second + 999*time.Millisecond} {
		p := goodPolicy()
		now := time.Now()
		p.Expires = now.Add(life)
		u, err := signedurl.Minter{Now: func() time.Time { return now }}.Mint(t.Context(), signer, p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := url.Parse(u.URL.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		signed, err := time.Parse("20060102T150405Z", q.Query().Get("X-Goog-Date"))
		if err != nil {
			t.Fatal(err)
		}
		seconds, err := time.ParseDuration(q.Query().Get("X-Goog-Expires") + "s")
		if err != nil {
			t.Fatal(err)
		}
		end := signed.Add(seconds)
		if seconds <= 0 || end.Before(u.Expires) || end.After(p.Expires) {
			t.Errorf("the URL ends %s after %s; it says %s, and may till %s", seconds, signed, u.Expires, p.Expires)
		}
	}
}

func TestMintRefusesAPolicyThatPermitsTooMuch(t *testing.T) {
	t.Parallel()
	if _, err := (signedurl.Minter{}).Mint(t.Context(), signedurl.NewLocal(key(), account), signedurl.Policy{}); err == nil {
		t.Error("the zero policy permits something")
	}
	for name, change := range map[string]func(*signedurl.Policy){
		"no bucket":                             func(p *signedurl.Policy) { p.Bucket = "" },
		"a bucket with a path":                  func(p *signedurl.Policy) { p.Bucket = "acme-outputs/prod" },
		"no object":                             func(p *signedurl.Policy) { p.Object = "" },
		"an object's name of 1,025 bytes":       func(p *signedurl.Policy) { p.Object = strings.Repeat("a", 1025) },
		"an object's name of two lines":         func(p *signedurl.Policy) { p.Object = "a\nb" },
		"an object's name in invalid UTF-8":     func(p *signedurl.Policy) { p.Object = "a\xff" },
		"no content type":                       func(p *signedurl.Policy) { p.ContentType = "" },
		"a content type that brings a header":   func(p *signedurl.Policy) { p.ContentType = "text/plain\nx-goog-acl:public-read" },
		"a content type with two spaces":        func(p *signedurl.Policy) { p.ContentType = "text/plain;  a=b" },
		"a content type with a space at an end": func(p *signedurl.Policy) { p.ContentType = "text/plain " },
		"a content type that is not ASCII":      func(p *signedurl.Policy) { p.ContentType = "text/plän" },
		"a negative size":                       func(p *signedurl.Policy) { p.MaxBytes = -1 },
		"no end":                                func(p *signedurl.Policy) { p.Expires = time.Time{} },
		"an end in the past":                    func(p *signedurl.Policy) { p.Expires = time.Now().Add(-time.Second) },
		"less than two seconds":                 func(p *signedurl.Policy) { p.Expires = time.Now().Add(1900 * time.Millisecond) },
		"more than 15 minutes":                  func(p *signedurl.Policy) { p.Expires = time.Now().Add(15*time.Minute + time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := goodPolicy()
			change(&p)
			signer := &spy{Signer: signedurl.NewLocal(key(), account)}
			u, err := signedurl.Minter{}.Mint(t.Context(), signer, p)
			if err == nil || !u.URL.Empty() || signer.payload != nil {
				t.Errorf("error %v, signed %q", err, signer.payload)
			}
		})
	}
}

func TestMintPassesOnThatItWasNotSigned(t *testing.T) {
	t.Parallel()
	broken := errors.New("no signature")
	u, err := signedurl.Minter{}.Mint(t.Context(), failing{broken}, goodPolicy())
	if !errors.Is(err, broken) || !u.URL.Empty() {
		t.Errorf("got %v, %v", u, err)
	}
}

type failing struct{ err error }

func (failing) Account() string                                { return account }
func (f failing) Sign(context.Context, []byte) ([]byte, error) { return nil, f.err }

func TestLaw8UploadPrintsWithoutItsURL(t *testing.T) {
	t.Parallel()
	u, err := signedurl.Minter{}.Mint(t.Context(), signedurl.NewLocal(key(), account), goodPolicy())
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("minted", "upload", u, "pointer", &u)
	encoded, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ u signedurl.Upload }{u}
	shown := fmt.Sprintf("%v %+v %#v %s %v %+v %#v", u, u, u, u.URL, hidden, &hidden, hidden) + log.String() + string(encoded)
	if strings.Contains(shown, "X-Goog-Signature") || strings.Contains(shown, "storage.googleapis.com") {
		t.Errorf("it shows the URL: %s", shown)
	}
}
