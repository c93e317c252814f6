package demo_test

import (
	"os"
	"strings"
	"testing"
	"time"

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
	if ahead := time.Until(c.Clock.Now()); ahead > time.Second {
		t.Errorf("the clock is %s ahead of the machine's", ahead)
	}
	for run, state := range states(t, c) {
		if state != "ended" {
			t.Errorf("the demonstration leaves %s in the state %s", run, state)
		}
	}
	for _, want := range []string{"collect-logs", "17.0 MiB", "SignatureDoesNotMatch", "ExpiredToken", "CloudKmsDisabledKey", "proved: the entry is in the log", "FAULT", "PROBLEM runs/", "schedule hourly", "open findings: 1", "is recorded"} {
		if !strings.Contains(out, want) {
			t.Errorf("the demonstration does not show %s", want)
		}
	}
}

// states returns the state of every run.
func states(t *testing.T, c *cloudtest.Cloud) map[string]string {
	t.Helper()
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	docs, err := db.CollectionGroup("runs").Documents(t.Context()).GetAll()
	if err != nil || len(docs) == 0 {
		t.Fatalf("%d runs, %v", len(docs), err)
	}
	all := map[string]string{}
	for _, doc := range docs {
		all[doc.Ref.Path], _ = doc.Data()["state"].(string)
	}
	return all
}

func TestDemonstrationReportsAFailure(t *testing.T) {
	if cloudtest.RaceDetector {
		t.Skip("TestDemonstrationSucceeds runs the same code with the race detector")
	}
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
