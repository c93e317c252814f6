package command_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// anotherRunner returns the token of a runner of the tenant that is not the persona.
func anotherRunner(t *testing.T, tn *cloudtest.Tenant) string {
	t.Helper()
	token, err := tn.Cloud.Issuer.Token(map[string]any{
		"sub": "another-runner", "aud": suite.Audience + "/tenants/" + string(tn.ID), "persona": "runner",
	}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestResumeByAnotherIdentitySaysWhatToDo begins a run with one token, and resumes it
// with another one.
func TestResumeByAnotherIdentitySaysWhatToDo(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	p := newProgram(t, faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if broken.Load() && (strings.HasSuffix(r.URL.Path, "/uploads") || strings.HasSuffix(r.URL.Path, "/report")) {
			return faults.Unavailable
		}
		return faults.None
	}})
	p.run(t, "run", "--quiet", "--patience", "0s", "--", "true").want(t)
	broken.Store(false)
	mine := p.env["STRONGROOM_TOKEN"]
	p.env["STRONGROOM_TOKEN"] = anotherRunner(t, p.tenant)
	r := p.run(t, "resume")
	for _, want := range []string{"403", "another identity began this run", "token of the issuer and subject that the run began with", "no data is lost"} {
		if r.code != 1 || !strings.Contains(r.stderr, want) {
			t.Errorf("it does not say %q: %+v", want, r)
		}
	}
	p.env["STRONGROOM_TOKEN"] = mine
	p.run(t, "resume").want(t)
}

func TestUnclaimedPartsArePrintedOnRequestOnly(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	parts := p.upload(t, "stdout.log", "claimed", 10)
	p.upload(t, "late.log", "unclaimed", 10)
	p.end(t, "stdout.log", parts)
	p.tenant.Cloud.Drain(t)
	viewer := p.as(t, "viewer")
	if r := viewer.run(t, "outputs", "cat", someRun, "late.log", "--unclaimed").want(t); r.stdout != "unclaimed" {
		t.Errorf("%+v", r)
	}
	if r := viewer.run(t, "outputs", "cat", someRun, "late.log", "--unclaimed", "--bytes", "2-4").want(t); r.stdout != "cla" {
		t.Errorf("%+v", r)
	}
	if r := viewer.run(t, "outputs", "cat", someRun, "late.log"); strings.Contains(r.stdout, "unclaimed") {
		t.Errorf("%+v", r)
	}
	if r := viewer.run(t, "outputs", "cat", someRun, "stdout.log").want(t); r.stdout != "claimed" {
		t.Errorf("%+v", r)
	}
}
