package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// While a release is deployed, instances of two versions serve the same tenants. These tests
// run the functions of the last release next to those of this tree, on the same documents.

// upgraded are the functions that run in both versions.
var upgraded = []string{"runs", "uploads", "outputs", "assistants", "custody", "assistant-update"}

// lastRelease builds one program with these functions from the commit of the last release, and
// returns its path and version. It skips the test if this clone does not have the commit.
func lastRelease(t *testing.T) (path, version string) {
	t.Helper()
	runnable(t)
	if testing.Short() {
		t.Skip("builds the last release, which takes minutes at first: not with -short")
	}
	if cloudtest.RaceDetector {
		t.Skip("the program is built without the race detector, so it finds nothing in it")
	}
	releases := readReleases(t)
	last := releases[len(releases)-1]
	if _, err := runGit(t.Context(), "../..", "cat-file", "-e", last.Commit+"^{commit}"); err != nil {
		t.Skipf("NOT CHECKED: whether this version works next to %s, because this clone does not have its commit", last.Version)
	}
	path, err := buildLast(last.Commit)
	if err != nil {
		t.Fatal(err)
	}
	return path, last.Version
}

var lastBuilt struct {
	sync.Once
	path string
	err  error
}

// buildLast builds the functions of a commit once.
func buildLast(commit string) (path string, err error) {
	lastBuilt.Do(func() { lastBuilt.path, lastBuilt.err = buildCommit(context.Background(), commit) })
	return lastBuilt.path, lastBuilt.err
}

// buildCommit builds the functions of a commit as one program. FUNCTION_TARGET chooses the one
// that it serves.
func buildCommit(ctx context.Context, commit string) (path string, err error) {
	tree, err := runProgram(ctx, "../..", os.Environ(), "git", "archive", "--format=tar", commit)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(scratch, commit)
	if err := untar(tree, dir); err != nil {
		return "", err
	}
	module, err := runGo(ctx, dir, goEnviron(), "list", "-m")
	if err != nil {
		return "", err
	}
	var imports strings.Builder
	for _, name := range upgraded {
		fmt.Fprintf(&imports, "\t_ %q\n", strings.TrimSpace(string(module))+"/functions/"+strings.ReplaceAll(name, "-", ""))
	}
	text := strings.Replace(fmt.Sprintf(mainFile, "", framework), "\t_ \"\"\n", imports.String(), 1)
	if err := put(dir, "functions.local/app/main.go", []byte(text)); err != nil {
		return "", err
	}
	path = filepath.Join(dir, "functions.exe")
	_, err = runGo(ctx, dir, goEnviron(), "build", "-ldflags", buildEnvironment["GOOGLE_GOLDFLAGS"], "-o", path, "./functions.local/app")
	return path, err
}

// untar writes the files of a tar archive to dir.
func untar(content []byte, dir string) error {
	for files := tar.NewReader(bytes.NewReader(content)); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		if err := put(dir, header.Name, text); err != nil {
			return err
		}
	}
}

// instances answer the requests of one version: processes of the last release, or the embedded
// cloud for what has no process.
type instances map[string]*process

func (i instances) do(t *testing.T, tn *cloudtest.Tenant, function, persona, method, path string, body any) cloudtest.Response {
	t.Helper()
	if p := i[function]; p != nil {
		return p.do(t, tn.Token(t, persona), method, path, body)
	}
	return tn.Do(t, persona, method, path, body)
}

func TestTheLastReleaseAndThisVersionReadEachOthersData(t *testing.T) {
	t.Parallel()
	path, version := lastRelease(t)
	c := cloudtest.New(t, suite.Options{})
	last, this := instances{}, instances{}
	for _, name := range []string{"runs", "uploads", "outputs", "assistants"} {
		last[name] = start(t, path, c.FunctionEnviron(name))
	}
	for name, row := range map[string]struct{ writer, reader instances }{
		version + " writes, and this version reads":      {last, this},
		"this version writes, and " + version + " reads": {this, last},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			liveThrough(t, c, row.writer, row.reader)
		})
	}
}

