package demo_test

import (
	"os"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/demo"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "task" {
		os.Exit(demo.RunTask(os.Args[2:]))
	}
	cloudtest.Main(m)
}

// run runs the demonstration with an output of slightly more than two parts.
func run(t *testing.T, c *cloudtest.Cloud) (string, error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, progress strings.Builder
	err = demo.Run(t.Context(), c.Cloud, &out, &progress, program, 17<<20)
	t.Logf("%s\n%s", &out, &progress)
	return out.String(), err
}

func TestDemonstrationSucceeds(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	inspection := inspect(t, c)
	out, err := run(t, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Scheduler.RunNow(t.Context(), "audit-delivery"); err != nil {
		t.Fatal(err)
	}
	inspection.finish()
	for _, want := range []string{"collect-logs", "17.0 MiB", "SignatureDoesNotMatch", "ExpiredToken", "CloudKmsDisabledKey", "proved: the entry is in the log", "FAULT"} {
		if !strings.Contains(out, want) {
			t.Errorf("the demonstration does not show %s", want)
		}
	}
}

func TestDemonstrationReportsAFailure(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	err := c.IAM.Bind(iam.Binding{
		Member: suite.FunctionAccount("custody"), Role: "roles/storage.objectViewer", Resource: "projects/" + suite.ProjectID,
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := run(t, c)
	if err == nil || !strings.Contains(out, "FAILED") {
		t.Errorf("custody may read objects, but the demonstration returns %v", err)
	}
}
