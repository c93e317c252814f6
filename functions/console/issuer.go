package console

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/shared/openid"
)

// issuers reads the discovery documents of issuers, and calls them. It is safe for
// concurrent use.
type issuers struct {
	http *http.Client
	now  func() time.Time

	mu    sync.Mutex
	cache map[string]cachedProvider
}

type cachedProvider struct {
	openid.Provider
	expires time.Time
}

// discoveryAge is how long a discovery document is cached.
const discoveryAge = 10 * time.Minute

// discover returns the endpoints of an issuer.
func (i *issuers) discover(ctx context.Context, issuer string) (openid.Provider, error) {
	i.mu.Lock()
	cached, ok := i.cache[issuer]
	i.mu.Unlock()
	if ok && i.now().Before(cached.expires) {
		return cached.Provider, nil
	}
	found, err := openid.Discover(ctx, i.http, issuer)
	if err != nil {
		return openid.Provider{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cache == nil {
		i.cache = map[string]cachedProvider{}
	}
	i.cache[issuer] = cachedProvider{found, i.now().Add(discoveryAge)}
	return found, nil
}

// registration returns the console's registration at the issuer of a client.
func (h *Handler) registration(c client) openid.Client {
	registered := openid.Client{
		Issuer: c.Issuer, ID: c.ClientID, Secret: c.ClientSecret, Basic: c.Basic, Scopes: c.Scopes, Parameters: c.Parameters,
	}
	if c.SigningKey.Version != "" {
		registered.Sign = func(ctx context.Context, endpoint string) (string, error) { return h.prove(ctx, c, endpoint) }
	}
	return registered
}
