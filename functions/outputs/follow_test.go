package outputs_test

import (
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// followed mints a URL, and returns for how long the response says that the run is followed.
func (f fixture) followed(t *testing.T, part int) (seconds int) {
	t.Helper()
	var minted struct{ FollowedSeconds int }
	f.Do(t, "runner", http.MethodPost, f.RunPath(f.run)+"/uploads", map[string]any{
		"parts": []cloudtest.Part{cloudtest.PartOf("stdout.log", part, []byte("a\n"))},
	}).Want(t, http.StatusOK).JSON(t, &minted)
	return minted.FollowedSeconds
}

func TestAFollowerIsNotedOnTheRun(t *testing.T) {
	t.Parallel()
	ways := map[string]func(fixture, *testing.T, opened){
		"a renewed view": func(f fixture, t *testing.T, v opened) {
			f.openView(t, "stdout.log", map[string]any{"view": v.View})
		},
		"a read of bytes that are not there yet": func(f fixture, t *testing.T, _ opened) {
			f.read(t, "stdout.log", "", "Range", "bytes=2-").Want(t, http.StatusRequestedRangeNotSatisfiable)
		},
	}
	for name, follow := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.put(t, counted("stdout.log", 1, []byte("a\n")))
			v := f.openView(t, "stdout.log", map[string]any{})
			f.read(t, "stdout.log", "").Want(t, http.StatusOK)
			if seconds := f.followed(t, 2); seconds != 0 {
				t.Errorf("followed for %d seconds by somebody who read once", seconds)
			}
			follow(f, t, v)
			if seconds := f.followed(t, 3); seconds < 60 || seconds > 120 {
				t.Errorf("followed for %d seconds", seconds)
			}
		})
	}
}

// A follower asks every few seconds. Only the first question in a minute may write the run.
func TestAFollowerRarelyWritesTheRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("a\n")))
	v := f.openView(t, "stdout.log", map[string]any{})
	f.openView(t, "stdout.log", map[string]any{"view": v.View})
	ref := f.grantRef(t).Parent.Parent.Collection(records.RunsCollection).Doc(f.run)
	doc, err := ref.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.openView(t, "stdout.log", map[string]any{"view": v.View})
	f.openView(t, "stdout.log", map[string]any{"view": v.View})
	again, err := ref.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !again.UpdateTime.Equal(doc.UpdateTime) {
		t.Error("the run was written again")
	}
}
