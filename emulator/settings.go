package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"
)

// settings are the command line's flags.
type settings struct {
	addr, dir, log string
	once, official bool
	quiet          bool
	anyone         bool
	version        bool
}

// defaultAddr is where `strongroom` expects the embedded cloud.
const defaultAddr = "127.0.0.1:8080"

const usageHead = `Run Strongroom on an embedded cloud and demonstrate what it does.

Without -once, it keeps running after the demonstration.

Usage: emulator [flags]

`

const usageTail = `
Environment:
  FIRESTORE_EMULATOR_HOST  host:port of a Firestore emulator to use instead of the embedded part;
                           a start without earlier -data deletes its documents of the project strongroom-local
  PUBSUB_EMULATOR_HOST     host:port of a Pub/Sub emulator to use instead of the embedded part
`

// flagsOf returns the flags that set s. They print their help to out.
func flagsOf(s *settings, out io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("emulator", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.addr, "addr", defaultAddr, "listen on this `address`; with -once, the default is a free port")
	flags.BoolVar(&s.anyone, "serve-anyone", false, "allow an -addr that other machines can reach; whoever reaches it gets tokens of every role")
	flags.StringVar(&s.dir, "data", "", "store all data in this `directory` and use it again at the next start (default: in memory)")
	flags.StringVar(&s.log, "log", "", "append the functions' log to this `file`; - for standard error (default: no log)")
	flags.BoolVar(&s.once, "once", false, "exit after the demonstration, with code 0 if everything passed and 1 otherwise")
	flags.BoolVar(&s.quiet, "no-demo", false, "skip the demonstration; only start, and create the tenants acme and globex")
	flags.BoolVar(&s.official, "official", false, "start Google's own Firestore and Pub/Sub emulators with gcloud and use them")
	flags.BoolVar(&s.version, "version", false, "print the version and exit")
	flags.Usage = func() {
		fmt.Fprint(out, usageHead)
		flags.PrintDefaults()
		fmt.Fprint(out, usageTail)
	}
	return flags
}

// parse reads the command line. The error says what to change; it is flag.ErrHelp
// if the help was requested, which is then printed to out.
func parse(args []string, out io.Writer) (settings, error) {
	var s settings
	var messages strings.Builder // the help, or the error and the help
	flags := flagsOf(&s, &messages)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(out, messages.String())
			return s, err
		}
		return s, fmt.Errorf("%w; -h lists the flags", err)
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if s.once && !given["addr"] {
		s.addr = ""
	}
	return s, s.check(flags.Args(), given)
}

// check refuses what contradicts itself, and an address that needs consent.
func (s settings) check(stray []string, given map[string]bool) error {
	var errs []error
	if len(stray) > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q: all settings are flags, and a flag after it would be ignored; -h lists them", stray[0]))
	}
	if s.once && s.quiet {
		errs = append(errs, errors.New("-once only runs the demonstration, and -no-demo skips it; leave out one of them"))
	}
	if given["data"] && s.dir == "" {
		errs = append(errs, errors.New("-data is empty; name a directory, or leave out -data to store everything in memory"))
	}
	if s.addr != "" || given["addr"] {
		errs = append(errs, s.checkAddr())
	}
	return errors.Join(errs...)
}

// checkAddr requires -serve-anyone for an address beyond the loopback interface.
func (s settings) checkAddr() error {
	host, _, err := net.SplitHostPort(s.addr)
	if err != nil {
		return fmt.Errorf("-addr %q: use HOST:PORT, for example %s", s.addr, defaultAddr)
	}
	if s.anyone || isLoopback(host) {
		return nil
	}
	return fmt.Errorf("-addr %s can be reached from other machines, and this program gives tokens of every role to everybody "+
		"who can reach it; use an address such as %s, or add -serve-anyone if that is intended", s.addr, defaultAddr)
}

// isLoopback reports whether only this machine can reach a host. An empty host means
// all interfaces.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
