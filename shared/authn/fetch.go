package authn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	minAge       = 5 * time.Minute
	defaultAge   = time.Hour // if the response has no max-age
	maxAge       = 24 * time.Hour
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

// fetchKeySet fetches a key set. It also returns how long it may be cached.
func fetchKeySet(ctx context.Context, client *http.Client, address string) (keySet, time.Duration, error) {
	if err := checkURL(address); err != nil {
		return nil, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch key set: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch key set: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("fetch key set: status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil {
		return nil, 0, fmt.Errorf("fetch key set: %w", err)
	}
	keys, err := parseKeySet(body)
	return keys, age(response.Header.Get("Cache-Control")), err
}

func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("jwksUrl is not an https URL without a user")
	}
	return nil
}

// age returns the max-age of a Cache-Control header (RFC 9111, section 5.2.2.1),
// limited to minAge and maxAge. For no-store and no-cache, it returns minAge.
func age(cacheControl string) time.Duration {
	asked := defaultAge
	for directive := range strings.SplitSeq(strings.ToLower(cacheControl), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case "no-store", "no-cache":
			return minAge
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				asked = time.Duration(seconds) * time.Second
			}
		}
	}
	return min(max(asked, minAge), maxAge)
}
