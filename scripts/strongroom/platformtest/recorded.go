package platformtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Record has runs on record, in the order of lists.
func (s *Server) Record(runs ...api.Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, runs...)
}

// Measure has SLIs, in the order of lists.
func (s *Server) Measure(slis ...api.SLI) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slis = append(s.slis, slis...)
}

// routeRecords adds what answers of runs, issues and SLIs.
func (s *Server) routeRecords(mux *http.ServeMux) {
	const workspace = "GET /v1/workspaces/{w}"
	mux.HandleFunc(workspace+"/runs", s.authorized(pages(s, &s.runs, api.MaxRunPage, askedRun, func(runs []api.Run, next string) any {
		return api.RunPage{Runs: runs, NextPageToken: next}
	})))
	mux.HandleFunc(workspace+"/issues", s.authorized(pages(s, &s.issues, api.MaxIssuePage, asked, func(issues []api.Issue, next string) any {
		return api.IssuePage{AsOf: time.Now().UTC(), Issues: issues, NextPageToken: next}
	})))
	mux.HandleFunc(workspace+"/slis", s.authorized(pages(s, &s.slis, api.MaxSLIPage, askedSLI, func(slis []api.SLI, next string) any {
		return api.SLIPage{AsOf: time.Now().UTC(), SLIs: slis, NextPageToken: next}
	})))
	mux.HandleFunc(workspace+"/runs/{run}", s.authorized(one(s, &s.runs, func(r *http.Request, run api.Run) bool { return run.ID == r.PathValue("run") })))
	mux.HandleFunc(workspace+"/slis/{sli}", s.authorized(one(s, &s.slis, func(r *http.Request, i api.SLI) bool { return i.Name == r.PathValue("sli") })))
	mux.HandleFunc(workspace+"/runs/{run}/issues", s.authorized(s.lines))
}

// pages serves a list page by page. Size is what is looked at: what of it is
// asked for may be less, even nothing.
func pages[E any](s *Server, all *[]E, most int, asked func(*http.Request, E) bool, wrap func(page []E, next string) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		size, err := strconv.Atoi(r.FormValue("pageSize"))
		if err != nil || size < 1 || size > most {
			problem(w, http.StatusUnprocessableEntity, "pageSize is out of its bounds", nil)
			return
		}
		from, _ := strconv.Atoi(r.FormValue("pageToken"))
		to, next := from+size, strconv.Itoa(from+size)
		if to >= len(*all) {
			to, next = len(*all), ""
		}
		page := slices.DeleteFunc(slices.Clone((*all)[from:to]), func(e E) bool { return !asked(r, e) })
		_ = json.NewEncoder(w).Encode(wrap(page, next))
	}
}

// one serves the thing that is asked for.
func one[E any](s *Server, all *[]E, asked func(*http.Request, E) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, e := range *all {
			if asked(r, e) {
				_ = json.NewEncoder(w).Encode(e)
				return
			}
		}
		problem(w, http.StatusNotFound, "this workspace has no such thing", nil)
	}
}

func askedRun(r *http.Request, run api.Run) bool {
	return is(r, "task", run.Task) && is(r, "slx", run.SLX) && is(r, "resource", run.Resource) &&
		is(r, "outcome", run.Outcome) && is(r, "state", run.State) && within(r, run.Start)
}

func askedSLI(r *http.Request, i api.SLI) bool {
	alerts := []string{"none", "warning", "ticket", "page"}
	return is(r, "slx", i.SLX) && slices.Index(alerts, i.Alert) >= slices.Index(alerts, r.FormValue("alert"))
}

// lines are those of the run's report.
func (s *Server) lines(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	report := s.reports[r.PathValue("run")]
	if report == nil {
		problem(w, http.StatusNotFound, "this workspace has no such run", nil)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	var text []byte
	for _, i := range report.Issues {
		text = append(append(text, i.Line...), '\n')
	}
	_, _ = w.Write(text)
}
