package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Storage is the last verification of the tenant's storage.
type Storage struct {
	ID        string         `json:"id"`
	Component string         `json:"component"` // what the bucket is for: outputs or exports
	Bucket    string         `json:"bucket"`
	Key       string         `json:"key"` // that must encrypt the bucket
	Current   bool           `json:"current"`
	Result    string         `json:"result"` // usable, unusable, waiting or interrupted
	Started   time.Time      `json:"started"`
	Finished  *time.Time     `json:"finished,omitempty"` // nil: not yet
	Probe     string         `json:"probe,omitempty"`    // name of the object that the verification created; empty: none
	Checks    []StorageCheck `json:"checks"`
}

// StorageCheck is one check of a bucket.
type StorageCheck struct {
	ID     string `json:"id"`
	Result string `json:"result"` // ok, failed, not-checked or waiting
	Seen   string `json:"seen"`
	Fix    string `json:"fix,omitempty"`
}

// StorageUnusable is the result of a verification with a check that failed.
const StorageUnusable = "unusable"

// Storage reads the last verification of the tenant's bucket for a component: outputs or exports.
func (c *Client) Storage(ctx context.Context, component string) (s Storage, err error) {
	r := request{what: "read the verification of the storage", method: http.MethodGet, path: "/v1/tenant/storage", query: url.Values{"component": {component}}}
	err = c.call(ctx, r, &s)
	return s, err
}

// VerifyStorage verifies a bucket for a component that must be under a key. An empty name means the
// bucket, or the key, that the tenant's record has. It is not safe to retry: each call leaves an
// object in a bucket for output.
func (c *Client) VerifyStorage(ctx context.Context, component, bucket, key string) (s Storage, err error) {
	r := request{what: "verify the storage", method: http.MethodPost, path: "/v1/tenant/storage/verify"}
	r.in = struct {
		Component string `json:"component"`
		Bucket    string `json:"bucket,omitempty"`
		Key       string `json:"key,omitempty"`
	}{component, bucket, key}
	err = c.call(ctx, r, &s)
	return s, err
}
