package main

import (
	"maps"
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// underView sends requests under a view of an output that has as many lines as fit in a
// part.
func underView(path string, body map[string]any) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		output := tn.RunPath(stored(t, tn)) + "/outputs/stdout.log"
		var opened struct{ View string }
		tn.Do(t, "viewer", http.MethodPost, output+"/views", map[string]any{}).Want(t, http.StatusOK).JSON(t, &opened)
		all := map[string]any{"view": opened.View}
		maps.Copy(all, body)
		token, text := tn.Token(t, "viewer"), encode(t, all)
		return func(int) request {
			return request{method: http.MethodPost, path: output + path, token: token, body: text}
		}
	}
}
