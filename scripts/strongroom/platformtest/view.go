package platformtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	run := r.PathValue("run")
	listing := api.Listing{Run: api.Run{ID: run, Task: "test", State: "running"}, Outputs: []api.Output{}}
	if report := s.reports[run]; report != nil {
		listing.Run.State, listing.Run.Outcome, listing.Run.ExitCode = "ended", report.Outcome, &report.ExitCode
	}
	for _, name := range s.outputs(run) {
		output, _ := s.describe(r.PathValue("w"), run, name)
		listing.Outputs = append(listing.Outputs, output)
	}
	_ = json.NewEncoder(w).Encode(listing)
}

func (s *Server) outputs(run string) []string {
	names := map[string]bool{}
	for object := range s.objects {
		if parts := strings.Split(object, "/"); parts[1] == run {
			names[parts[2]] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// describe gives an output and what of it can be read.
func (s *Server) describe(workspace, run, name string) (api.Output, []byte) {
	output := api.Output{Name: name, State: api.Open}
	var content []byte
	for {
		o := s.objects[fmt.Sprintf("%s/%s/%s/%05d", workspace, run, name, output.StoredParts+1)]
		if !s.known(o) {
			break
		}
		output.StoredParts++
		output.ContentType = o.Part.ContentType
		content = append(content, o.Content...)
	}
	output.Size = int64(len(content))
	if report := s.reports[run]; report != nil {
		output.State = api.Incomplete
		for _, claim := range report.Outputs {
			if claim.Name == name && claim.Parts == output.StoredParts {
				output.Parts, output.State = claim.Parts, api.Complete
			}
		}
	}
	return output, content
}

func (s *Server) view(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	output, content := s.describe(r.PathValue("w"), r.PathValue("run"), r.PathValue("name"))
	s.mu.Unlock()
	w.Header().Set("Strongroom-Output-State", output.State)
	size := int64(len(content))
	first, last, status := int64(0), size-1, http.StatusPartialContent
	if lines := r.FormValue("lines"); lines != "" {
		first, last = lineSpan(content, lines)
		status = http.StatusOK
	} else if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); n == 0 {
		problem(w, http.StatusRequestEntityTooLarge, "ask for a range", nil)
		return
	}
	if first >= size {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", size))
		problem(w, http.StatusRequestedRangeNotSatisfiable, "there is no such byte", nil)
		return
	}
	if last = min(last, size-1); last-first+1 > s.config.MaxResponse {
		last = first + s.config.MaxResponse - 1
		w.Header().Set("Strongroom-Truncated", "true")
	}
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, size))
	w.Header().Set("Content-Length", fmt.Sprint(last-first+1))
	w.WriteHeader(status)
	_, _ = w.Write(content[first : last+1])
}

// cutWriter breaks off in the middle of a response.
type cutWriter struct{ http.ResponseWriter }

func (w *cutWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:len(p)/2])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	return n, err
}

// lineSpan finds the bytes of lines A-B.
func lineSpan(content []byte, lines string) (first, last int64) {
	var from, to int64 = 1, 1 << 40
	_, _ = fmt.Sscanf(lines, "%d-%d", &from, &to)
	at := int64(0)
	for line := int64(1); line <= to && at < int64(len(content)); line++ {
		if line == from {
			first = at
		}
		end := bytes.IndexByte(content[at:], '\n')
		if end < 0 {
			at = int64(len(content))
			break
		}
		at += int64(end) + 1
	}
	return first, at - 1
}
