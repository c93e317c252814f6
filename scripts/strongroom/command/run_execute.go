package command

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// execute executes the command and returns its exit code. Afterwards, the spool
// has all output and the result; otherwise, it returns an error.
func (r *taskRun) execute(ctx context.Context, s *session, argv []string) (int, error) {
	o := r.options
	var tees []*tee
	streams := []io.Writer{r.app.stdout, r.app.stderr}
	for i, name := range o.streams() {
		w, err := s.run.Write(name, spool.CutRule{PartSize: o.partSize, Interval: o.flush, Wait: max(o.patience, 1), InMemory: true}, s.add)
		if err != nil {
			return exitNotRun, err
		}
		tees = append(tees, &tee{spool: w, stream: streams[i]})
		if r.app.settings.quiet {
			tees[i].stream = nil
		}
	}
	brokenPipe := make(chan os.Signal, 1)
	signal.Notify(brokenPipe, syscall.SIGPIPE) // if the reader of this program's output exits, the task continues
	defer signal.Stop(brokenPipe)
	result := task.Run(ctx, task.Spec{
		Argv: argv, Env: taskEnv(s.run.Journal()), Stdin: r.app.taskInput(),
		Stdout: tees[0], Stderr: tees[len(tees)-1],
		Timeout: o.timeout, Grace: o.grace, Signals: r.signals,
	})
	if result.Err != nil {
		s.meter.Printf("strongroom: %v", result.Err)
	}
	return result.ExitCode, s.recordEnd(result, tees)
}

// recordEnd records the task's result in the spool, before anything else.
func (s *session) recordEnd(result task.Result, tees []*tee) error {
	err := s.run.Update(func(j *spool.Journal) {
		j.End, j.Outcome, j.ExitCode = endTime(*j, s.clock.Now()), result.Outcome, result.ExitCode
	})
	if err != nil {
		return err
	}
	for _, t := range tees {
		if spoolErr := errors.Join(t.spoolErr, t.spool.Close()); spoolErr != nil {
			s.meter.Printf("strongroom: WARNING: the rest of the output is missing: %v", spoolErr)
			err = errors.Join(err, s.markMissing(spoolErr))
		}
	}
	return err
}

// markMissing records that output is missing. An output that a full disk cut is
// incomplete, which the platform shows; the task's outcome stays as it is.
func (s *session) markMissing(why error) error {
	if spool.IsFull(why) {
		return nil
	}
	return s.run.Update(func(j *spool.Journal) { j.Outcome = run.Error })
}

// endTime returns now, by the same clock as the start, which may have been set since.
func endTime(j spool.Journal, now time.Time) time.Time {
	if elapsed, ok := j.Started.To(clock.ReadUptime()); ok {
		now = j.Start.Start.Add(elapsed)
	}
	if now = truncateToMillis(now); now.Before(j.Start.Start) {
		return j.Start.Start
	}
	return now
}

// tee spools what a task writes, and then writes it to a stream. An error of
// either does not affect the task.
type tee struct {
	spool    *spool.Writer
	stream   io.Writer // nil: do not print
	spoolErr error     // why the rest is not spooled
}

func (t *tee) Write(p []byte) (int, error) {
	if _, err := t.spool.Write(p); t.spoolErr == nil { // after an error, Write counts what is lost
		t.spoolErr = err
	}
	if t.stream != nil {
		if _, err := t.stream.Write(p); err != nil {
			t.stream = nil
		}
	}
	return len(p), nil
}

// taskEnv returns this process's environment without the platform's credentials.
func taskEnv(j spool.Journal) []string {
	var env []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if name != envToken && name != envTokenFile { // the token itself is in no environment: see package credential
			env = append(env, variable)
		}
	}
	return append(env, "STRONGROOM_RUN="+j.Run, "STRONGROOM_OUTPUT_DIR="+j.PendingDir)
}

// taskInput returns stdin, unless it is a terminal: the task has its own process
// group, so that reading from the terminal would stop it.
func (a *app) taskInput() io.Reader {
	file, ok := a.stdin.(*os.File)
	if !ok || term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return file
}

// finish prints the result of the upload, and returns the task's exit code.
func (r *taskRun) finish(s *session, dir spool.Dir, code int, err error) error {
	j := s.run.Journal()
	if err != nil {
		s.meter.Printf("strongroom: WARNING: the output of run %s is not completely uploaded: %v", j.Run, err)
		s.meter.Printf("strongroom: %s", nextStep(s.run, dir, err))
	}
	r.app.notice("run %s ended: %s", j.Run, s.summarize(j, err))
	if r.options.json {
		if err := r.app.writeJSON(r.app.stderr, s.summarize(j, err)); err != nil {
			return err
		}
	}
	if code == 0 {
		return nil
	}
	return &exitError{code: code}
}
