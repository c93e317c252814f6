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

// ask verifies a token of the key, made now, and gives the kind of the error.
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
		step{"the first token", 0, before, nil, 1},
		step{"the second, from the cache", 0, before, nil, 1},
		step{"an unknown key within the minute", 59 * time.Second, after, authn.ErrUnauthenticated, 1},
		step{"an unknown key after the minute", time.Second, after, authn.ErrUnauthenticated, 2},
	)
	i.publish(t, "max-age=3600", before, after)
	walk(t, i, v, c,
		step{"the rotated key within the minute", 59 * time.Second, after, authn.ErrUnauthenticated, 2},
		step{"the rotated key after the minute", time.Second, after, nil, 3},
		step{"the old key, published still", 0, before, nil, 3},
		step{"a flood of unknown keys", 0, unknown, authn.ErrUnauthenticated, 3},
	)
	i.publish(t, "max-age=3600", after)
	walk(t, i, v, c,
		step{"the old key, withdrawn and cached", 30 * time.Minute, before, nil, 3},
		step{"the old key after its age", 30 * time.Minute, before, authn.ErrUnauthenticated, 4},
		step{"the new key", 0, after, nil, 4},
	)
}

func TestStaleKeysServeForADayWhileFetchesFail(t *testing.T) {
	t.Parallel()
	key, unknown := rsaSigner(t, "rs", 2048), rsaSigner(t, "other", 2048)
	i, c := newIssuer(t), newClock()
	v := i.verifier(t, c)
	i.publish(t, "max-age=300", key)
	walk(t, i, v, c, step{"while the issuer is well", 0, key, nil, 1})
	i.serve(i.fail)
	walk(t, i, v, c,
		step{"before the keys are old", 299 * time.Second, key, nil, 1},
		step{"with old keys", time.Second, key, nil, 2},
		step{"with old keys, within the minute", 59 * time.Second, key, nil, 2},
		step{"an unknown key, which nobody can judge", 0, unknown, authn.ErrUnavailable, 2},
		step{"a second before the day is over", 24*time.Hour - 60*time.Second, key, nil, 3},
		step{"after a day", time.Second, key, authn.ErrUnavailable, 3},
	)
	i.publish(t, "max-age=300", key)
	walk(t, i, v, c, step{"when the issuer is well again", time.Minute, key, nil, 4})
}

func TestIssuerThatNeverAnsweredIsTriedEveryTenSeconds(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	i, c := newIssuer(t), newClock()
	v := i.verifier(t, c)
	i.serve(i.fail)
	walk(t, i, v, c,
		step{"the first", 0, key, authn.ErrUnavailable, 1},
		step{"within ten seconds", 9 * time.Second, key, authn.ErrUnavailable, 1},
		step{"after ten seconds", time.Second, key, authn.ErrUnavailable, 2},
	)
	i.publish(t, "", key)
	walk(t, i, v, c, step{"when it is well", 10 * time.Second, key, nil, 3})
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
