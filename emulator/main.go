// Command emulator starts an embedded cloud with all of Strongroom in it, and
// shows the main job: tasks are run, their output is kept, read and protected.
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

// settings are what the command line says.
type settings struct {
	addr, dir, log string
	once, official bool
	quiet          bool
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("emulator", flag.ContinueOnError)
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8080", "address of the platform; with -once any free one, unless given")
	flags.StringVar(&s.dir, "data", "", "keep everything in this directory across restarts (default: in memory)")
	flags.StringVar(&s.log, "log", "", "write the functions' log to this file; - for standard error")
	flags.BoolVar(&s.once, "once", false, "exit after the demonstration: 0 if all went as it must, else 1")
	flags.BoolVar(&s.quiet, "no-demo", false, "only start, with the tenants acme and globex")
	flags.BoolVar(&s.official, "official", false, "use Google's own Firestore and Pub/Sub emulators, through gcloud")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "Starts Strongroom on an embedded cloud and shows what it does.\n\nUsage: go run ./emulator [flags]\n\n")
		flags.PrintDefaults()
		fmt.Fprint(flags.Output(), "\nFIRESTORE_EMULATOR_HOST and PUBSUB_EMULATOR_HOST, where set, name emulators of\nGoogle's to use in place of the embedded parts.\n")
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
	fmt.Printf("Strongroom on an embedded cloud, at %s (started in %s)\n", c.URL, time.Since(began).Round(time.Millisecond))
	return errors.Join(show(ctx, c, s), c.Close())
}

// show runs the demonstration, and then stays unless it is told not to.
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

// openLog opens where the functions log to; it may be nowhere.
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

// replaceParts puts Google's own emulators in place of the embedded parts: the
// ones that the environment names, or ones that it starts. Stop ends those.
func replaceParts(ctx context.Context, s settings, options *suite.Options) (stop func(), err error) {
	var started []*official.Process
	stop = func() {
		for _, p := range started {
			_ = p.Stop() // it ends with us in any case
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
