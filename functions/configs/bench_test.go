package configs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/functions/configs"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
	slxs "github.com/strongroom-dev/strongroom/shared/slx"
)

// BenchmarkGit pushes and clones 13,000 files with 20 MB, and compares the CPU time with that
// of git's own server, git http-backend, for the same requests. A push to the function
// includes the embedded cloud and what git does not do: the check of every file. x-unpack
// compares only the reading of the pack, with a whole push to git.
func BenchmarkGit(b *testing.B) {
	w := newLargeRepository(b, 13_000)
	push, clone := w.pushBody(b), w.cloneBody()
	tree := w.files(b)
	c := cloudtest.Shared(b)
	var own, peer struct{ push, clone time.Duration }
	var check, unpack time.Duration
	for b.Loop() {
		tn := c.Tenant(b)
		body := map[string]any{"files": len(tree.Files), "bytes": tree.Bytes()}
		tn.Do(b, "builder", http.MethodPut, configPath(tn)+"/reviews/"+tree.Digest().String(), body).Want(b, http.StatusOK)
		own.push += cpu(b, func() { w.send(b, tn, "/git-receive-pack", cloudtest.PushMedia, push, "ok refs/heads/main") })
		own.clone += cpu(b, func() { w.send(b, tn, "/git-upload-pack", cloudtest.FetchMedia, clone, "PACK") })
		check += cpu(b, func() { checkFiles(b, tree.Files) })
		unpack += cpu(b, func() {
			if err := configs.Unpack(push[bytes.Index(push, []byte("PACK")):]); err != nil {
				b.Fatal(err)
			}
		})

		server := w.server(b)
		peer.push += cpu(b, func() { post(b, server+"/git-receive-pack", cloudtest.PushMedia, push, "ok refs/heads/main") })
		peer.clone += cpu(b, func() { post(b, server+"/git-upload-pack", cloudtest.FetchMedia, clone, "PACK") })
	}
	n := float64(b.N)
	b.ReportMetric(float64(own.push.Milliseconds())/n, "push-cpu-ms")
	b.ReportMetric(float64(peer.push.Milliseconds())/n, "push-cpu-ms-git")
	b.ReportMetric(float64(check.Milliseconds())/n, "check-cpu-ms")
	b.ReportMetric(own.push.Seconds()/peer.push.Seconds(), "x-push")
	b.ReportMetric(unpack.Seconds()/peer.push.Seconds(), "x-unpack")
	b.ReportMetric(float64(own.clone.Milliseconds())/n, "clone-cpu-ms")
	b.ReportMetric(float64(peer.clone.Milliseconds())/n, "clone-cpu-ms-git")
	b.ReportMetric(own.clone.Seconds()/peer.clone.Seconds(), "x-clone")
}

// checkFiles does what a push does with the files of a commit.
func checkFiles(b *testing.B, files []configtree.File) {
	b.Helper()
	said, found := &slxs.Collection{}, 0
	tree, faults := configtree.NewFunc(files, func(f configtree.File) ([]configtree.Document, []configtree.Fault) {
		documents, faults := f.Read()
		said.Add(documents)
		found += len(findings.ScanFile(f, documents))
		return documents, faults
	})
	if len(faults) > 0 || found > 0 || tree.Digest() == (configtree.Digest{}) {
		b.Fatalf("%d faults, %d findings", len(faults), found)
	}
}

// cpu returns the CPU time of this process and of processes that have ended meanwhile.
func cpu(b *testing.B, do func()) time.Duration {
	b.Helper()
	used := func() (total time.Duration) {
		for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
			var u syscall.Rusage
			if err := syscall.Getrusage(who, &u); err != nil {
				b.Fatal(err)
			}
			total += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
		return total
	}
	before := used()
	do()
	return used() - before
}

// largeRepository is a directory with a repository of git.
type largeRepository struct{ dir, head string }

