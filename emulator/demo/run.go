package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/command"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// summary is what `strongroom run --json` prints last.
type summary struct {
	Run      string
	Outcome  string
	ExitCode int
	Uploaded bool
	Outputs  []struct {
		Name  string
		Parts int
		Bytes int64
	}
}

func (s summary) bytes() (n int64) {
	for _, o := range s.Outputs {
		n += o.Bytes
	}
	return n
}

// strongroom calls the command line in this process, as a persona of a tenant.
func (d *Demo) strongroom(ctx context.Context, id tenant.ID, persona string, stdout, stderr io.Writer, args ...string) (int, error) {
	token, err := d.cloud.Token(id, persona)
	if err != nil {
		return 0, err
	}
	settings := map[string]string{
		"STRONGROOM_URL": d.cloud.URL, "STRONGROOM_WORKSPACE": string(prod),
		"STRONGROOM_TOKEN": token, "STRONGROOM_SPOOL": d.scratch,
	}
	return command.Main(ctx, args, strings.NewReader(""), stdout, stderr, func(name string) string { return settings[name] }), nil
}

// showTasks has a runner of acme execute the tasks.
func (d *Demo) showTasks(ctx context.Context) error {
	d.printf("\n1. A runner of %s executes tasks; their output goes straight into the tenant's bucket\n\n", acme)
	t := table{head: []string{"task", "outcome", "exit code", "output", "parts", ""}}
	for _, task := range []struct {
		name string
		args []string
		code int
	}{
		{"host-report", nil, 0}, {"name-lookup", nil, 0}, {"port-check", []string{closedPort}, 3},
		{"collect-logs", []string{strconv.Itoa(d.bulk)}, 0},
	} {
		printed := sha256.New()
		s, code, err := d.task(ctx, printed, task.name, task.args...)
		if err != nil {
			return err
		}
		parts := 0
		for _, o := range s.Outputs {
			parts += o.Parts
		}
		ok := code == task.code && s.ExitCode == task.code && s.Uploaded
		t.add(task.name, s.Outcome, fmt.Sprint(code), size(s.bytes()), fmt.Sprint(parts), d.mark(ok))
		d.runs = append(d.runs, shown{s, task.name, printed.Sum(nil)})
	}
	return t.print(d.out)
}

// closedPort is an address where nothing listens.
const closedPort = "127.0.0.1:1"

// settle waits until custody and the assistant have taken all that there is.
func (d *Demo) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := d.cloud.GCS.Flush(ctx); err != nil {
		return fmt.Errorf("wait for the bucket's notifications: %w", err)
	}
	if err := d.cloud.PubSub.Drain(ctx); err != nil {
		return fmt.Errorf("wait for events to be taken: %w", err)
	}
	return nil
}

// task runs one task and gives the command line's summary and exit code.
func (d *Demo) task(ctx context.Context, stdout io.Writer, name string, args ...string) (summary, int, error) {
	last := lastLine{progress: d.err}
	call := append([]string{"run", "--json", "--task", name, "--slx", "shop", "--resource", "shop-web", "--", d.program, "task", name}, args...)
	code, err := d.strongroom(ctx, acme, "runner", stdout, &last, call...)
	if err != nil {
		return summary{}, code, err
	}
	var s summary
	if err := json.Unmarshal(last.line(), &s); err != nil {
		return summary{}, code, fmt.Errorf("%s gave no summary, but %q", name, last.line())
	}
	return s, code, nil
}

// lastLine takes what the command line says: the summary in JSON is kept, the
// progress goes on.
type lastLine struct {
	progress io.Writer
	text     []byte
}

// Write implements io.Writer.
func (l *lastLine) Write(p []byte) (int, error) {
	if l.text != nil || bytes.HasPrefix(p, []byte("{")) {
		l.text = append(l.text, p...)
		return len(p), nil
	}
	return l.progress.Write(p)
}

func (l *lastLine) line() []byte { return bytes.TrimSpace(l.text) }

// showReading has a viewer read back what the tasks wrote.
func (d *Demo) showReading(ctx context.Context) error {
	if err := d.settle(ctx); err != nil {
		return err
	}
	d.printf("\n2. A viewer reads; the platform streams, 8 MiB a response at most, and keeps nothing\n\n")
	t := table{head: []string{"task", "output", "size", "SHA-256", "as the task wrote it"}}
	for _, run := range d.runs {
		for _, o := range run.Outputs {
			read := sha256.New()
			code, err := d.strongroom(ctx, acme, "viewer", read, d.err, "outputs", "cat", "--quiet", run.Run, o.Name)
			if err != nil {
				return err
			}
			sum := read.Sum(nil)
			same := code == 0 && (o.Name != "stdout.log" || bytes.Equal(sum, run.sum))
			t.add(run.task, o.Name, size(o.Bytes), fmt.Sprintf("%x…", sum[:6]), d.mark(same))
		}
	}
	return t.print(d.out)
}
