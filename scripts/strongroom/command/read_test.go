package command_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

const someRun = "01890a5d-ac96-774b-bcce-b302099a8057"

// keep stores an output of several parts.
func (p *place) keep(name, content string, partSize int) (parts int) {
	for ; len(content) > 0; parts++ {
		piece := content[:min(partSize, len(content))]
		content = content[len(piece):]
		p.keepPart(name, parts+1, piece)
	}
	return parts
}

func (p *place) keepPart(name string, number int, content string) {
	sum := crc32.Checksum([]byte(content), crc32.MakeTable(crc32.Castagnoli))
	p.server.Store(someRun, api.Part{
		Output: name, Number: number, ContentType: "text/plain", Size: int64(len(content)), CRC32C: api.Checksum(sum),
	}, []byte(content))
}

func (p *place) end(name string, parts int) {
	p.server.End(someRun, api.Report{Outcome: "success", Outputs: []api.Claim{{Name: name, Parts: parts}}})
}

func TestCatGivesWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	text := numbers(1000)
	lines := strings.SplitAfter(text, "\n")
	cases := map[string]struct {
		flags []string
		want  string
	}{
		"all":                       {nil, text},
		"followed":                  {[]string{"--follow"}, text},
		"bytes":                     {[]string{"--bytes", "10-4000"}, text[10:4001]},
		"bytes to the end":          {[]string{"--bytes", "5000-"}, text[5000:]},
		"bytes from the end":        {[]string{"--bytes", fmt.Sprint(len(text), "-")}, ""},
		"a line":                    {[]string{"--lines", "7-7"}, lines[6]},
		"lines of many responses":   {[]string{"--lines", "100-900"}, strings.Join(lines[99:900], "")},
		"lines to the end":          {[]string{"--lines", "900-"}, strings.Join(lines[899:], "")},
		"more lines than there are": {[]string{"--lines", "990-5000"}, strings.Join(lines[989:], "")},
	}
	for name, c := range cases {
		for fault, config := range map[string]platformtest.Config{
			"in one response":        {},
			"in many responses":      {MaxResponse: 700},
			"over breaking lines":    {MaxResponse: 900, Fault: everyOther(platformtest.DropReply)},
			"over breaking lines, 2": {Fault: everyOther(platformtest.DropReply)},
		} {
			t.Run(name+" "+fault, func(t *testing.T) {
				t.Parallel()
				p := newPlace(t, config)
				p.end("stdout.log", p.keep("stdout.log", text, 777))
				r := p.run(t, append([]string{"outputs", "cat", someRun, "stdout.log"}, c.flags...)...)
				if r.code != 0 || r.stdout != c.want {
					t.Errorf("code %d, %d bytes, not %d: %s", r.code, len(r.stdout), len(c.want), r.stderr)
				}
			})
		}
	}
}

func TestFollowGoesOnUntilTheOutputIsComplete(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	out := make(growing, 16)
	done := make(chan int, 1)
	go func() { done <- p.runTo(t, out, "outputs", "cat", someRun, "stdout.log", "--follow") }()
	for number := 1; number <= 3; number++ {
		want := fmt.Sprintf("part %d\n", number)
		p.keepPart("stdout.log", number, want)
		if got := <-out; got != want {
			t.Errorf("got %q, not %q", got, want)
		}
	}
	p.end("stdout.log", 3)
	if code := <-done; code != 0 {
		t.Errorf("code %d", code)
	}
}

// growing gives each write.
type growing chan string

func (g growing) Write(p []byte) (int, error) {
	g <- string(p)
	return len(p), nil
}

func TestAnIncompleteOutputIsNotTakenForAll(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{nil, {"--follow"}} {
		p := newPlace(t, platformtest.Config{})
		p.keep("stdout.log", "only this\n", 100)
		p.end("stdout.log", 2)
		r := p.run(t, append([]string{"outputs", "cat", someRun, "stdout.log"}, flags...)...)
		if r.code != 1 || r.stdout != "only this\n" || !strings.Contains(r.stderr, "the output is incomplete") {
			t.Errorf("%v: %+v", flags, r)
		}
	}
}

func TestFollowOfAnOutputThatNeverComes(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	p.end("other.log", 1)
	r := p.run(t, "outputs", "cat", someRun, "stdout.log", "--follow")
	if r.code != 1 || !strings.Contains(r.stderr, "the run has no such output") {
		t.Errorf("%+v", r)
	}
}

func TestListShowsOutputs(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	p.keep("report.html", "<p>\x1b[31m", 4)
	p.end("report.html", 3)
	r := p.run(t, "outputs", "ls", someRun)
	if r.code != 0 || !strings.Contains(r.stdout, "report.html") || !strings.Contains(r.stdout, "complete") {
		t.Errorf("%+v", r)
	}
	r = p.run(t, "outputs", "ls", someRun, "--json")
	var listing api.Listing
	if err := json.Unmarshal([]byte(r.stdout), &listing); err != nil || listing.Outputs[0].Size != 8 {
		t.Errorf("%v: %+v", err, r)
	}
}

func TestTokenAndVersion(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	if r := p.run(t, "token", "--tenant", "acme", "--as", "runner"); r.code != 0 || !strings.HasSuffix(r.stdout, "-acme-runner\n") {
		t.Errorf("%+v", r)
	}
	if r := p.run(t, "version"); r.code != 0 || !strings.HasPrefix(r.stdout, "strongroom ") {
		t.Errorf("%+v", r)
	}
	r := p.run(t, "version", "--json")
	if !json.Valid([]byte(r.stdout)) {
		t.Errorf("%+v", r)
	}
}
