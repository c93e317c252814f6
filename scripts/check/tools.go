package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Tools that go run fetches, so that a new machine needs only Go. They are no
// part of go.mod, so that they add no module to what is deployed. The versions
// are pinned, so that new findings come with a commit.
const (
	staticcheck = "honnef.co/go/tools/cmd/staticcheck@v0.8.2" // release 2026.2.2
	govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.9.0"
)

// vulnerabilityIndex is a small file of govulncheck's database: go.dev/doc/security/vuln/database.
const vulnerabilityIndex = "https://vuln.go.dev/index/db.json"

func checkVet(ctx context.Context, t *tree) (string, error) {
	_, err := output(ctx, t.root, "go", "vet", "./...")
	return "", err
}

func checkBundle(ctx context.Context, t *tree) (string, error) {
	_, err := output(ctx, t.root, "go", "run", "./scripts/bundle", "-check")
	return "", err
}

func checkTidy(ctx context.Context, t *tree) (string, error) {
	_, err := output(ctx, t.root, "go", "mod", "tidy", "-diff")
	return "", err
}

func checkLint(ctx context.Context, t *tree) (string, error) {
	settings, err := t.read(".staticcheck")
	if err != nil {
		return "", err
	}
	_, err = output(ctx, t.root, "go", "run", staticcheck, "-checks", strings.Join(lintChecks(string(settings)), ","), "./...")
	return "", err
}

// lintChecks returns the lines of the settings without comments.
func lintChecks(settings string) []string {
	var names []string
	for line := range strings.Lines(settings) {
		name, _, _ := strings.Cut(line, "#")
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func checkVulnerabilities(ctx context.Context, t *tree) (string, error) {
	if err := reach(ctx, vulnerabilityIndex); err != nil {
		return "", skip(fmt.Sprintf("the database of vulnerabilities cannot be reached: %v", err))
	}
	_, err := output(ctx, t.root, "go", "run", govulncheck, "./...")
	return "", err
}

func reach(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
