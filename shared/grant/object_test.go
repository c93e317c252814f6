package grant_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/grant"
)

const runID = "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10"

func TestParseObjectAcceptsWhatNameGives(t *testing.T) {
	t.Parallel()
	for _, o := range []grant.Object{
		{Workspace: "prod", Run: runID, Output: "stdout.log", Part: 1},
		{Workspace: "a-1", Run: runID, Output: "_", Part: grant.MaxPart},
		{Workspace: "x", Run: runID, Output: strings.Repeat("y", 200), Part: 42},
	} {
		if got, err := grant.ParseObject(o.Name()); err != nil || got != o {
			t.Errorf("%s is %+v, %v", o.Name(), got, err)
		}
	}
}

func TestParseObjectRejects(t *testing.T) {
	t.Parallel()
	good := "prod/" + runID + "/stdout.log/"
	for name, object := range map[string]string{
		"an empty name":                "",
		"part 0":                       good + "00000",
		"a part of four digits":        good + "0001",
		"a part of six digits":         good + "000001",
		"a part with a sign":           good + "+0001",
		"a part with a space":          good + " 0001",
		"a part in hexadecimal":        good + "0x001",
		"another element":              good + "00001/x",
		"an empty element":             "prod//stdout.log/00001",
		"a leading slash":              "/" + good + "00001",
		"a run in upper case":          "prod/" + strings.ToUpper(runID) + "/stdout.log/00001",
		"a run of another version":     "prod/0198c2b4-5d1e-4c3a-9f00-2a6b1c4d8e10/stdout.log/00001",
		"an output of two dots":        "prod/" + runID + "/../00001",
		"an output with a line break":  "prod/" + runID + "/x\n/00001",
		"an output of broken UTF-8":    "prod/" + runID + "/\xff/00001",
		"a workspace in upper case":    "Prod/" + runID + "/x/00001",
		"a workspace with a new line":  "prod\n/" + runID + "/x/00001",
		"an output of 401 bytes":       "prod/" + runID + "/" + strings.Repeat("x", 401) + "/00001",
		"a name of 1,025 bytes in all": strings.Repeat("x", 1025),
	} {
		if o, err := grant.ParseObject(object); err == nil {
			t.Errorf("%s was accepted as %+v", name, o)
		}
	}
}

func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		"prod/" + runID + "/stdout.log/00001", "prod/" + runID + "/a/99999", "a/b/c/d", "////", "prod/" + runID + "/../00001",
		"prod/" + runID + "/x/+0001", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		o, err := grant.ParseObject(name)
		if err != nil {
			return
		}
		if o.Name() != name {
			t.Errorf("%q is %+v, which is named %q", name, o, o.Name())
		}
		if again, err := grant.ParseObject(o.Name()); err != nil || again != o || len(o.ID()) != 32 {
			t.Errorf("%q: %+v, %v", name, again, err)
		}
	})
}
