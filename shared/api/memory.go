package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
)

// memoryPerBodyByte is what a body costs while its handler seals and stores it.
const memoryPerBodyByte = 10

// memoryKey is the key of an operation's memory in its metadata.
const memoryKey = "memory"

// WithMemory returns op with the memory in bytes that one request of it needs, in
// addition to that for its body: what it reads and its response. Without it, a
// request may need 2 MiB. A request reserves its memory before its handler runs.
// If others have reserved too much, it waits for 5 seconds and then gets a 503.
func WithMemory(op huma.Operation, bytes int64) huma.Operation {
	metadata := map[string]any{memoryKey: bytes}
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

// Reserve reserves more memory in bytes for the rest of a request. It is for a handler that
// learns only while it works how much it needs. It waits as WithMemory says, and the error is
// a 503. Only the handler's own goroutine may call it.
func Reserve(ctx context.Context, bytes int64) error {
	b, ok := ctx.Value(bodyKey{}).(*body)
	if !ok || bytes <= 0 {
		return nil
	}
	return b.reserve(bytes)
}
