package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/semaphore"
)

const (
	// MaxMemory limits the memory in bytes that all requests of a process need at
	// the same time, by estimate. The heap grows to twice of what is in use before it
	// is collected, so MaxMemory keeps any number of requests at once within 400 of
	// the 512 MiB of an instance.
	MaxMemory = 160 << 20

	// memoryPerBodyByte is what a body costs while its handler seals and stores it.
	memoryPerBodyByte = 10

	// turnTimeout limits how long a request waits for others to finish.
	turnTimeout = 5 * time.Second
)

// memoryKey is the key of an operation's memory in its metadata.
const memoryKey = "memory"

// WithMemory returns op with the memory in bytes that one request of it needs, in
// addition to that for its body: what it reads and its response. Without it, a
// request may need 2 MiB. A request reserves its memory before its handler runs.
// If others have reserved too much, it waits for 5 seconds and then gets a 503.
func WithMemory(op huma.Operation, bytes int64) huma.Operation {
	metadata := map[string]any{memoryKey: min(bytes, MaxMemory)}
	for name, value := range op.Metadata {
		metadata[name] = value
	}
	op.Metadata = metadata
	return op
}

// memoryOf returns what WithMemory set.
func memoryOf(op huma.Operation) int64 {
	bytes, _ := op.Metadata[memoryKey].(int64)
	return bytes
}

// reservation is what one request has reserved of the memory of its process.
type reservation struct {
	of    *semaphore.Weighted
	bytes int64
}

// add reserves more. It waits until other requests leave enough, and returns a 503
// if they do not.
func (r *reservation) add(ctx context.Context, bytes int64) error {
	if bytes == 0 {
		return nil // the semaphore would let it wait for its turn
	}
	ctx, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	if r.of.Acquire(ctx, bytes) != nil {
		return Refuse(http.StatusServiceUnavailable, busyText).With("Retry-After", "2")
	}
	r.bytes += bytes
	return nil
}

func (r *reservation) release() { r.of.Release(r.bytes) }