func newLargeRepository(b *testing.B, files int) largeRepository {
	b.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		b.Skip("git is not installed")
	}
	w := largeRepository{dir: b.TempDir()}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range files {
		var text strings.Builder
		for i := range 25 {
			value := "the value of a field of this document, that many files have"
			if i%5 == 0 {
				value = words(random)
			}
			fmt.Fprintf(&text, "  field%02d: %s\n", i, value)
		}
		path := filepath.Join(w.dir, many(n))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(slx(fmt.Sprint(n), text.String())), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	w.git(b, nil, "init", "--quiet", "--initial-branch=main")
	w.git(b, nil, "add", "-A")
	w.git(b, nil, "commit", "--quiet", "-m", "change")
	w.head = strings.TrimSpace(string(w.git(b, nil, "rev-parse", "HEAD")))
	return w
}

// words returns about 55 bytes of words of a vocabulary.
func words(random *rand.Rand) string {
	var text []string
	for range 8 {
		text = append(text, fmt.Sprintf("word%02x", random.IntN(256)))
	}
	return strings.Join(text, " ")
}

func (w largeRepository) git(b *testing.B, input []byte, args ...string) []byte {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), "git", append([]string{"-c", "user.name=Ann", "-c", "user.email=ann@example.com"}, args...)...)
	cmd.Dir, cmd.Stdin = w.dir, bytes.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("git %v: %v", args, err)
	}
	return out
}

// pushBody is the request with which git pushes the first commit.
func (w largeRepository) pushBody(b *testing.B) []byte {
	b.Helper()
	line := fmt.Sprintf("%040d %s refs/heads/main\x00 report-status", 0, w.head)
	pack := w.git(b, []byte(w.head+"\n"), "pack-objects", "--revs", "--stdout", "--delta-base-offset", "--quiet")
	return append(fmt.Appendf(nil, "%04x%s0000", len(line)+4, line), pack...)
}

// cloneBody is the request with which git clones.
func (w largeRepository) cloneBody() []byte {
	return fmt.Appendf(nil, "0011command=fetch0014agent=git/2.39.50016object-format=sha10001000fno-progress000dofs-delta0032want %s\n0009done\n0000", w.head)
}

func (w largeRepository) files(b *testing.B) configtree.Tree {
	b.Helper()
	var files []configtree.File
	for path := range strings.SplitSeq(strings.TrimSpace(string(w.git(b, nil, "ls-files"))), "\n") {
		data, err := os.ReadFile(filepath.Join(w.dir, path))
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, configtree.File{Path: path, Data: data})
	}
	tree, faults := configtree.New(files)
	if len(faults) > 0 {
		b.Fatal(faults)
	}
	return tree
}

// server returns the URL of an empty repository that git http-backend serves.
func (w largeRepository) server(b *testing.B) string {
	b.Helper()
	root := b.TempDir()
	w.git(b, nil, "init", "--quiet", "--bare", "--initial-branch=main", filepath.Join(root, "r.git"))
	w.git(b, nil, "-C", filepath.Join(root, "r.git"), "config", "http.receivepack", "true")
	path := filepath.Join(strings.TrimSpace(string(w.git(b, nil, "--exec-path"))), "git-http-backend")
	server := httptest.NewServer(&cgi.Handler{Path: path, Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}, InheritEnv: []string{"PATH"}})
	b.Cleanup(server.Close)
	return server.URL + "/r.git"
}

func (w largeRepository) send(b *testing.B, tn *cloudtest.Tenant, path, media string, body []byte, want string) {
	b.Helper()
	r := tn.Do(b, "builder", http.MethodPost, configPath(tn)+".git"+path, cloudtest.Media{Type: media, Data: body}, "Git-Protocol", "version=2")
	if r.Want(b, http.StatusOK); !bytes.Contains(r.Body, []byte(want)) {
		b.Fatalf("the answer has no %q: %.300s", want, r.Body)
	}
}

func post(b *testing.B, url, media string, body []byte, want string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", media)
	r.Header.Set("Git-Protocol", "version=2")
	if answer := cloudtest.Send(b, r); answer.Status != http.StatusOK || !bytes.Contains(answer.Body, []byte(want)) {
		b.Fatalf("git http-backend: status %d: %.300s", answer.Status, answer.Body)
	}
}
