package runs_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

var oddLines = []string{
	`{"title":"","details":"d"}`, `{ "title" : "t" , "severity":null}`, `{"a":1,"a":2,"severity":NaN,"Title":"t"}`, `{"title":"\u00e9\ud83d\ude00é😀\u0000"}`, "{\"title\":\"tab\"}\r",
	`{"next_step":["a","b"],"kwargs":{"severity":"1"}}`, `{"title":"t","n":1e400,"m":0.10000000000000000000001}`, "\t{\"title\":\"spaces\"}  ",
	`{"title":"<script>&amp;\/"}`, "\ufeff{\"severity\":1}",
}

func TestLinesAreReturnedByteForByte(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	var issues []fields
	for _, line := range oddLines {
		issues = append(issues, fields{"line": line})
	}
	id := recorded(t, tn, aStart, with(aReport, fields{"issues": issues}))
	answer := get(t, tn, "/runs/"+id+"/issues").Want(t, http.StatusOK)
	if diff := cmp.Diff(strings.Join(oddLines, "\n")+"\n", string(answer.Body)); diff != "" {
		t.Error(diff)
	}
	if got := answer.Header.Get("Content-Type"); got != "application/jsonl" {
		t.Errorf("the content type is %q", got)
	}
	without := recorded(t, tn, aStart, with(aReport, fields{"issues": nil}))
	if got := get(t, tn, "/runs/"+without+"/issues").Want(t, http.StatusOK); len(got.Body) != 0 {
		t.Errorf("a run without issues returned %q", got.Body)
	}
	get(t, tn, "/runs/"+cloudtest.NewRun(t)+"/issues").Want(t, http.StatusNotFound)
}

// Law 6: reading lines is in the audit log first.
func TestLaw6ReadingLinesIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t, "prod", "dev")
	id := recorded(t, tn, aStart, aReport)
	for persona, want := range map[string]int{"viewer": 200, "auditor": 200, "admin": 200, "runner": 403, "platform": 403, "": 401} {
		tn.Do(t, persona, http.MethodGet, tn.RunPath(id)+"/issues", nil).Want(t, want)
	}
	tn.Do(t, "viewer", http.MethodGet, "/v1/workspaces/dev/runs/"+id+"/issues", nil).Want(t, http.StatusNotFound)
	log, err := auditlog.OpenReader(t.Context(), auditConfig, c.Operator, c.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for e, err := range log.Entries(t.Context(), database(t, c), tn.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == auditlog.ReadIssueLines {
			got[fmt.Sprint(e.Actor.Role, " ", e.Outcome)]++
		}
	}
	want := map[string]int{"viewer allowed": 1, "auditor allowed": 1, "admin allowed": 1, "runner denied": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

var auditConfig = auditlog.Config{
	AuditKeyName: "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit",
}

// Law 3: a disabled key makes its tenant's lines unreadable, and no other lines.
func TestLaw3ADisabledKeyLocksTheLinesOfItsTenant(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme, other := c.Tenant(t), c.Tenant(t)
	a, b := recorded(t, acme, aStart, aReport), recorded(t, other, aStart, aReport)
	ctx := kms.As(t.Context(), suite.OperatorAccount)
	_, err := c.KMS.DestroyCryptoKeyVersion(ctx, &kmspb.DestroyCryptoKeyVersionRequest{Name: acme.KeyName + "/cryptoKeyVersions/1"})
	if err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(6 * time.Minute)
	get(t, acme, "/runs/"+a+"/issues").Want(t, http.StatusForbidden)
	get(t, acme, "/runs/"+a).Want(t, http.StatusOK)
	get(t, other, "/runs/"+b+"/issues").Want(t, http.StatusOK)
	next := cloudtest.NewRun(t)
	begin(t, acme, next, aStart).Want(t, http.StatusOK)
	refused := finish(t, acme, next, aReport).Want(t, http.StatusServiceUnavailable)
	if refused.Header.Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
	recorded(t, other, aStart, aReport)
}

func TestSamplesAreListedByTime(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	at := func(minute int) time.Time { return began.Add(time.Duration(minute) * time.Minute) }
	var runs []string
	for i := range 5 { // run i measures at minutes 10i to 10i+4
		var samples []fields
		for m := range 5 {
			samples = append(samples,
				fields{"sli": "dns latency", "time": at(10*i + m), "value": float64(10*i+m) / 2},
				fields{"sli": "errors", "time": at(10*i + m), "value": 1})
		}
		runs = append(runs, recorded(t, tn, with(aStart, fields{"start": at(10 * i)}), with(aReport, fields{"samples": samples, "issues": nil})))
	}
	type series struct {
		Run, SLX string
		Samples  []struct {
			Time  time.Time
			Value float64
		}
	}
	read := func(query string) (seen []string) {
		for token := ""; ; {
			var p struct {
				Series []series
				Next   string `json:"nextPageToken"`
			}
			get(t, tn, "/slis/dns%20latency/samples?"+query+"&pageToken="+token).Want(t, http.StatusOK).JSON(t, &p)
			for _, s := range p.Series {
				for _, sample := range s.Samples {
					seen = append(seen, fmt.Sprint(sample.Time.Sub(began).Minutes(), "=", sample.Value))
				}
				if s.SLX != "dns" || !strings.Contains(strings.Join(runs, " "), s.Run) {
					t.Errorf("a series is %+v", s)
				}
			}
			if token = p.Next; token == "" {
				return seen
			}
		}
	}
	for query, want := range map[string][]string{
		"from=" + at(12).Format(time.RFC3339) + "&to=" + at(21).Format(time.RFC3339): {"12=6", "13=6.5", "14=7", "20=10"},
		"to=" + at(2).Format(time.RFC3339):                                           {"0=0", "1=0.5"},
		"from=" + at(44).Format(time.RFC3339):                                        {"44=22"},
		"from=" + at(5).Format(time.RFC3339) + "&to=" + at(10).Format(time.RFC3339):  nil,
	} {
		if diff := cmp.Diff(want, read(query)); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	if got := read("pageSize=2"); len(got) != 25 {
		t.Errorf("%d samples in pages of two runs, want 25", len(got))
	}
	get(t, tn, "/slis/none/samples").Want(t, http.StatusOK)
	get(t, tn, "/slis/none/samples?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").Want(t, http.StatusUnprocessableEntity)
	tn.Do(t, "runner", http.MethodGet, "/v1/workspaces/prod/slis/none/samples", nil).Want(t, http.StatusForbidden)
}

var quiet = slog.New(slog.DiscardHandler)
