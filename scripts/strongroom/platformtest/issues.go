package platformtest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// Person is who says what is said of issues.
const Person = "ann@example.com"

// Know makes issues known, in the order of lists.
func (s *Server) Know(issues ...api.Issue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issues = append(s.issues, issues...)
}

// Assist makes an assistant that answers so.
func (s *Server) Assist(id string, answer api.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer.ID = id
	s.answers[id] = answer
}

func asked(r *http.Request, i api.Issue) bool {
	state := r.FormValue("state")
	standing := state == "standing" && i.State != "resolved" && i.State != "ignored"
	return (standing || is(r, "state", i.State)) && is(r, "severity", strconv.Itoa(i.Severity)) &&
		is(r, "slx", i.SLX) && is(r, "resource", i.Resource) && is(r, "task", i.Task) && within(r, i.LastSeen)
}

// is reports whether the request asks for a value, or for any.
func is(r *http.Request, name, value string) bool {
	return r.FormValue(name) == "" || r.FormValue(name) == value
}

// within reports whether a time is from the request's from on and before its to.
func within(r *http.Request, t time.Time) bool {
	from, _ := time.Parse(time.RFC3339, r.FormValue("from")) // the zero time if there is none
	to, err := time.Parse(time.RFC3339, r.FormValue("to"))
	return !t.Before(from) && (err != nil || t.Before(to))
}

// sayIssue answers with the issue after change.
func (s *Server) sayIssue(change func(*http.Request, *api.Issue) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		at := slices.IndexFunc(s.issues, func(i api.Issue) bool { return i.ID == r.PathValue("issue") })
		if at < 0 {
			problem(w, http.StatusNotFound, "this workspace has no such issue", nil)
			return
		}
		if err := change(r, &s.issues[at]); err != nil {
			problem(w, http.StatusBadRequest, err.Error(), nil)
			return
		}
		_ = json.NewEncoder(w).Encode(s.issues[at])
	}
}

func readIssue(*http.Request, *api.Issue) error { return nil }

func investigateIssue(_ *http.Request, i *api.Issue) error {
	i.State, i.Investigated = "investigated", &api.Investigation{By: Person, At: time.Now().UTC()}
	return nil
}

func ignoreIssue(r *http.Request, i *api.Issue) error {
	var said struct{ Until time.Time }
	err := json.NewDecoder(r.Body).Decode(&said)
	i.State, i.Ignored = "ignored", &api.Ignoring{By: Person, At: time.Now().UTC(), Until: said.Until}
	return err
}

func (s *Server) ask(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, ok := s.answers[r.PathValue("assistant")]
	if !ok {
		problem(w, http.StatusNotFound, "the workspace has no such assistant; an admin makes one with PUT", nil)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// Puts gives how many tasks each call put into the catalogue.
func (s *Server) Puts() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.puts)
}

// Tasks is the catalogue.
func (s *Server) Tasks() []api.Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tasks)
}

func (s *Server) putTasks(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Tasks   []api.Task
		Edition string
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Tasks) < 1 || len(body.Tasks) > api.MaxPutTasks {
		problem(w, http.StatusUnprocessableEntity, "1 to 500 tasks", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts = append(s.puts, len(body.Tasks))
	written := 0
	for _, t := range body.Tasks {
		if s.keepTask(t) {
			written++
		}
		if body.Edition != "" {
			s.editions[t.Source+"\n"+t.Name] = body.Edition
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]int{"written": written})
}

// keepTask reports whether the task is new or other than before.
func (s *Server) keepTask(t api.Task) bool {
	for i, known := range s.tasks {
		if known.Name == t.Name && known.Suite == t.Suite && known.Source == t.Source {
			s.tasks[i] = t
			return !reflect.DeepEqual(known, t)
		}
	}
	s.tasks = append(s.tasks, t)
	return true
}

// pruneTasks removes one task a page.
func (s *Server) pruneTasks(w http.ResponseWriter, r *http.Request) {
	var body struct{ Source, Edition, PageToken string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || !strings.HasSuffix(body.Source, "/") {
		problem(w, http.StatusUnprocessableEntity, "a source ends in a slash", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.tasks, func(t api.Task) bool {
		return strings.HasPrefix(t.Source, body.Source) && s.editions[t.Source+"\n"+t.Name] != body.Edition
	})
	var pruned api.Pruned
	if at >= 0 {
		s.tasks = slices.Delete(s.tasks, at, at+1)
		pruned = api.Pruned{Removed: 1, NextPageToken: "more"}
	}
	_ = json.NewEncoder(w).Encode(pruned)
}

// searchTasks finds tasks that have all the words in their names.
func (s *Server) searchTasks(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	words := strings.Fields(strings.ToLower(r.FormValue("query")))
	found := api.FoundTasks{Tasks: []api.FoundTask{}}
	for _, t := range s.tasks {
		missing := func(word string) bool { return !strings.Contains(strings.ToLower(t.Name), word) }
		if !slices.ContainsFunc(words, missing) {
			found.Tasks = append(found.Tasks, api.FoundTask{ID: "id", Task: t, Score: 0.9, Words: words})
		}
	}
	_ = json.NewEncoder(w).Encode(found)
}