// liveThrough has one version do all of a run, and the other one read it. The runner repeats
// each request at the other version, as it does if an instance ends before it answers.
func liveThrough(t *testing.T, c *cloudtest.Cloud, writer, reader instances) {
	tn, id, text := tenantOfBoth(t, c), cloudtest.NewRun(t), []byte("of two versions\n")
	begin := aStart()
	report := map[string]any{
		"end": time.Now().UTC(), "outcome": "failure", "exitCode": 1,
		"outputs": []map[string]any{{"name": "stdout.log", "parts": 1}},
		"issues":  []map[string]string{{"line": `{"severity":2,"title":"The disk is full"}`}},
	}
	var minted struct{ Parts []cloudtest.Upload }
	for _, version := range []instances{writer, reader} {
		version.do(t, tn, "runs", "runner", http.MethodPut, tn.RunPath(id), begin).Want(t, http.StatusOK)
	}
	for _, version := range []instances{reader, writer} {
		minted.Parts = nil
		version.do(t, tn, "uploads", "runner", http.MethodPost, tn.RunPath(id)+"/uploads", oneUpload(text)).Want(t, http.StatusOK).JSON(t, &minted)
	}
	minted.Parts[0].Put(t, text).Want(t, http.StatusOK)
	c.Drain(t)
	for _, version := range []instances{writer, reader} {
		version.do(t, tn, "runs", "runner", http.MethodPost, tn.RunPath(id)+"/report", report).Want(t, http.StatusOK)
	}
	c.Drain(t)
	var got struct {
		State, Outcome string
		Outputs        []struct{ Name, State string }
	}
	reader.do(t, tn, "runs", "viewer", http.MethodGet, tn.RunPath(id), nil).Want(t, http.StatusOK).JSON(t, &got)
	if got.State != "ended" || got.Outcome != "failure" {
		t.Errorf("the run is %+v", got)
	}
	reader.do(t, tn, "outputs", "viewer", http.MethodGet, tn.RunPath(id)+"/outputs", nil).Want(t, http.StatusOK).JSON(t, &got)
	if len(got.Outputs) != 1 || got.Outputs[0].State != "complete" {
		t.Errorf("the outputs are %+v", got.Outputs)
	}
	if read := reader.do(t, tn, "outputs", "viewer", http.MethodGet, tn.RunPath(id)+"/outputs/stdout.log", nil).Want(t, http.StatusOK); !bytes.Equal(read.Body, text) {
		t.Errorf("the output is %q", read.Body)
	}
	wantIssue(t, reader.do(t, tn, "assistants", "viewer", http.MethodPost, "/v1/workspaces/"+string(tn.Workspace)+"/issues/search", map[string]any{}))
}

// TestTheLastReleaseProcessesTheEventsOfThisVersion has the functions of the last release behind
// the subscriptions.
func TestTheLastReleaseProcessesTheEventsOfThisVersion(t *testing.T) {
	t.Parallel()
	path, _ := lastRelease(t)
	c := cloudtest.New(t, suite.Options{})
	tn, id := tenantOfBoth(t, c), cloudtest.NewRun(t)
	kept := takeOver(t, start(t, path, c.FunctionEnviron("custody")), c, "custody")
	folded := takeOver(t, start(t, path, c.FunctionEnviron("assistant-update")), c, "assistant-update")
	text := []byte("kept\n")
	tn.Mint(t, id, cloudtest.PartOf("stdout.log", 1, text))[0].Put(t, text).Want(t, http.StatusOK)
	reportIssue(t, tn)
	for what, answers := range map[string]<-chan int{"custody": kept, "assistant-update": folded} {
		if status := cloudtest.Receive(t, what+" answers", answers); status != http.StatusOK {
			t.Errorf("%s answered with status %d", what, status)
		}
	}
	if read := tn.Do(t, "viewer", http.MethodGet, tn.RunPath(id)+"/outputs/stdout.log", nil).Want(t, http.StatusOK); string(read.Body) != "kept\n" {
		t.Errorf("the output is %q", read.Body)
	}
	wantIssue(t, tn.Search(t, "viewer", "/v1/workspaces/"+string(tn.Workspace)+"/issues", ""))
}

// tenantOfBoth adds a tenant whose record has nothing that the last release does not know: it
// refuses a record with the role builder. That is why a new setting is used only when no
// instance of the version before is left (infra/playbooks/upgrade.md).
func tenantOfBoth(t *testing.T, c *cloudtest.Cloud) *cloudtest.Tenant {
	t.Helper()
	tn := c.Tenant(t)
	db, err := c.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range tn.Record.Trust {
		rules := &tn.Record.Trust[i].Rules
		*rules = slices.DeleteFunc(slices.Clone(*rules), func(r tenant.Rule) bool { return r.Role == tenant.Builder })
	}
	trust := []firestore.Update{{Path: "trust", Value: tn.Record.Trust}}
	if _, err := db.Collection("tenants").Doc(string(tn.ID)).Update(t.Context(), trust); err != nil {
		t.Fatal(err)
	}
	return tn
}

// releaseEntry is a line of releases.json.
type releaseEntry struct{ Version, Commit string }

func readReleases(t *testing.T) (releases []releaseEntry) {
	t.Helper()
	text, err := os.ReadFile(releasesFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &releases); err != nil {
		t.Fatal(err)
	}
	if len(releases) == 0 || releases[0].Version != "v0.1.0" {
		t.Fatal("the first release is not v0.1.0")
	}
	return releases
}
