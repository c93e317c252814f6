// Command emulator runs Strongroom on an embedded cloud and demonstrates what it does:
// tasks run, and their output is stored, read and protected.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/demo"
	"github.com/strongroom-dev/strongroom/emulator/official"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "task" {
		os.Exit(demo.RunTask(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// settings are the command line's flags.
type settings struct {
	addr, dir, log string
	once, official bool
	quiet          bool
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("emulator", flag.ContinueOnError)
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8080", "listen on this `address`; with -once, the default is a free port")
	flags.StringVar(&s.dir, "data", "", "store all data in this `directory` and use it again at the next start (default: in memory)")
	flags.StringVar(&s.log, "log", "", "append the functions' log to this `file`; - for standard error (default: no log)")
	flags.BoolVar(&s.once, "once", false, "exit after the demonstration, with code 0 if everything passed and 1 otherwise")
	flags.BoolVar(&s.quiet, "no-demo", false, "skip the demonstration; only start, and create the tenants acme and globex")
	flags.BoolVar(&s.official, "official", false, "start Google's own Firestore and Pub/Sub emulators with gcloud and use them")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "Run Strongroom on an embedded cloud and demonstrate what it does.\n\nWithout -once, it keeps running after the demonstration.\n\nUsage: go run ./emulator [flags]\n\n")
		flags.PrintDefaults()
		fmt.Fprint(flags.Output(), "\nEnvironment:\n  FIRESTORE_EMULATOR_HOST  host:port of a Firestore emulator to use instead of the embedded part\n  PUBSUB_EMULATOR_HOST     host:port of a Pub/Sub emulator to use instead of the embedded part\n")
	}
	err := flags.Parse(args)
	addrGiven := false
	flags.Visit(func(f *flag.Flag) { addrGiven = addrGiven || f.Name == "addr" })
	if s.once && !addrGiven {
		s.addr = ""
	}
	return s, err
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
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
	if err != nil {
		return err
	}
	fmt.Printf("Strongroom runs on an embedded cloud at %s (started in %s)\n", c.URL, time.Since(began).Round(time.Millisecond))
	return errors.Join(show(ctx, c, s), c.Close())
}

// show runs the demonstration and then waits for ctx to end, unless -once is set.
func show(ctx context.Context, c *suite.Cloud, s settings) error {
	if s.quiet {
		if _, err := demo.Setup(ctx, c); err != nil {
			return err
		}
	} else {
		program, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		err = demo.Run(ctx, c, os.Stdout, os.Stderr, program, demo.BulkBytes)
		if err != nil || s.once {
			return err
		}
	}
	if s.once {
		return nil
	}
	fmt.Print(demo.Next(c))
	<-ctx.Done()
	return nil
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
