package authn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	refreshAfter = 5 * time.Minute  // when a key set is fetched again, whatever its Cache-Control says
	discardAfter = 10 * time.Minute // when a key set is used no more, also while fetches fail
)

// restrict returns a client that follows no redirects, sends no cookies and takes
// at most fetchTimeout.
func restrict(client *http.Client) *http.Client {
	return &http.Client{
		Transport:     client.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       fetchTimeout,
	}
}

// fetchKeySet fetches a key set.
func fetchKeySet(ctx context.Context, client *http.Client, address string) (keySet, error) {
	if err := checkURL(address); err != nil {
		return keySet{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return keySet{}, fmt.Errorf("fetch key set: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return keySet{}, fmt.Errorf("fetch key set: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return keySet{}, fmt.Errorf("fetch key set: status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil {
		return keySet{}, fmt.Errorf("fetch key set: %w", err)
	}
	return parseKeySet(body)
}

func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("jwksUrl is not an https URL without a user")
	}
	return nil
}
