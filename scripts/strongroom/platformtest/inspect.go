package platformtest

import (
	"fmt"
	"testing"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Workspace is the one that tests use.
const Workspace = "prod"

// Content is what can be read of an output, as soon as custody knows it.
func (s *Server) Content(run, name string) (api.Output, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.describe(Workspace, run, name)
}

// Outputs names the outputs of a run of which the bucket holds anything.
func (s *Server) Outputs(run string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outputs(run)
}

// Report is the run's report, or nil.
func (s *Server) Report(run string) *api.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reports[run]
}

// Began is how the run began.
func (s *Server) Began(run string) api.Start {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.starts[run]
}

// Runs lists the runs that began.
func (s *Server) Runs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var runs []string
	for run := range s.starts {
		runs = append(runs, run)
	}
	return runs
}

// OneRun is the only run there is.
func (s *Server) OneRun(t testing.TB) string {
	t.Helper()
	runs := s.Runs()
	if len(runs) != 1 {
		t.Fatalf("there are %d runs, not one", len(runs))
	}
	return runs[0]
}

// Mints counts the calls that asked for URLs.
func (s *Server) Mints() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mints
}

// Store puts an object into the bucket behind everybody's back.
func (s *Server) Store(run string, part api.Part, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := Workspace + "/" + run + "/" + part.Output + "/" + fmt.Sprintf("%05d", part.Number)
	s.objects[name] = &Object{Content: content, Part: part}
}

// End reports a run behind everybody's back.
func (s *Server) End(run string, report api.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports[run] = &report
}
