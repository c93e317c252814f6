package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/demo"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "task" {
		os.Exit(demo.RunTask(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// emulator runs a command line that ends by itself.
func emulator(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = program{stdout: &out, stderr: &errs, bulk: 17 << 20}.main(t.Context(), args)
	return code, out.String(), errs.String()
}

func TestMistakesOnTheCommandLineAreReported(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a stray argument":              {[]string{"-no-demo", "data"}, `unexpected argument "data"`},
		"a stray argument before flags": {[]string{"data", "-once"}, `unexpected argument "data"`},
		"an unknown flag":               {[]string{"-dir", "x"}, "-h lists the flags"},
		"all interfaces":                {[]string{"-addr", "0.0.0.0:8080"}, "-serve-anyone"},
		"all interfaces, IPv6":          {[]string{"-addr", "[::]:8080"}, "-serve-anyone"},
		"no host":                       {[]string{"-addr", ":8080"}, "gives tokens of every role to everybody"},
		"another address":               {[]string{"-once", "-addr", "192.0.2.1:0"}, "-serve-anyone"},
		"a host name":                   {[]string{"-addr", "build.example:8080"}, "-serve-anyone"},
		"no port":                       {[]string{"-addr", "127.0.0.1"}, "use HOST:PORT"},
		"an empty address":              {[]string{"-addr", ""}, "use HOST:PORT"},
		"an empty directory":            {[]string{"-data", ""}, "-data is empty"},
		"only the demonstration, and not the demonstration": {[]string{"-once", "-no-demo"}, "leave out one of them"},
		"several": {[]string{"-once", "-no-demo", "-addr", ":1", "x"}, `unexpected argument "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := emulator(t, test.args...)
			if code != exitUsage || !strings.Contains(errs, test.want) || !strings.HasPrefix(errs, "emulator: ") || out != "" {
				t.Errorf("code %d, stdout %q, stderr %q", code, out, errs)
			}
		})
	}
}

func TestAddressesOfThisMachineNeedNoConsent(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-addr", "127.0.0.1:1"}, {"-addr", "127.1.2.3:1"}, {"-addr", "[::1]:1"}, {"-addr", "localhost:1"},
		{"-addr", "0.0.0.0:1", "-serve-anyone"}, {}, {"-once"},
	} {
		if _, err := parse(args, io.Discard); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestHelpAndVersionArePrintedToStandardOutput(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{"-h": "-serve-anyone", "-version": "emulator "} {
		code, out, errs := emulator(t, flag)
		if code != 0 || !strings.Contains(out, want) || errs != "" {
			t.Errorf("%s: code %d, stdout %q, stderr %q", flag, code, out, errs)
		}
	}
}

// The same directory works any number of times, with and without the demonstration.
func TestADirectoryCanBeUsedAgain(t *testing.T) {
	if cloudtest.RaceDetector {
		t.Skip("the tests of emulator/demo run the demonstration with the race detector")
	}
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	for n, workspace := range []string{"prod", "demo-2"} {
		code, out, errs := emulator(t, "-once", "-data", dir)
		if code != 0 || !strings.Contains(out, "in the workspace "+workspace) {
			t.Fatalf("start %d: code %d\n%s\n%s", n+1, code, out, errs)
		}
	}
	url := keepRunning(t, "-data", dir, "-addr", "127.0.0.1:0")
	code, _, errs := emulator(t, "-once", "-data", dir)
	if code != exitFailed || !strings.Contains(errs, dir) || !strings.Contains(errs, "in use by another") {
		t.Errorf("the directory in use: code %d, %s", code, errs)
	}
	for _, workspace := range []string{"prod", "demo-2"} {
		var runs struct{ Runs []struct{ State string } }
		post(t, url+"/v1/workspaces/"+workspace+"/runs/search", token(t, url), &runs)
		if len(runs.Runs) != 6 {
			t.Errorf("%s has %d runs", workspace, len(runs.Runs))
		}
		for _, run := range runs.Runs {
			if run.State != "ended" {
				t.Errorf("a run in %s is %s", workspace, run.State)
			}
		}
	}
}

// keepRunning starts a cloud that has data, until the test ends, and returns its URL.
func keepRunning(t *testing.T, args ...string) (url string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- program{stdout: writer, stderr: writer, bulk: 17 << 20}.main(ctx, args)
		_ = writer.Close()
	}()
	t.Cleanup(func() {
		cancel()
		_, _ = io.Copy(io.Discard, reader)
		if code := <-done; code != 0 {
			t.Errorf("code %d", code)
		}
	})
	var out strings.Builder
	for chunk := make([]byte, 1<<10); !strings.Contains(out.String(), "keeps running"); {
		n, err := reader.Read(chunk)
		out.Write(chunk[:n])
		if err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
	}
	if !strings.Contains(out.String(), "demonstration is skipped") {
		t.Errorf("the demonstration is not skipped:\n%s", &out)
	}
	return regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out.String())
}

// token returns a token of acme's viewer. It expires in an hour of the machine's time.
func token(t *testing.T, url string) string {
	t.Helper()
	var issued struct {
		Token   string
		Expires time.Time
	}
	response, err := http.Get(url + "/emulator/token?tenant=acme&as=viewer")
	decode(t, response, err, &issued)
	if left := time.Until(issued.Expires); left < 59*time.Minute || left > time.Hour {
		t.Errorf("the token expires in %s", left)
	}
	return issued.Token
}

func post(t *testing.T, url, token string, v any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	decode(t, response, err, v)
}

func decode(t *testing.T, response *http.Response, err error, v any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(v); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", response.StatusCode, err)
	}
}
