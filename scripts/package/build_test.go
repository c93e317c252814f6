package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/infra"
)

// program is a function that was packed, unpacked and built.
type program struct {
	suite   infra.Suite
	archive Archive
	content []byte // the zip
	dir     string // where it is unpacked
	path    string // the executable
	bytes   int64  // its size
}

// programs makes each function's once.
var programs = func() map[string]func() (program, error) {
	suite, err := infra.Load()
	if err != nil {
		panic(err)
	}
	all := map[string]func() (program, error){}
	for name := range suite.Functions {
		all[name] = sync.OnceValues(func() (program, error) { return build(context.Background(), name) })
	}
	return all
}()

// eachProgram runs check for every function, side by side.
func eachProgram(t *testing.T, check func(t *testing.T, name string, p program)) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds every function out of its archive, which takes minutes at first: not with -short")
	}
	if cloudtest.RaceDetector {
		t.Skip("the programs are built without the race detector, so it finds nothing in them")
	}
	for name := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, name, built(t, name))
		})
	}
}

func built(t testing.TB, name string) program {
	t.Helper()
	p, err := programs[name]()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// build does what the buildpack does with an archive.
func build(ctx context.Context, name string) (program, error) {
	packer, err := newPacker(ctx)
	if err != nil {
		return program{}, err
	}
	p := program{suite: packer.suite, dir: filepath.Join(scratch, name), path: filepath.Join(scratch, name+".exe")}
	if p.archive, p.content, err = packer.pack(ctx, name); err != nil {
		return program{}, err
	}
	if err := unpack(p.content, p.dir); err != nil {
		return program{}, err
	}
	if err := put(p.dir, "functions.local/app/main.go", fmt.Appendf(nil, mainFile, packer.module, framework)); err != nil {
		return program{}, err
	}
	environ, err := offline()
	if err != nil {
		return program{}, err
	}
	if _, err := runGo(ctx, p.dir, environ, "build", "-ldflags", buildEnvironment["GOOGLE_GOLDFLAGS"],
		"-o", p.path, filepath.Join(p.dir, "functions.local", "app")); err != nil {
		return program{}, err
	}
	info, err := os.Stat(p.path)
	if err != nil {
		return program{}, err
	}
	p.bytes = info.Size()
	return p, nil
}

// mainFile is what the buildpack writes where functions.local/app is, save
// that it serves on every address: cmd/go/functions_framework of
// github.com/GoogleCloudPlatform/buildpacks.
const mainFile = `package main

import (
	"log"
	"net/http"
	"os"

	_ %q

	%q
)

func main() {
	http.HandleFunc("/robots.txt", http.NotFound)
	http.HandleFunc("/favicon.ico", http.NotFound)
	if err := funcframework.StartHostPort("127.0.0.1", os.Getenv("PORT")); err != nil {
		log.Fatalf("Function failed to start: %%v\n", err)
	}
}
`

// offline is the environment of a build with no network and no modules.
func offline() ([]string, error) {
	empty := filepath.Join(scratch, "modules")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		return nil, err
	}
	return goEnviron("GOPROXY=off", "GOMODCACHE="+empty, "GOTOOLCHAIN=local"), nil
}

// unpack writes the files of a zip to dir.
func unpack(content []byte, dir string) error {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	for _, file := range z.File {
		r, err := file.Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := put(dir, file.Name, text); err != nil {
			return err
		}
	}
	return nil
}

// runnable skips where what is built for the cloud does not run.
func runnable(t testing.TB) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOHOSTOS", "GOHOSTARCH").Output()
	if err != nil {
		t.Fatal(err)
	}
	if host := strings.Fields(string(out)); host[0] != "linux" || host[1] != "amd64" {
		t.Skipf("what is deployed runs on linux/amd64; this is %s", strings.Join(host, "/"))
	}
}
