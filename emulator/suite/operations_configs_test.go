package suite_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// newReview returns the review of a tree that nobody has reviewed.
func newReview(t *testing.T, f *matrixFixture, p place) (string, any) {
	id := strings.ReplaceAll(uuid.NewString()+uuid.NewString(), "-", "")
	return at("/config/reviews/"+id, map[string]any{"files": 1, "bytes": 1})(t, f, p)
}

// atConfig returns a request for a configuration that is pushed, except in the other
// workspace.
func atConfig(t *testing.T, f *matrixFixture, p place) (string, any) {
	f.seedConfig(t, p)
	return at("/config", nil)(t, f, p)
}

func (f *matrixFixture) seedConfig(t *testing.T, p place) {
	t.Helper()
	if p.name != "other" && f.owner(p).MainOf(t, p.workspace) == strings.Repeat("0", 40) {
		f.owner(p).PushConfig(t, p.workspace, cloudtest.SLX(uuid.NewString()))
	}
}

// fetchOfConfig returns a fetch of main.
func fetchOfConfig(t *testing.T, f *matrixFixture, p place) (string, any) {
	f.seedConfig(t, p)
	main := strings.Repeat("1", 40)
	if p.name != "other" {
		main = f.owner(p).MainOf(t, p.workspace)
	}
	body := cloudtest.Media{Type: cloudtest.FetchMedia, Data: []byte("0032want " + main + "\n00000009done\n")}
	return at("/config.git/git-upload-pack", body)(t, f, p)
}

// pushOfConfig returns a push of a reviewed commit that follows main.
func pushOfConfig(t *testing.T, f *matrixFixture, p place) (string, any) {
	t.Helper()
	files, tn := cloudtest.SLX(uuid.NewString()), f.owner(p)
	tn.ReviewConfig(t, p.workspace, files)
	return at("/config.git/git-receive-pack", cloudtest.NewPush(t, tn.MainOf(t, p.workspace), files))(t, f, p)
}

// atReview returns a request for a review, which exists except in the other workspace.
func atReview(t *testing.T, f *matrixFixture, p place) (string, any) {
	id := strings.Repeat("0", 64)
	if p.name != "other" {
		files := cloudtest.SLX(uuid.NewString())
		f.owner(p).ReviewConfig(t, p.workspace, files)
		tree, _ := configtree.New(files)
		id = tree.Digest().String()
	}
	return at("/config/reviews/"+id, nil)(t, f, p)
}

// atHeld returns a request for a push that is held for approval.
func atHeld(suffix string, body any) ask {
	return func(t *testing.T, f *matrixFixture, p place) (string, any) {
		id := strings.Repeat("0", 64)
		if p.name != "other" {
			id = f.owner(p).HoldConfig(t, p.workspace, cloudtest.SLX(uuid.NewString()))
		}
		return at("/config/reviews/"+id+suffix, body)(t, f, p)
	}
}

// atConfigFile returns a request for a file in effect.
func atConfigFile(t *testing.T, f *matrixFixture, p place) (string, any) {
	f.seedConfig(t, p)
	sum := strings.Repeat("0", 64)
	if p.name != "other" {
		var tree struct{ Files []struct{ SHA256 string } }
		f.owner(p).Do(t, "admin", http.MethodGet, cloudtest.ConfigPath(p.workspace), nil).Want(t, http.StatusOK).JSON(t, &tree)
		sum = tree.Files[0].SHA256
	}
	return at("/config/files/"+sum, nil)(t, f, p)
}

// atConfigLog returns a request for the history.
func atConfigLog(t *testing.T, f *matrixFixture, p place) (string, any) {
	f.seedConfig(t, p)
	return at("/config/log", nil)(t, f, p)
}

// resetOfConfig returns a request that drops the history.
func resetOfConfig(t *testing.T, f *matrixFixture, p place) (string, any) {
	f.seedConfig(t, p)
	main := strings.Repeat("1", 40)
	if p.name != "other" {
		main = f.owner(p).MainOf(t, p.workspace)
	}
	return at("/config/reset", map[string]any{"commit": main})(t, f, p)
}
