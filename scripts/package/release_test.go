package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/semver"
)

// releasesFile lists each release, the oldest first.
const releasesFile = "../../.github/releases.json"

func TestReleasesAreInTheChangelogAndInTheHistory(t *testing.T) {
	t.Parallel()
	releases := readReleases(t)
	changelog, err := os.ReadFile("../../" + changelogFile)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range releases {
		if err := parseVersion(r.Version); err != nil || semver.Prerelease(r.Version) != "" {
			t.Errorf("%s is not the version of a release: %v", r.Version, err)
		}
		if i > 0 && semver.Compare(releases[i-1].Version, r.Version) >= 0 {
			t.Errorf("%s is not newer than the release before it", r.Version)
		}
		if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(r.Commit) {
			t.Errorf("%s: %q is not a commit", r.Version, r.Commit)
		}
		if len(sectionOf(changelog, r.Version)) < 2 {
			t.Errorf("%s has no section in the changelog", r.Version)
		}
		err := exec.CommandContext(t.Context(), "git", "merge-base", "--is-ancestor", r.Commit, "HEAD").Run()
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit) && exit.ExitCode() == 1:
			t.Errorf("%s: the commit %s is not in the history", r.Version, r.Commit)
		case err != nil:
			t.Logf("NOT CHECKED: whether the commit of %s is in the history, which this clone does not have", r.Version)
		}
	}
}

func TestAVersionIsSemantic(t *testing.T) {
	t.Parallel()
	for version, ok := range map[string]bool{
		"v1.2.3": true, "v0.1.0": true, "v1.2.3-rc.1": true,
		"1.2.3": false, "v1.2": false, "v1.2.3+build": false, "v01.2.3": false, "latest": false, "v1.2.3 ": false,
	} {
		if err := parseVersion(version); (err == nil) != ok {
			t.Errorf("%q: %v", version, err)
		}
	}
}

