package outputs_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

type listing struct {
	Run     struct{ ID, State, Outcome string }
	Outputs []struct {
		Name, ContentType, State string
		Parts, StoredParts       int
		Size                     int64
		Lines                    *int64
	}
	NextPageToken string
}

func (f fixture) list(t testing.TB, query string) (l listing) {
	t.Helper()
	f.Do(t, "viewer", http.MethodGet, f.RunPath(f.run)+"/outputs"+query, nil).Want(t, http.StatusOK).JSON(t, &l)
	return l
}

// states returns the state of each listed output, as "state stored/claimed".
func (l listing) states() map[string]string {
	states := map[string]string{}
	for _, o := range l.Outputs {
		states[o.Name] = o.State + " " + string(rune('0'+o.StoredParts)) + "/" + string(rune('0'+o.Parts))
	}
	return states
}

// partOf declares part 1 of an output with a content type.
func partOf(output, contentType string, size int64) cloudtest.Part {
	return cloudtest.Part{Output: output, Part: 1, ContentType: contentType, Size: &size}
}

func TestListShowsWhatCanBeRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t,
		counted("whole.log", 1, []byte("a\n")), counted("whole.log", 2, []byte("b\nc\n")),
		counted("gap.log", 1, []byte("a\n")), counted("gap.log", 3, []byte("c\n")),
		counted("headless.log", 2, []byte("b\n")),
		uncounted("uncounted.log", 1, []byte("a\n")))
	f.Mint(t, f.run, partOf("pending.log", "text/plain", 1))
	if diff := cmp.Diff(map[string]string{
		"whole.log": "open 2/0", "gap.log": "open 1/0", "headless.log": "open 0/0", "uncounted.log": "open 1/0", "pending.log": "open 0/0",
	}, f.list(t, "").states()); diff != "" {
		t.Errorf("while the run is running: %s", diff)
	}
	f.report(t, "whole.log", 2, "gap.log", 3, "pending.log", 1, "uncounted.log", 1, "absent.log", 4, "empty.log", 0)
	l := f.list(t, "")
	if diff := cmp.Diff(map[string]string{
		"whole.log": "complete 2/2", "gap.log": "incomplete 1/3", "headless.log": "unclaimed 0/0", "uncounted.log": "complete 1/1",
		"pending.log": "open 0/1", "absent.log": "incomplete 0/4", "empty.log": "complete 0/0",
	}, l.states()); diff != "" {
		t.Errorf("after the run: %s", diff)
	}
	if l.Run.State != "ended" || l.Run.Outcome != "success" || l.Run.ID != f.run {
		t.Errorf("the run is %+v", l.Run)
	}
	for _, o := range l.Outputs {
		switch {
		case o.Name == "whole.log" && (o.Size != 6 || o.Lines == nil || *o.Lines != 3 || o.ContentType != "text/plain"):
			t.Errorf("whole.log is %+v", o)
		case o.Name == "gap.log" && o.Size != 2:
			t.Errorf("gap.log is %+v", o)
		case o.Name == "uncounted.log" && o.Lines != nil:
			t.Error("it shows lines that the runner did not count")
		}
	}
	wantBody(t, f.read(t, "gap.log", "").Want(t, http.StatusOK), []byte("a\n"))
	got := f.read(t, "absent.log", "").Want(t, http.StatusOK)
	wantHeader(t, got, "Strongroom-Output-State", "incomplete", "Content-Length", "0")
}

func TestOutputIsCompleteEvenIfMoreWasGranted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("a")))
	f.Mint(t, f.run, cloudtest.PartOf("stdout.log", 2, []byte("never sent")))
	f.report(t, "stdout.log", 1)
	if got := f.list(t, "").states()["stdout.log"]; got != "complete 1/1" {
		t.Errorf("the output is %s", got)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("b", 1, []byte("1")), counted("b", 2, []byte("2")), counted("d", 1, nil), counted("f", 1, nil))
	f.report(t, "a", 1, "b", 2, "c", 1, "g", 1, "h", 1)
	want := []string{"a", "b", "c", "d", "f", "g", "h"}
	for size, query := range map[int]string{1: "?pageSize=1", 2: "?pageSize=2", 3: "?pageSize=3", 7: "?pageSize=7", 1000: "?"} {
		var names []string
		token := ""
		for {
			l := f.list(t, query+token)
			if len(l.Outputs) > size {
				t.Fatalf("a page of %d has %d", size, len(l.Outputs))
			}
			for _, o := range l.Outputs {
				names = append(names, o.Name)
			}
			if l.NextPageToken == "" {
				break
			}
			token = "&pageToken=" + l.NextPageToken
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("with pages of %d: %s", size, diff)
		}
	}
}

func TestListRejects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("a", 1, nil))
	for query, status := range map[string]int{
		"?pageSize=0": http.StatusUnprocessableEntity, "?pageSize=1001": http.StatusUnprocessableEntity,
		"?pageSize=x": http.StatusUnprocessableEntity, "?pageToken=%ff": http.StatusBadRequest, "?pageToken=a%2Fb": http.StatusBadRequest,
	} {
		f.Do(t, "viewer", http.MethodGet, f.RunPath(f.run)+"/outputs"+query, nil).Want(t, status)
	}
	f.Do(t, "viewer", http.MethodGet, f.RunPath(cloudtest.NewRun(t))+"/outputs", nil).Want(t, http.StatusNotFound)
	f.Do(t, "viewer", http.MethodGet, f.RunPath("no-run")+"/outputs", nil).Want(t, http.StatusBadRequest)
}

func TestOnlyMembersOfTheWorkspaceRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("a")))
	other := cloudtest.Shared(t).Tenant(t)
	for _, path := range []string{f.path("stdout.log"), f.RunPath(f.run) + "/outputs"} {
		f.Do(t, "runner", http.MethodGet, path, nil).Want(t, http.StatusForbidden)
		f.Do(t, "", http.MethodGet, path, nil).Want(t, http.StatusUnauthorized)
		f.Do(t, "auditor", http.MethodGet, path, nil).Want(t, http.StatusOK)
		other.Do(t, "viewer", http.MethodGet, path, nil).Want(t, http.StatusNotFound) // the other tenant has a workspace with the same name
		otherWorkspace := "/v1/workspaces/dev" + path[len("/v1/workspaces/prod"):]
		f.Do(t, "viewer", http.MethodGet, otherWorkspace, nil).Want(t, http.StatusForbidden)
	}
}
