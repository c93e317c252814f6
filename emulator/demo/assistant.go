package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// catalogPath is the path of the public catalog.
const catalogPath = "/v1/catalog/tasks"

// path returns the path of something in the demonstration's workspace.
func (d *Demo) path(name string) string { return "/v1/workspaces/" + string(d.workspace) + "/" + name }

// get reads path as a viewer of acme into v.
func (d *Demo) get(ctx context.Context, path string, v any) error {
	a, err := d.call(ctx, acme, "viewer", http.MethodGet, path, nil)
	return decode(a, err, v)
}

// searchIssues reads all issues of acme as a viewer into v.
func (d *Demo) searchIssues(ctx context.Context, v any) error {
	a, err := d.call(ctx, acme, "viewer", http.MethodPost, d.path("issues/search"), map[string]any{})
	return decode(a, err, v)
}

// put writes body to path as a persona of acme.
func (d *Demo) put(ctx context.Context, persona, path string, body any) error {
	a, err := d.call(ctx, acme, persona, http.MethodPut, path, body)
	return decode(a, err, &struct{}{})
}

func decode(a response, err error, v any) error {
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("status %d: %s", a.status, a.code)
	}
	return json.Unmarshal(a.body, v)
}

// showIssues makes one check fail, pass and fail again, and shows its issue each time.
func (d *Demo) showIssues(ctx context.Context) error {
	d.printf("\n3. An issue persists across runs: it is detected, resolved and reopened\n\n")
	t := table{head: []string{"port-check", "issue", "severity", "state", "sightings", "result"}}
	open := strings.TrimPrefix(d.cloud.URL, "http://")
	for _, step := range []struct {
		address string // empty: the run of part 1
		state   string
	}{{"", "detected"}, {open, "resolved"}, {closedPort, "reopened"}} {
		address := step.address
		if step.address == "" {
			address = closedPort
		} else if _, _, err := d.task(ctx, io.Discard, "port-check", step.address); err != nil {
			return err
		}
		if err := d.waitForEvents(ctx); err != nil {
			return err
		}
		var list struct {
			Issues []struct {
				Title, State        string
				Severity, Sightings int
			}
		}
		if err := d.searchIssues(ctx, &list); err != nil {
			return fmt.Errorf("search issues: %w", err)
		}
		if len(list.Issues) != 1 {
			t.add(address, fmt.Sprintf("%d issues", len(list.Issues)), "", "", "", d.check(false))
			continue
		}
		i := list.Issues[0]
		t.add(address, i.Title, fmt.Sprint(i.Severity), i.State, fmt.Sprint(i.Sightings), d.check(i.State == step.state))
	}
	return t.print(d.out)
}

// community are public tasks for the catalog.
var community = []map[string]any{
	{"name": "Fetch Deployment Logs", "documentation": "Fetches the recent logs of a deployment's pods and looks for errors.", "tags": []string{"kubernetes", "logs"}, "suite": "k8s-deployment", "source": "https://example.com/tasks/blob/main/k8s-deployment/runbook.robot"},
	{"name": "Restart Deployment", "documentation": "Restarts a deployment and waits until it is ready.", "tags": []string{"kubernetes"}, "suite": "k8s-deployment", "source": "https://example.com/tasks/blob/main/k8s-deployment/runbook.robot"},
	{"name": "Check Certificate Expiry", "documentation": "Reports the days until a TLS certificate expires.", "tags": []string{"tls"}, "suite": "tls", "source": "https://example.com/tasks/blob/main/tls/runbook.robot"},
}

// showAssistant asks an assistant what is wrong and what to run next.
func (d *Demo) showAssistant(ctx context.Context) error {
	d.printf("\n4. The assistant \"oncall\" answers questions\n\n")
	assistantPath := d.path("assistants/oncall")
	for _, setup := range []struct {
		persona, path string
		body          any
	}{
		{"platform", catalogPath, map[string]any{"tasks": community}},
		{"admin", d.path("slis/shop-up"), map[string]any{"objective": map[string]any{"min": 1, "target": 0.99}}},
		{"admin", assistantPath, map[string]any{"name": "On call", "accessLevel": "read-write"}},
	} {
		if err := d.put(ctx, setup.persona, setup.path, setup.body); err != nil {
			return fmt.Errorf("set up %s: %w", setup.path, err)
		}
	}
	var reply struct {
		Wrong struct {
			SLXs []struct{ Issues []struct{ Title string } }
		}
		Health struct {
			SLIs []struct{ Name, Alert string }
		}
		Next struct {
			Tasks []struct {
				Name     string
				Score    float64
				Evidence []struct {
					Step  string
					Words []string
				}
			}
		}
	}
	if err := d.get(ctx, assistantPath, &reply); err != nil {
		return fmt.Errorf("ask the assistant: %w", err)
	}
	t := table{head: []string{"question", "answer", "result"}}
	for _, slx := range reply.Wrong.SLXs {
		for _, i := range slx.Issues {
			t.add("what is wrong", i.Title, d.check(true))
		}
	}
	for _, s := range reply.Health.SLIs {
		t.add("how healthy", s.Name+": "+s.Alert, d.check(s.Alert == "warning"))
	}
	for _, n := range reply.Next.Tasks {
		t.add("what to run next", fmt.Sprintf("%s (%.2f), because a next step is %q", n.Name, n.Score, n.Evidence[0].Step), d.check(n.Score >= 0.85 && len(n.Evidence[0].Words) > 1))
	}
	if len(t.rows) < 4 || len(reply.Next.Tasks) != 2 {
		t.add("all answers", "want one issue, one SLI and two tasks", d.check(false))
	}
	return t.print(d.out)
}
