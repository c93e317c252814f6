// Package bucket reads and writes objects that never change: objects that are
// created once, with the same bytes by whoever creates them.
package bucket

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/option"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// maxAttempts bounds how often the client sends one request. Without a bound, it
// retries until the context ends.
const maxAttempts = 4

// firstBackoff is the wait before the first retry. The client's default is a
// second, which is long for an object of a few kilobytes.
const firstBackoff = 50 * time.Millisecond

// NewClient returns a client of Cloud Storage, or of the emulator that config
// names. Close it when it is not needed any more; clients.OnClose can do that.
func NewClient(ctx context.Context, config gcp.Config) (*storage.Client, error) {
	var options []option.ClientOption
	if config.StorageHost != "" {
		options = []option.ClientOption{
			option.WithEndpoint("http://" + config.StorageHost + "/storage/v1/"),
			option.WithHTTPClient(&http.Client{Transport: config.Transport()}),
		}
	}
	client, err := storage.NewClient(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to storage: %w", err)
	}
	client.SetRetry(storage.WithMaxAttempts(maxAttempts), storage.WithBackoff(gax.Backoff{Initial: firstBackoff}))
	return client, nil
}
