package authn_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// issuer serves a key set over HTTPS on loopback, and counts how often.
type issuer struct {
	*httptest.Server
	fetches atomic.Int32
	handler atomic.Pointer[http.HandlerFunc]
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	i.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		(*i.handler.Load())(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(handler http.HandlerFunc) { i.handler.Store(&handler) }

func (i *issuer) publish(t *testing.T, cacheControl string, keys ...signer) {
	t.Helper()
	set := make([]string, len(keys))
	for n, key := range keys {
		set[n] = string(encode(t, key.jwk()))
	}
	i.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", cacheControl)
		_, _ = w.Write([]byte(`{"keys":[` + strings.Join(set, ",") + `]}`))
	})
}

func (i *issuer) fail(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }

// verifier trusts what the issuer serves at its root.
func (i *issuer) verifier(t *testing.T, c *clock) *authn.Verifier {
	t.Helper()
	trust := []tenant.Trust{{Issuer: issuerName, JWKSURL: i.URL, Rules: viewers}}
	return newVerifier(t, authn.Config{Now: c.Now, HTTPClient: i.Client(), Record: records(trust)})
}

// ask verifies a token of the key, made now, and returns the kind of the error.
func ask(t *testing.T, v *authn.Verifier, key signer, c *clock) error {
	t.Helper()
	claims := goodClaims().with(object{"nbf": nil, "iat": c.Now().Unix(), "exp": c.Now().Add(time.Hour).Unix()})
	_, err := v.Verify(t.Context(), "Bearer "+key.token(t, key.header(), claims))
	for _, kind := range []error{authn.ErrUnauthenticated, authn.ErrUnavailable} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return err
}

// step is one request after some time, and what has come of it.
type step struct {
	name    string
	after   time.Duration
	key     signer
	want    error
	fetches int32 // so far
}

func walk(t *testing.T, i *issuer, v *authn.Verifier, c *clock, steps ...step) {
	t.Helper()
	for _, s := range steps {
		c.Advance(s.after)
		if got := ask(t, v, s.key, c); got != s.want {
			t.Errorf("%s: got %v, want %v", s.name, got, s.want)
		}
		if got := i.fetches.Load(); got != s.fetches {
			t.Fatalf("%s: %d fetches so far, want %d", s.name, got, s.fetches)
		}
	}
}

func TestRotatedKeyIsFetchedWithACooldown(t *testing.T) {
	t.Parallel()
	before, after, unknown := rsaSigner(t, "rs", 2048), rsaSigner(t, "other", 2048), rsaSigner(t, "third", 2048)
	i, c := newIssuer(t), newClock()
	v := i.verifier(t, c)
	i.publish(t, "max-age=3600", before)
	walk(t, i, v, c,
		step{name: "the first token", after: 0, key: before, want: nil, fetches: 1},
		step{name: "the second, from the cache", after: 0, key: before, want: nil, fetches: 1},
		step{name: "an unknown key within the minute", after: 59 * time.Second, key: after, want: authn.ErrUnauthenticated, fetches: 1},
		step{name: "an unknown key after the minute", after: time.Second, key: after, want: authn.ErrUnauthenticated, fetches: 2},
	)
	i.publish(t, "max-age=3600", before, after)
	walk(t, i, v, c,
		step{name: "the rotated key within the minute", after: 59 * time.Second, key: after, want: authn.ErrUnauthenticated, fetches: 2},
		step{name: "the rotated key after the minute", after: time.Second, key: after, want: nil, fetches: 3},
		step{name: "the old key, published still", after: 0, key: before, want: nil, fetches: 3},
		step{name: "a flood of unknown keys", after: 0, key: unknown, want: authn.ErrUnauthenticated, fetches: 3},
	)
	i.publish(t, "max-age=3600", after)
	walk(t, i, v, c,
		step{name: "the old key, withdrawn and cached", after: 4 * time.Minute, key: before, want: nil, fetches: 3},
		step{name: "the old key after five minutes", after: time.Minute, key: before, want: authn.ErrUnauthenticated, fetches: 4},
		step{name: "the new key", after: 0, key: after, want: nil, fetches: 4},
	)
}

