// Package bucket reads and writes objects that never change: objects that are
// created once, with the same bytes by whoever creates them.
package bucket

import (
	"context"
	"fmt"
	"net/http"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// maxAttempts bounds how often the client sends one request. Without a bound, it
// retries until the context ends.
const maxAttempts = 4

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
	client.SetRetry(storage.WithMaxAttempts(maxAttempts))
	return client, nil
}
