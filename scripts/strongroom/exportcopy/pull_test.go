package exportcopy_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/exportcopy"
	"github.com/strongroom-dev/strongroom/shared/manifest"
)

func dirFS(dir string) fs.FS { return os.DirFS(dir) }

// outputs adds outputs with a gap, an empty part, a part without a SHA-256, and many
// parts, and signs the export.
func (p *platform) outputs(t testing.TB) (want map[string]string) {
	t.Helper()
	files := []manifest.File{
		p.part("out.log", 1, 2, 5, []byte("two\n")), p.part("out.log", 1, 1, 0, []byte("one.\n")),
		p.part("out.log", 4, 4, 0, []byte("four\n")), p.part("empty", 1, 1, 0, nil), p.part("x.part", 1, 1, 0, []byte("x")),
	}
	undeclared := p.part("undeclared", 1, 1, 0, []byte("unknown"))
	undeclared.SHA256, undeclared.Part.Checksum = "", manifest.CRC32COnly
	want = map[string]string{"out.log": "one.\ntwo\n", "out.log@00004": "four\n", "empty": "", "x.part": "x", "undeclared": "unknown"}
	var many []manifest.File
	text := ""
	for i := range 40 {
		line := fmt.Sprintf("part %d\n", i+1)
		many = append(many, p.part("many", 1, i+1, int64(len(text)), []byte(line)))
		text += line
	}
	want["many"] = text
	p.sign(t, p.list(t, append(files, undeclared)...), p.list(t, many[20:]...), p.list(t, many[:20]...))
	return want
}

// copied returns the outputs in a copy, and "HIDDEN" for files that are not complete.
func copied(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	found, err := os.ReadDir(filepath.Join(dir, "outputs", "prod", "run"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, f := range found {
		data, err := os.ReadFile(filepath.Join(dir, "outputs", "prod", "run", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name()] = string(data)
	}
	return files
}

func TestOutputsAreAssembledFromTheirParts(t *testing.T) {
	t.Parallel()
	for name, batch := range map[string]int{"in one batch": 0, "in batches that divide outputs": 7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			want, dir := p.outputs(t), t.TempDir()
			puller := p.puller(t, dir)
			puller.MaxBatch = batch
			pulled, err := puller.Pull(t.Context())
			if err != nil || pulled.CRC32COnly != 1 || pulled.Mismatches != 0 {
				t.Fatalf("%+v, %v", pulled, err)
			}
			if diff := cmp.Diff(want, copied(t, dir)); diff != "" {
				t.Error(diff)
			}
			if problems := p.verify(t, dir); len(problems) > 0 {
				t.Error(problems)
			}
			before := p.fetched("")
			if again, err := puller.Pull(t.Context()); err != nil || again.Files != 0 || p.fetched("") != before {
				t.Errorf("the second pull: %+v, %v", again, err)
			}
		})
	}
}

// TestOnlyWhatIsMissingIsFetched leaves the copy in states in which a pull can be
// interrupted.
func TestOnlyWhatIsMissingIsFetched(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	want, dir := p.outputs(t), t.TempDir()
	if _, err := p.puller(t, dir).Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(dir, "outputs", "prod", "run")
	many := want["many"]
	for name, row := range map[string]struct {
		partial string // of the output many; empty: it is removed
		gets    int    // of its 40 parts
	}{
		"the output is removed":                  {"", 40},
		"half of the parts are there":            {many[:len(many)/2], 20},
		"a part in the middle is not there":      {many[:50] + strings.Repeat("\x00", 8) + many[58:], 2},
		"all parts are there":                    {many, 0},
		"there are bytes after the last part":    {many + "more", 0},
		"the bytes are those of something else":  {strings.Repeat("x", len(many)), 40},
		"the last part has not arrived entirely": {many[:len(many)-1], 1},
	} {
		if err := os.Remove(filepath.Join(run, "many")); err != nil {
			t.Fatal(err)
		}
		if row.partial != "" {
			if err := os.WriteFile(filepath.Join(run, ".many.part"), []byte(row.partial), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		before := p.fetched("")
		if _, err := p.puller(t, dir).Pull(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := p.fetched("") - before; got != row.gets {
			t.Errorf("%s: %d files are fetched, want %d", name, got, row.gets)
		}
		if diff := cmp.Diff(want, copied(t, dir)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestBytesOtherThanTheSignedOnesAreRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		serve func(w http.ResponseWriter, r *http.Request) // instead of the object many/00003
		want  error
	}{
		"other bytes": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "PART 3\n") }, exportcopy.ErrChanged},
		"more bytes":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "part 3\nmore") }, exportcopy.ErrChanged},
		"fewer bytes": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "part") }, exportcopy.ErrChanged},
		"another checksum": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Goog-Hash", "crc32c=AAAAAA==")
			fmt.Fprint(w, "part 3\n")
		}, exportcopy.ErrChanged},
		"more than it says": {func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); fmt.Fprint(w, "part 3\nmore") }, exportcopy.ErrChanged},
		"a redirect elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.com/", http.StatusFound)
		}, nil},
		"nothing": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			p.outputs(t)
			p.serve = func(name string, w http.ResponseWriter, r *http.Request) bool {
				isThird := strings.HasSuffix(name, "/many/00003")
				if isThird {
					row.serve(w, r)
				}
				return isThird
			}
			dir := t.TempDir()
			if _, err := p.puller(t, dir).Pull(t.Context()); err == nil || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("pull: %v", err)
			}
			if _, err := os.Lstat(filepath.Join(dir, "outputs", "prod", "run", "many")); err == nil {
				t.Error("the output has its name")
			}
		})
	}
}

