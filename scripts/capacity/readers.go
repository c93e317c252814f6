package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// reading is what one action of a person costs.
type reading struct {
	what string
	ops  operations
}

// measureReaders counts the operations of what people do most often, on the run that
// was measured last.
func (b *bench) measureReaders(ctx context.Context) ([]reading, error) {
	viewer, err := b.Token(b.tenant, "viewer")
	if err != nil {
		return nil, err
	}
	workspace := b.URL + "/v1/workspaces/prod"
	output := workspace + "/runs/" + b.run + "/outputs/stdout.log"
	search := func(what string) func() error {
		return func() error {
			return b.sendAs(ctx, viewer, http.MethodPost, workspace+"/"+what+"/search", map[string]any{}, nil)
		}
	}
	view := func() error {
		var opened struct{ View string }
		if err := b.sendAs(ctx, viewer, http.MethodPost, output+"/views", map[string]any{}, &opened); err != nil {
			return err
		}
		if err := b.read(ctx, viewer, output, opened.View, ""); err != nil {
			return err
		}
		return b.sendAs(ctx, viewer, http.MethodPost, output+"/views/close", map[string]any{"view": opened.View}, nil)
	}
	var token struct{ View string }
	if err := b.sendAs(ctx, viewer, http.MethodPost, output+"/views", map[string]any{}, &token); err != nil {
		return nil, err
	}
	renew := func() error {
		return b.sendAs(ctx, viewer, http.MethodPost, output+"/views", map[string]any{"view": token.View}, &token)
	}
	read := func() error { return b.read(ctx, viewer, output, token.View, "bytes=0-6") }
	var all []reading
	for _, action := range []struct {
		what string
		do   func() error
	}{
		{"a page of runs, which has few here", search("runs")}, {"a page of issues, which is empty here", search("issues")},
		{openRead, view}, {renewal, renew}, {rangeRead, read},
	} {
		if err := action.do(); err != nil { // warms the caches
			return nil, fmt.Errorf("measure %s: %w", action.what, err)
		}
		before := b.count()
		if err := action.do(); err != nil {
			return nil, fmt.Errorf("measure %s: %w", action.what, err)
		}
		all = append(all, reading{action.what, b.count().minus(before)})
	}
	return append(all, calculated(all)...), nil
}

// Actions that longer ones consist of.
const (
	openRead  = "an output, opened, read in one request and closed"
	renewal   = "a look of a follower at an output"
	rangeRead = "a range of one part under a view"
)

// calculated are the actions that consist of measured ones.
func calculated(measured []reading) []reading {
	cost := map[string]operations{}
	for _, r := range measured {
		cost[r.what] = r.ops
	}
	const looks, ranges = 3600 / 2, gib / (8 << 20) // a follower looks every 2 seconds; a response has 8 MiB
	return []reading{
		{"an hour of following an output that grows every 2 seconds", cost[renewal].plus(cost[rangeRead]).times(looks)},
		{"a GiB of an output in parts and ranges of 8 MiB, whose parts are indexed", cost[openRead].plus(cost[rangeRead].times(ranges - 1))},
	}
}

// read reads a range of an output under a view; empty: all of it.
func (b *bench) read(ctx context.Context, token, url, view, span string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Strongroom-View", view)
	if span != "" {
		r.Header.Set("Range", span)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("read output: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusPartialContent {
		return fmt.Errorf("read output: status %d", answer.StatusCode)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return fmt.Errorf("read output: %w", err)
	}
	return nil
}