func TestNotesAreTheSectionOfTheVersion(t *testing.T) {
	t.Parallel()
	changelog := []byte("# Changelog\n\n## v0.2.0 (2026-12-01)\n\n- new\n\n## v0.1.0 (2026-11-29)\n\n- first\n")
	for version, want := range map[string]string{"v0.2.0": "- new\n", "v0.2.0-rc.1": "- new\n", "v0.1.0": "- first\n", "v0.1.1": "", "v0.2": ""} {
		if got := string(sectionOf(changelog, version)); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}

func TestProgramsAreNamedByTheirPlatform(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "all": 12, "host": 2, "linux/amd64,windows/arm64": 4, "linux/arm64 linux/arm64": 2, "strongroom/windows/amd64,windows/amd64": 2, "emulator/linux/arm64": 1} {
		if got, err := parsePrograms(text); err != nil || len(got) != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if _, err := parsePrograms("linux/mips"); err == nil || !strings.Contains(err.Error(), "windows/arm64") {
		t.Errorf("the error of an unknown platform is %v", err)
	}
}

func TestDescriptionsNameEveryFileAndModule(t *testing.T) {
	t.Parallel()
	p := &packer{module: "example.com/m", release: "go1.26.3"}
	all := []artifact{
		{name: "a-1.zip", digest: strings.Repeat("a", 64), modules: map[string]string{"example.com/x/v2": "v2.0.0+incompatible"}},
		{name: "b_1.zip", digest: strings.Repeat("b", 64), modules: map[string]string{"example.com/x/v2": "v2.0.0+incompatible", "example.com/y": "v1.0.0"}},
	}
	from := source{commit: strings.Repeat("c", 40), time: time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)}
	list := newSBOM(p, "v0.2.0", from, all)
	ids := map[string]bool{documentID: true}
	var names []string
	for _, pkg := range list.Packages {
		if ids[pkg.SPDXID] || !regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`).MatchString(pkg.SPDXID) {
			t.Errorf("the identifier %s is taken or invalid", pkg.SPDXID)
		}
		ids[pkg.SPDXID] = true
		names = append(names, pkg.Name)
	}
	if diff := cmp.Diff([]string{"a-1.zip", "b_1.zip", "example.com/x/v2", "example.com/y", "stdlib"}, names); diff != "" {
		t.Error(diff)
	}
	for _, r := range list.Relationships {
		if !ids[r.Element] || !ids[r.Related] {
			t.Errorf("%v relates what is not listed", r)
		}
	}
	if n := len(list.Relationships); n != 2+2+3 {
		t.Errorf("%d relationships", n)
	}
	environment := map[string]string{
		"GITHUB_SERVER_URL": "https://github.example.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7",
		"GITHUB_WORKFLOW_REF": "o/r/.github/workflows/release.yml@refs/tags/v0.2.0",
	}
	statement := newProvenance(p, settings{}, "v0.2.0", from, all, func(name string) string { return environment[name] })
	run := statement.Predicate.RunDetails
	if len(statement.Subject) != 2 || statement.Subject[1].Digest["sha256"] != all[1].digest ||
		statement.Predicate.BuildDefinition.ResolvedDependencies[0].Digest["gitCommit"] != from.commit ||
		run.Builder["id"] != "https://github.example.com/o/r/.github/workflows/release.yml@refs/tags/v0.2.0" ||
		run.Metadata["invocationId"] != "https://github.example.com/o/r/actions/runs/7/attempts/1" {
		t.Errorf("the provenance is %+v", statement)
	}
	local := newProvenance(p, settings{}, "v0.2.0", from, all, func(string) string { return "" })
	if id := local.Predicate.RunDetails.Builder["id"]; id != "https://example.com/m/scripts/package@local" {
		t.Errorf("the builder of a person's machine is %s", id)
	}
}

func TestATarballIsTheSameEachTimeAndItsProgramIsExecutable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"licenses/x/LICENSE", "prog", "LICENSE"} {
		if err := put(dir, name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	first, err := archiveFor(platform{"linux", "amd64"}, dir, "prog")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "prog"), time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	second, err := archiveFor(platform{"darwin", "arm64"}, dir, "prog")
	if err != nil || !bytes.Equal(first, second) {
		t.Error("the bytes differ", err)
	}
	uncompressed, err := gzip.NewReader(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for files := tar.NewReader(uncompressed); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o", header.Name, header.Mode))
	}
	if diff := cmp.Diff([]string{"LICENSE 644", "licenses/x/LICENSE 644", "prog 755"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestAReleaseIsRefusedBeforeAnythingIsBuilt has mistakes that a person makes.
func TestAReleaseIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a version without a section":  {[]string{"-version", "v99.0.0"}, 1, `.github/CHANGELOG.md has no section "## v99.0.0 (YYYY-MM-DD)"`},
		"a version that is not whole":  {[]string{"-version", "v1"}, 2, "is not a semantic version"},
		"a platform that is not built": {[]string{"-programs", "plan9/386"}, 2, "the platforms are: linux/amd64"},
	} {
		out := filepath.Join(t.TempDir(), "dist")
		var log bytes.Buffer
		if code := run(t.Context(), append(c.args, "-out", out), &log); code != c.code || !strings.Contains(log.String(), c.want) {
			t.Errorf("%s: exit code %d: %s", name, code, &log)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: something was built", name)
		}
	}
}

// TestChecksumsMatchTheFiles describes files as a release does.
func TestChecksumsMatchTheFiles(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	p := &packer{module: "example.com/m", release: "go1.26.3", dir: root}
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, manifestName), []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := p.describe(t.Context(), settings{out: out}, "v0.2.0", []artifact{{name: "a.zip", digest: digest([]byte("a"))}})
	if err != nil {
		t.Fatal(err)
	}
	files[manifestName], files["a.zip"] = []byte("{}\n"), []byte("a")
	lines := strings.Split(strings.TrimSpace(string(files["SHA256SUMS"])), "\n")
	if len(lines) != 4 {
		t.Errorf("%d files are listed: %v", len(lines), lines)
	}
	for _, line := range lines {
		sum, name, _ := strings.Cut(line, "  ")
		if want := fmt.Sprintf("%x", sha256.Sum256(files[name])); files[name] == nil || sum != want {
			t.Errorf("%s has the checksum %s, not %s", name, want, sum)
		}
	}
}
