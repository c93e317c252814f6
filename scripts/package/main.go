// Package builds the files of a release: for each function of infra/suite.json
// one zip for Google's Go buildpack, manifest.json, which lists what is in them and
// how to build them, and archives of the programs.
//
//	go run ./scripts/package -out dist
//	go run ./scripts/package -out dist -only uploads,outputs
//	go run ./scripts/package -out dist -programs all -version v0.2.0
//
// A zip holds the files that `go list -deps` names for the function, the
// licenses of their modules, a root file and the module files, and nothing else.
// The same tree and the same release of Go produce the same bytes.
//
// With programs, these files describe everything that was built:
//
//	SHA256SUMS       for sha256sum --check
//	sbom.spdx.json   what is in each file, as SPDX 2.3
//	provenance.json  what it was built from and how, as SLSA provenance 1
//	NOTES.md         the section of the version in .github/CHANGELOG.md
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// run executes the command line and returns the exit code: 0 if everything was
// packed, 1 if packing failed, 2 if the arguments are invalid.
func run(ctx context.Context, args []string, log io.Writer) int {
	s, err := parse(args, log)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil && s.out == "" {
		err = errors.New("say where the archives go: -out DIR")
		fmt.Fprintln(log, "package:", err)
	}
	if err != nil {
		return 2
	}
	if err := packRelease(ctx, s, log); err != nil {
		fmt.Fprintln(log, "package:", err)
		return 1
	}
	return 0
}

// settings are the flags of the command line.
type settings struct {
	out  string
	only []string // functions to pack; none: all

	programs []programBuild // none: no programs
	version  string         // of the release; empty: whatever go stamps
}

func parse(args []string, log io.Writer) (settings, error) {
	var s settings
	var only, programs string
	flags := flag.NewFlagSet("package", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&s.out, "out", "", "write the archives and manifest.json to this `directory`; created if it does not exist")
	flags.StringVar(&only, "only", "", "pack only these `functions`, separated by commas; manifest.json then has no others")
	flags.StringVar(&programs, "programs", "", "also build the programs for these `platforms`, separated by commas: all, host (this machine's own), linux/amd64, or strongroom/linux/amd64 for one program")
	flags.StringVar(&s.version, "version", "", "semantic `version` of the release: it must be in the changelog, and the tag of the commit")
	flags.Usage = func() {
		fmt.Fprint(log, usage)
		flags.PrintDefaults()
	}
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unknown argument %q; -h lists the flags", flags.Arg(0))
		fmt.Fprintln(log, "package:", err)
	}
	if err == nil {
		if s.programs, err = parsePrograms(programs); err == nil && s.version != "" {
			err = parseVersion(s.version)
		}
		if err != nil {
			fmt.Fprintln(log, "package:", err)
		}
	}
	s.only = strings.FieldsFunc(only, func(r rune) bool { return r == ',' || r == ' ' })
	return s, err
}

const usage = `Pack each function of infra/suite.json as one zip for Google's Go buildpack:
NAME-SHA256.zip, where SHA256 is all 64 digits of the zip's own digest. The same
tree and the same release of Go produce the same bytes. manifest.json has each
zip, its entry point, its modules, and the build environment that it needs.
Archives of earlier runs are not deleted. Needs the module cache (filled by
go mod download), and no network once it is full.

With -programs, also archives of emulator and strongroom, with licenses, and
SHA256SUMS, sbom.spdx.json and provenance.json, which describe all files.

Usage: go run ./scripts/package -out DIR [-only NAME,…] [-programs PLATFORM,…] [-version vX.Y.Z]

`