func TestAPartThatIsNotWhatItsRunnerDeclaredIsStoredAndNamed(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	wrong := p.part("out.log", 1, 1, 0, []byte("hello"))
	wrong.SHA256 = strings.Repeat("0", 64)
	p.sign(t, p.list(t, wrong))
	dir := t.TempDir()
	pulled, err := p.puller(t, dir).Pull(t.Context())
	if err != nil || pulled.Mismatches != 1 || !slices.Equal(pulled.Mismatched, []string{wrong.Name}) {
		t.Errorf("%+v, %v", pulled, err)
	}
	if got := copied(t, dir)["out.log"]; got != "hello" {
		t.Errorf("the output is %q", got)
	}
	if problems := p.verify(t, dir); len(problems) != 1 {
		t.Errorf("verified with %v", problems)
	}
}

func TestNothingIsWrittenOutsideOfTheDirectory(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"../escaped", "runs/../../escaped", "/escaped", "runs/", "", ".", "runs//x", "runs/.hidden", "runs/-x", `runs\x`, "runs/a:b", "runs/\x00",
		"runs/é", "runs/" + strings.Repeat("x", 300), "manifest-x.json", "keys.txt/x",
	} {
		p := newPlatform(t)
		p.sign(t, p.list(t, p.object(name, []byte("hostile"))))
		parent := t.TempDir()
		if _, err := p.puller(t, filepath.Join(parent, "copy")).Pull(t.Context()); err == nil {
			t.Errorf("%q is accepted", name)
		}
		if found, err := os.ReadDir(parent); err != nil || len(found) != 1 {
			t.Errorf("%q: %v, %v", name, found, err)
		}
	}
	for _, path := range []string{"outputs/../../escaped", "../escaped", "keys.txt", "outputs/prod/.x.part"} {
		p := newPlatform(t)
		f := p.part("out.log", 1, 1, 0, []byte("hostile"))
		f.Part.Path = path
		p.sign(t, p.list(t, f))
		if _, err := p.puller(t, t.TempDir()).Pull(t.Context()); err == nil {
			t.Errorf("the path %q is accepted", path)
		}
	}
}

func TestLinksInTheDirectoryAreNotFollowed(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.sign(t, p.list(t, p.object("runs/rows.jsonl.gz", []byte("rows"))))
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "runs")); err != nil {
		t.Fatal(err)
	}
	inside := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(inside, "runs"), 0o700), os.WriteFile(filepath.Join(inside, "mine"), []byte("mine"), 0o600),
		os.Symlink("../mine", filepath.Join(inside, "runs", ".rows.jsonl.gz.part"))); err != nil {
		t.Fatal(err)
	}
	if _, err := p.puller(t, inside).Pull(t.Context()); !errors.Is(err, exportcopy.ErrInTheWay) {
		t.Errorf("a partial file that is a link: %v", err)
	}
	if _, err := p.puller(t, dir).Pull(t.Context()); err == nil {
		t.Error("a link to another directory is followed")
	}
	if found, err := os.ReadDir(outside); err != nil || len(found) > 0 {
		t.Errorf("outside are %v, %v", found, err)
	}
}