// What an issuer says about caching must not keep a withdrawn key in use.
func TestAKeyIsRefusedTenMinutesAfterItsRemovalWhateverHappens(t *testing.T) {
	t.Parallel()
	for name, cacheControl := range map[string]string{
		"a day": "max-age=86400", "immutable": "public, max-age=31536000, immutable", "nothing": "", "no caching": "no-store",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, unknown := rsaSigner(t, "rs", 2048), rsaSigner(t, "other", 2048)
			i, c := newIssuer(t), newClock()
			v := i.verifier(t, c)
			i.publish(t, cacheControl, key)
			walk(t, i, v, c, step{name: "before its removal", after: 0, key: key, want: nil, fetches: 1})
			i.serve(i.fail)
			walk(t, i, v, c,
				step{name: "before the keys are old", after: 299 * time.Second, key: key, want: nil, fetches: 1},
				step{name: "with old keys", after: time.Second, key: key, want: nil, fetches: 2},
				step{name: "with old keys, within the minute", after: 59 * time.Second, key: key, want: nil, fetches: 2},
				step{name: "an unknown key, which nobody can judge", after: 0, key: unknown, want: authn.ErrUnavailable, fetches: 2},
				step{name: "a second before ten minutes", after: 240 * time.Second, key: key, want: nil, fetches: 3},
				step{name: "after ten minutes", after: time.Second, key: key, want: authn.ErrUnavailable, fetches: 3},
				step{name: "a flood after ten minutes", after: 8 * time.Second, key: key, want: authn.ErrUnavailable, fetches: 3},
				step{name: "ten seconds after the last fetch", after: time.Second, key: key, want: authn.ErrUnavailable, fetches: 4},
			)
			i.publish(t, cacheControl, unknown)
			walk(t, i, v, c,
				step{name: "when the issuer is well again", after: 10 * time.Second, key: key, want: authn.ErrUnauthenticated, fetches: 5},
				step{name: "the issuer's new key", after: 0, key: unknown, want: nil, fetches: 5},
			)
		})
	}
}

func TestIssuerThatNeverAnsweredIsTriedEveryTenSeconds(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	i, c := newIssuer(t), newClock()
	v := i.verifier(t, c)
	i.serve(i.fail)
	walk(t, i, v, c,
		step{name: "the first", after: 0, key: key, want: authn.ErrUnavailable, fetches: 1},
		step{name: "within ten seconds", after: 9 * time.Second, key: key, want: authn.ErrUnavailable, fetches: 1},
		step{name: "after ten seconds", after: time.Second, key: key, want: authn.ErrUnavailable, fetches: 2},
	)
	i.publish(t, "", key)
	walk(t, i, v, c, step{name: "when it is well", after: 10 * time.Second, key: key, want: nil, fetches: 3})
}

func TestConcurrentRequestsShareOneFetch(t *testing.T) {
	t.Parallel()
	const many = 32
	key := rsaSigner(t, "rs", 2048)
	i, c := newIssuer(t), newClock()
	v := i.verifier(t, c)
	var started, ended sync.WaitGroup
	started.Add(many)
	i.serve(func(w http.ResponseWriter, _ *http.Request) {
		started.Wait() // answer nobody before all have asked
		_, _ = w.Write([]byte(jwks(t, key.jwk())))
	})
	for range many {
		ended.Go(func() {
			started.Done()
			if err := ask(t, v, key, c); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	ended.Wait()
	if got := i.fetches.Load(); got != 1 {
		t.Errorf("%d fetches, want 1", got)
	}
}

func TestKeySetsThatAreRefused(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	good := jwks(t, key.jwk())
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
	}
	for name, handler := range map[string]http.HandlerFunc{
		"a redirect to where the keys are": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keys" {
				answer(good)(w, r)
				return
			}
			http.Redirect(w, r, "/keys", http.StatusFound)
		},
		"a status that is not 200": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			answer(good)(w, r)
		},
		"more than 256 KiB":     answer(good + strings.Repeat(" ", 256<<10)),
		"more than 100 keys":    answer(`{"keys":[` + strings.Repeat("{},", 100) + "{}]}"),
		"no member keys":        answer(`{}`),
		"the member keys twice": answer(`{"keys":[],` + good[1:]),
		"no JSON":               answer("<html>"),
		"nothing":               answer(""),
	} {
		i, c := newIssuer(t), newClock()
		i.serve(handler)
		if err := ask(t, i.verifier(t, c), key, c); err != authn.ErrUnavailable {
			t.Errorf("%s: got %v", name, err)
		}
		if got := i.fetches.Load(); got != 1 {
			t.Errorf("%s: %d fetches", name, got)
		}
	}
}

func TestKeyThatCannotBeReadDoesNotSpoilTheSet(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	set := strings.Replace(jwks(t, key.jwk()), `{"keys":[`, `{"keys":[{"kty":"AKP"},{"kty":"RSA","n":"!"},7,`, 1)
	v := newVerifier(t, authn.Config{Record: records(trusting(set, viewers...))})
	accepted(t, v, key.token(t, key.header(), goodClaims()))
}

func TestTrustThatCannotBeUsedIsUnavailable(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	for name, entry := range map[string]tenant.Trust{
		"inline keys that are no JSON": {JWKS: "{"},
		"a URL without TLS":            {JWKSURL: "http://127.0.0.1/keys"},
		"a URL with a password":        {JWKSURL: "https://user:password@issuer.example/keys"},
		"a file":                       {JWKSURL: "file:///etc/passwd"},
		"neither keys nor URL":         {},
		"a loopback address":           {JWKSURL: "https://127.0.0.1:1/keys"},
	} {
		entry.Issuer, entry.Rules = issuerName, viewers
		c := newClock()
		v := newVerifier(t, authn.Config{Now: c.Now, Record: records([]tenant.Trust{entry})})
		if err := ask(t, v, key, c); err != authn.ErrUnavailable {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
