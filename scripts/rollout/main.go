// Rollout deploys a version step by step: the new revisions get 5 % of the requests, and then
// all of them, or none if they fail.
//
//	go run ./scripts/rollout -project my-project -regions europe-west1,europe-west3 -- \
//	  terraform -chdir=infra/examples/production apply plan   # a plan with -var keep_traffic=true
//	go run ./scripts/rollout -project my-project -regions europe-west1,europe-west3 -status
//	go run ./scripts/rollout -project my-project -regions europe-west1,europe-west3 -resume
//	go run ./scripts/rollout -project my-project -regions europe-west1,europe-west3 -back
//
// It does this, for all functions of infra/suite.json in all regions:
//
//  1. It names the revision that serves each function, so that a newer one gets no requests.
//  2. It runs the command, which deploys the new revisions.
//  3. It sends a share of the requests to the new revisions (-percent), and looks at their responses
//     for a time (-watch).
//  4. If no function fails more often than its revision before, the new revisions get all
//     requests. Otherwise the revisions before get all requests again.
//
// A new revision fails if at least 5 of its responses are 5xx, and their share is more than one
// percentage point above the share of the revision before in the same time. It also fails if at
// least 20 are 4xx, and their share is more than 25 percentage points above. Ctrl-C goes back too.
//
// If this program dies, the requests stay where they are. -resume continues from there with steps
// 3 and 4, and -back goes back.
//
// It uses the application default credentials. The caller needs run.services.get,
// run.services.update, run.operations.get and monitoring.timeSeries.list, and
// iam.serviceAccounts.actAs on the functions' accounts: what applies the examples has them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/strongroom-dev/strongroom/infra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// settings are the parsed arguments.
type settings struct {
	project string
	regions []string
	percent int64
	watch   time.Duration
	back    bool
	resume  bool
	status  bool
	command []string // with its arguments
}

// run executes the command line and returns the exit code: 0 if the new version gets all
// requests, 1 if it does not, 2 if the arguments are invalid.
func run(ctx context.Context, args []string, out io.Writer) int {
	s, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(out, "rollout:", err)
		return 2
	}
	google, err := connect(ctx, s.project)
	if err == nil {
		err = s.start(ctx, google, out)
	}
	if err != nil {
		fmt.Fprintln(out, "rollout:", err)
		return 1
	}
	return 0
}

// start does what the arguments ask for.
func (s settings) start(ctx context.Context, google *google, out io.Writer) error {
	suite, err := infra.Load()
	if err != nil {
		return err
	}
	r := &rollout{google: google, out: out, percent: s.percent, looks: int(s.watch / pause), pause: pause, places: placesOf(slices.Sorted(maps.Keys(suite.Functions)), s.regions)}
	switch {
	case s.status:
		return r.status(ctx)
	case s.back:
		return r.back(ctx)
	case s.resume:
		return r.resume(ctx)
	}
	return r.deploy(ctx, func(context.Context) error { return execute(s.command) })
}

// execute runs a command. A terminal sends Ctrl-C to the command too, and terraform does not save
// its state if it is interrupted twice. So this interrupts it only for another program that
// terminates this one.
func execute(words []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	return command.Run()
}

// pause is the time between two looks. Cloud Monitoring has a new value each minute.
const pause = time.Minute

func parse(args []string, out io.Writer) (settings, error) {
	var s settings
	var regions string
	flags := flag.NewFlagSet("rollout", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		fmt.Fprint(out, "Usage: go run ./scripts/rollout -project ID -regions LIST [-percent N] [-watch TIME] -- COMMAND…\n",
			"       go run ./scripts/rollout -project ID -regions LIST -status | -resume | -back\n\n",
			"Run a command that deploys a version, and give its revisions a share of the requests first.\n\nFlags:\n")
		flags.PrintDefaults()
	}
	flags.StringVar(&s.project, "project", "", "`ID` of the platform's project")
	flags.StringVar(&regions, "regions", "", "`list` of the regions in which functions run, separated by commas")
	flags.Int64Var(&s.percent, "percent", 5, "share of the requests that new revisions get at first, 1 to 99")
	flags.DurationVar(&s.watch, "watch", 10*time.Minute, "time for which new revisions have this share, at least 3m: Cloud Monitoring shows a response after up to 3 minutes")
	flags.BoolVar(&s.back, "back", false, "send all requests to the revisions before, and deploy nothing")
	flags.BoolVar(&s.resume, "resume", false, "continue a rollout that was interrupted after its command, and deploy nothing")
	flags.BoolVar(&s.status, "status", false, "show which revisions get requests, and change nothing")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.command = flags.Args()
	if regions != "" {
		s.regions = strings.Split(regions, ",")
	}
	return s, s.validate()
}

func (s settings) validate() error {
	alone := 0 // flags that deploy nothing
	for _, given := range []bool{s.back, s.resume, s.status} {
		if given {
			alone++
		}
	}
	switch {
	case s.project == "":
		return errors.New("say which project: -project ID")
	case len(s.regions) == 0 || slices.Contains(s.regions, ""):
		return errors.New("say in which regions functions run: -regions europe-west1,europe-west3")
	case s.percent < 1 || s.percent > 99:
		return errors.New("-percent must be 1 to 99")
	case s.watch < 3*time.Minute:
		return errors.New("-watch must be at least 3m, because Cloud Monitoring shows a response after up to 3 minutes")
	case alone > 1:
		return errors.New("give only one of -back, -resume and -status")
	case alone == 1 && len(s.command) > 0:
		return errors.New("-back, -resume and -status deploy nothing, so they take no command")
	case alone == 0 && len(s.command) == 0:
		return errors.New("say what deploys the version: -- terraform apply plan")
	}
	return nil
}
