package suite_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// calledBy returns the place with its caller.
func (p place) calledBy(role tenant.Role) place {
	p.caller = role
	return p
}

// atOutput returns a request about the output of a place.
func atOutput(path string) ask {
	return func(_ *testing.T, _ *matrixFixture, p place) (string, any) {
		return runPath(p.workspace, p.run) + "/outputs/kept.log" + path, everything
	}
}

// underView returns a request under a view that the caller opens first, if it may.
func underView(path string, body map[string]any) ask {
	return func(t *testing.T, f *matrixFixture, p place) (string, any) {
		t.Helper()
		body := maps.Clone(body)
		body["view"] = "none"
		if p.name == "own" && slices.Contains(readers, p.caller) {
			body["view"] = f.openView(t, p)
		}
		target, _ := atOutput(path)(t, f, p)
		return target, body
	}
}

func (f *matrixFixture) openView(t *testing.T, p place) string {
	t.Helper()
	var opened struct{ View string }
	target, body := atOutput("/views")(t, f, p)
	f.cloud.Do(t, f.token(t, string(p.caller), "", time.Hour), http.MethodPost, target, body).
		Want(t, http.StatusOK).JSON(t, &opened)
	return opened.View
}
