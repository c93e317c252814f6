// Command emulator runs Strongroom on an embedded cloud and demonstrates what it does:
// tasks run, and their output is stored, read and protected.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/demo"
	"github.com/strongroom-dev/strongroom/emulator/official"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2 // the command line is wrong
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "task" {
		os.Exit(demo.RunTask(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := program{stdout: os.Stdout, stderr: os.Stderr, bulk: demo.BulkBytes}
	os.Exit(p.main(ctx, os.Args[1:]))
}

// program is this command with what it depends on.
type program struct {
	stdout, stderr io.Writer
	bulk           int // bytes of the demonstration's largest output
}

// main runs the command line and returns the exit code.
func (p program) main(ctx context.Context, args []string) int {
	s, err := parse(args, p.stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(p.stderr, "emulator:", err)
		return exitUsage
	case s.version:
		fmt.Fprintln(p.stdout, version())
		return 0
	}
	if err := p.run(ctx, s); err != nil {
		fmt.Fprintln(p.stderr, "emulator:", err)
		return exitFailed
	}
	return 0
}

// version names the source of this program.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "emulator, unknown version"
	}
	return "emulator " + info.Main.Version + " " + info.GoVersion
}

func (p program) run(ctx context.Context, s settings) error {
	log, err := openLog(s.log)
	if err != nil {
		return err
	}
	defer log.Close()
	options := suite.Options{Addr: s.addr, Dir: s.dir, Log: log, Schedule: true, Backoff: time.Second}
	stop, err := replaceParts(ctx, s, &options)
	defer stop()
	if err != nil {
		return err
	}
	began := time.Now()
	c, err := suite.Start(ctx, options)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; stop the other program, or set another -addr", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Strongroom runs on an embedded cloud at %s (started in %s)\n", c.URL, time.Since(began).Round(time.Millisecond))
	return errors.Join(p.show(ctx, c, s), c.Close())
}

// show runs the demonstration and then waits for ctx to end, unless -once is set.
func (p program) show(ctx context.Context, c *suite.Cloud, s settings) error {
	if err := p.demonstrate(ctx, c, s); err != nil || s.once {
		return err
	}
	fmt.Fprint(p.stdout, demo.Next(c))
	<-ctx.Done()
	return nil
}

// demonstrate runs the demonstration. Without -once, it runs only if nothing has been
// stored yet, because a start with data is one to work with.
func (p program) demonstrate(ctx context.Context, c *suite.Cloud, s settings) error {
	used, err := demo.HasRuns(ctx, c)
	if err != nil {
		return err
	}
	if used && !s.once && !s.quiet {
		fmt.Fprintln(p.stdout, "The demonstration is skipped, because there are runs from an earlier start. To run it again: -once")
	}
	if s.quiet || used && !s.once {
		return demo.Setup(ctx, c)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return demo.Run(ctx, c, p.stdout, p.stderr, self, p.bulk)
}

// openLog opens the functions' log. An empty name discards it.
func openLog(name string) (io.WriteCloser, error) {
	switch name {
	case "":
		return nopCloser{io.Discard}, nil
	case "-":
		return nopCloser{os.Stderr}, nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return file, nil
}

type nopCloser struct{ io.Writer }

// Close implements io.Closer.
func (nopCloser) Close() error { return nil }

// isNew reports whether a cloud in this directory starts without data, and so without
// the keys of an earlier one.
func isNew(dir string) bool {
	entries, err := os.ReadDir(dir)
	return dir == "" || errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0
}

// replaceParts sets options to use Google's emulators instead of embedded parts: those
// in the environment and, with -official, those that it starts. Stop stops the latter.
func replaceParts(ctx context.Context, s settings, options *suite.Options) (stop func(), err error) {
	var started []*official.Process
	stop = func() {
		for _, p := range started {
			_ = p.Stop() // it also stops when ctx ends
		}
	}
	options.FirestoreHost, options.PubSubHost = os.Getenv("FIRESTORE_EMULATOR_HOST"), os.Getenv("PUBSUB_EMULATOR_HOST")
	if options.FirestoreHost != "" && isNew(s.dir) {
		if err := official.ClearFirestore(ctx, options.FirestoreHost, suite.ProjectID, firestore.DefaultDatabaseID, directory.DatabaseID); err != nil {
			return stop, err
		}
	}
	if !s.official {
		return stop, nil
	}
	if err := official.Available(); err != nil {
		return stop, fmt.Errorf("-official: %w", err)
	}
	for _, part := range []struct {
		host  *string
		start func(context.Context, string) (*official.Process, error)
	}{{&options.FirestoreHost, official.StartFirestore}, {&options.PubSubHost, official.StartPubSub}} {
		if *part.host != "" {
			continue
		}
		p, err := part.start(ctx, suite.ProjectID)
		if err != nil {
			return stop, err
		}
		started = append(started, p)
		*part.host = p.Host()
	}
	return stop, nil
}
