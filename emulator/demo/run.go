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

// summary is the last line that `strongroom run --json` prints.
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

// strongroom runs the command line in this process, as a persona of a tenant.
func (d *Demo) strongroom(ctx context.Context, id tenant.ID, persona string, stdout, stderr io.Writer, args ...string) (int, error) {
	token, err := d.cloud.Token(id, persona)
	if err != nil {
		return 0, err
	}
	settings := map[string]string{
		"STRONGROOM_URL": d.cloud.URL, "STRONGROOM_WORKSPACE": string(d.workspace),
		"STRONGROOM_TOKEN": token, "STRONGROOM_SPOOL": d.scratch,
	}
	return command.Main(ctx, args, strings.NewReader(""), stdout, stderr, func(name string) string { return settings[name] }), nil
}

// showTasks executes the tasks as a runner of acme.
func (d *Demo) showTasks(ctx context.Context) error {
	d.printf("\n1. A runner of %s executes tasks in the workspace %s; their output goes directly to the tenant's bucket\n\n", acme, d.workspace)
	t := table{head: []string{"task", "outcome", "exit code", "output", "parts", "result"}}
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
		t.add(task.name, s.Outcome, fmt.Sprint(code), size(s.bytes()), fmt.Sprint(parts), d.check(ok))
		d.runs = append(d.runs, finishedRun{s, task.name, printed.Sum(nil)})
	}
	return t.print(d.out)
}

// closedPort is an address where nothing listens.
const closedPort = "127.0.0.1:1"

// waitForEvents waits until all events are processed.
func (d *Demo) waitForEvents(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	if err := d.cloud.GCS.Flush(ctx); err != nil {
		return fmt.Errorf("wait for the bucket's notifications: %w", err)
	}
	if err := d.cloud.PubSub.Drain(ctx); err != nil {
		return fmt.Errorf("wait for events to be processed: %w", err)
	}
	return nil
}

// task runs one task and returns the command line's summary and exit code.
func (d *Demo) task(ctx context.Context, stdout io.Writer, name string, args ...string) (summary, int, error) {
	last := lastLine{progress: d.err}
	call := append([]string{"run", "--json", "--task", name, "--slx", "shop", "--resource", "shop-web", "--", d.program, "task", name}, args...)
	code, err := d.strongroom(ctx, acme, "runner", stdout, &last, call...)
	if err != nil {
		return summary{}, code, err
	}
	var s summary
	if err := json.Unmarshal(last.line(), &s); err != nil {
		return summary{}, code, fmt.Errorf("%s printed %[2]q instead of a summary", name, last.line())
	}
	return s, code, nil
}

// lastLine separates the command line's standard error: it keeps the summary in JSON
// and forwards the progress.
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

// showReading reads the tasks' output as a viewer.
func (d *Demo) showReading(ctx context.Context) error {
	if err := d.waitForEvents(ctx); err != nil {
		return err
	}
	d.printf("\n2. A viewer reads the output; the platform streams it in responses of up to 8 MiB and stores nothing\n\n")
	t := table{head: []string{"task", "output", "size", "SHA-256", "matches the task's output"}}
	for _, run := range d.runs {
		for _, o := range run.Outputs {
			read := sha256.New()
			code, err := d.strongroom(ctx, acme, "viewer", read, d.err, "outputs", "cat", "--quiet", run.Run, o.Name)
			if err != nil {
				return err
			}
			sum := read.Sum(nil)
			same := code == 0 && (o.Name != "stdout.log" || bytes.Equal(sum, run.sum))
			t.add(run.task, o.Name, size(o.Bytes), fmt.Sprintf("%x…", sum[:6]), d.check(same))
		}
	}
	return t.print(d.out)
}