func TestCopiesThatCannotBeTrustedAreRefused(t *testing.T) {
	t.Parallel()
	other := newPlatform(t)
	for name, row := range map[string]struct {
		change func(*platform)
		keys   string // empty: those of the platform
		want   string
	}{
		"the keys of somebody else":    {func(*platform) {}, other.keys, "signature is not valid"},
		"keys that are not keys":       {func(*platform) {}, "x\n", "no verifier key"},
		"a list that is not served":    {func(p *platform) { p.drop("lists/") }, "", "does not list"},
		"a part that is not served":    {func(p *platform) { p.drop("parts/prod/run/many/00007") }, "", "does not list"},
		"no manifest":                  {func(p *platform) { p.drop("manifest-") }, "", "there is no manifest"},
		"a manifest that was changed":  {func(p *platform) { p.flip("manifest-", ".json") }, "", "SHA-256 is not the signed one"},
		"a signature that was changed": {func(p *platform) { p.flip("manifest-", ".note") }, "", "cannot be trusted"},
	} {
		p := newPlatform(t)
		p.outputs(t)
		row.change(p)
		puller := p.puller(t, t.TempDir())
		if row.keys != "" {
			puller.Trusted = []byte(row.keys)
		}
		if _, err := puller.Pull(t.Context()); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := newPlatform(t)
	p.outputs(t)
	puller := p.puller(t, t.TempDir())
	if _, err := puller.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	puller.Export = strings.Replace(exportID, "0198", "0199", 1)
	if _, err := puller.Pull(t.Context()); !errors.Is(err, exportcopy.ErrOtherExport) {
		t.Errorf("another export in the same directory: %v", err)
	}
}

// drop removes files with a prefix from the pages.
func (p *platform) drop(prefix string) {
	p.names = slices.DeleteFunc(p.names, func(name string) bool { return strings.HasPrefix(name, prefix) })
}

// flip changes a bit of the object with a prefix and an ending.
func (p *platform) flip(prefix, ending string) {
	for name := range maps.Keys(p.objects) {
		if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, ending) {
			p.objects[name] = slices.Clone(p.objects[name])
			p.objects[name][len(p.objects[name])/2] ^= 1
			p.files[name] = fileOf(name, p.objects[name])
		}
	}
}

func TestAFullDiskIsReportedAndThePullContinues(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		t.Skipf("this user cannot mount a disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	p := newPlatform(t)
	text := strings.Repeat("0123456789abcde\n", 1<<14) // 256 KiB
	p.sign(t, p.list(t, p.part("out.log", 1, 1, 0, []byte(text)), p.part("out.log", 1, 2, int64(len(text)), []byte(text))))
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 600<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(disk, "copy")
	if _, err := p.puller(t, dir).Pull(t.Context()); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free space") {
		t.Fatalf("a full disk: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if _, err := p.puller(t, dir).Pull(t.Context()); err != nil || copied(t, dir)["out.log"] != text+text {
		t.Errorf("after space was freed: %v", err)
	}
}

// TestBrokenConnectionsContinue breaks the first response after some bytes.
func TestBrokenConnectionsContinue(t *testing.T) {
	t.Parallel()
	data := strings.Repeat("0123456789abcde\n", 1<<14)
	rest := func(w http.ResponseWriter, r *http.Request, generation string) {
		w.Header().Set("X-Goog-Generation", generation)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(data))
	}
	for name, row := range map[string]struct {
		second func(w http.ResponseWriter, r *http.Request) // answers the request for the rest
		want   error
	}{
		"the rest follows":            {second: func(w http.ResponseWriter, r *http.Request) { rest(w, r, "1") }},
		"the bucket sends everything": {second: func(w http.ResponseWriter, r *http.Request) { r.Header.Del("Range"); rest(w, r, "1") }},
		"the object was replaced":     {second: func(w http.ResponseWriter, r *http.Request) { rest(w, r, "2") }, want: exportcopy.ErrChanged},
		"the object became shorter":   {second: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) }, want: exportcopy.ErrChanged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			p.sign(t, p.list(t, p.object("runs/rows.jsonl.gz", []byte(data))))
			var ranges atomic.Int64
			p.serve = func(name string, w http.ResponseWriter, r *http.Request) bool {
				switch {
				case name != "runs/rows.jsonl.gz":
					return false
				case r.Header.Get("Range") != "":
					ranges.Add(1)
					row.second(w, r)
					return true
				}
				w.Header().Set("X-Goog-Generation", "1")
				w.Header().Set("Content-Length", fmt.Sprint(len(data)))
				fmt.Fprint(w, data[:len(data)/3])
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			dir := t.TempDir()
			if _, err := p.puller(t, dir).Pull(t.Context()); !errors.Is(err, row.want) || ranges.Load() != 1 {
				t.Errorf("%d ranges: %v", ranges.Load(), err)
			}
			if row.want == nil && len(p.verify(t, dir)) > 0 {
				t.Error(p.verify(t, dir))
			}
		})
	}
}
