package exportworker_test

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/records"
)

var outputs = map[string]any{"kinds": []string{"outputs"}}

// verified pulls an export that is done, and verifies it.
func verified(t *testing.T, tn *cloudtest.Tenant, id string) (fstest.MapFS, manifest.Report) {
	t.Helper()
	if e := tn.Export(t, id); e.State != "done" {
		t.Fatalf("the export is %+v\n%s", e, tn.Cloud.Log)
	}
	pulled := tn.PullExport(t, id)
	report, err := manifest.Verify(pulled, tn.ExportKeys(t))
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("verified with %v, %+v", err, report.Problems)
	}
	return pulled, report
}

// assembled returns a pulled export in which the parts of outputs are assembled, as a
// reader of the lists does it.
func assembled(t *testing.T, pulled fstest.MapFS) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for name, f := range pulled {
		files[name] = &fstest.MapFile{Data: slices.Clone(f.Data)}
	}
	for name := range pulled {
		if !strings.HasPrefix(name, manifest.Lists) {
			continue
		}
		err := manifest.ReadList(unzip(t, pulled[name].Data), func(f manifest.File) error {
			if f.Part == nil {
				return nil
			}
			to := files[f.Part.Path]
			if to == nil {
				to = &fstest.MapFile{}
				files[f.Part.Path] = to
			}
			if missing := int(f.Part.Offset+f.Size) - len(to.Data); missing > 0 {
				to.Data = append(to.Data, make([]byte, missing)...)
			}
			copy(to.Data[f.Part.Offset:], pulled[f.Name].Data)
			delete(files, f.Name)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestOutputsAreCopiedPartByPartAndAssembled(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t, "prod", "tenants")
	whole, gap := cloudtest.NewRun(t), cloudtest.NewRun(t)
	undeclared := cloudtest.PartOf("a.log", 2, []byte("two\n"))
	undeclared.SHA256 = ""
	for i, u := range tn.Mint(t, whole, cloudtest.PartOf("a.log", 1, []byte("one\n")), undeclared, cloudtest.PartOf("b.log", 1, nil)) {
		u.Put(t, [][]byte{[]byte("one\n"), []byte("two\n"), nil}[i]).Want(t, http.StatusOK)
	}
	var parts []cloudtest.Part
	for i := range 5 {
		parts = append(parts, cloudtest.PartOf("c.log", i+1, fmt.Appendf(nil, "part %d\n", i+1)))
	}
	for i, u := range tn.Mint(t, gap, parts...) {
		if i != 1 && i != 4 { // 2 and 5 stay pending
			u.Put(t, fmt.Appendf(nil, "part %d\n", i+1)).Want(t, http.StatusOK)
		}
	}
	c.Drain(t)
	deleteObject(t, tn, grant.Object{Workspace: "prod", Run: runID(gap), Output: "c.log", Part: 4})
	e := tn.CreateExport(t, outputs)
	c.FinishExports(t)
	pulled, report := verified(t, tn, e.ID)
	if report.CRC32COnly != 1 {
		t.Errorf("%d files have a CRC32C only, want 1", report.CRC32COnly)
	}
	states := map[string]string{}
	for _, row := range rowsOf(t, pulled, "outputparts") {
		states[fmt.Sprintf("%s %v", row["output"], row["part"])] = fmt.Sprintf("%v %v %v", row["state"], row["checksum"], row["path"])
	}
	if diff := cmp.Diff(map[string]string{
		"a.log 1": "stored sha256 outputs/prod/" + whole + "/a.log",
		"a.log 2": "stored crc32c-only outputs/prod/" + whole + "/a.log",
		"b.log 1": "stored sha256 outputs/prod/" + whole + "/b.log",
		"c.log 1": "stored sha256 outputs/prod/" + gap + "/c.log",
		"c.log 2": "pending <nil> <nil>",
		"c.log 3": "stored sha256 outputs/prod/" + gap + "/c.log@00003",
		"c.log 4": "missing <nil> <nil>",
		"c.log 5": "pending <nil> <nil>",
	}, states); diff != "" {
		t.Errorf("the parts: %s", diff)
	}
	files := assembled(t, pulled)
	for file, want := range map[string]string{
		whole + "/a.log": "one\ntwo\n", whole + "/b.log": "", gap + "/c.log": "part 1\n", gap + "/c.log@00003": "part 3\n",
	} {
		if f := files["outputs/prod/"+file]; f == nil || string(f.Data) != want {
			t.Errorf("%s is %v, want %q", file, f, want)
		}
	}
	wantChangesFound(t, files, tn.ExportKeys(t), "outputs/")
	// The other form: the parts under their own names.
	wantChangesFound(t, pulled, tn.ExportKeys(t), "parts/")
}

// wantChangesFound verifies an export, and changes each of its files with a prefix.
func wantChangesFound(t *testing.T, files fstest.MapFS, keys manifest.Keys, prefix string) {
	t.Helper()
	problems := func() []manifest.Problem {
		report, err := manifest.Verify(files, keys)
		if err != nil {
			t.Fatal(err)
		}
		return report.Problems
	}
	if found := problems(); len(found) > 0 {
		t.Errorf("unchanged, it has the problems %v", found)
	}
	tried := 0
	for name, f := range files {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		whole := f.Data
		changes := map[string][]byte{"a byte is added": append(slices.Clone(whole), 'x')}
		if len(whole) > 0 {
			changes["the last byte is removed"] = whole[:len(whole)-1]
			for i := range whole {
				flipped := slices.Clone(whole)
				flipped[i] ^= 1 << (i % 8)
				changes[fmt.Sprint("a bit is flipped in byte ", i)] = flipped
			}
		}
		for what, changed := range changes {
			tried++
			f.Data = changed
			if found := problems(); len(found) != 1 || found[0].Name != name {
				t.Errorf("%s of %s: the problems are %v", what, name, found)
			}
		}
		f.Data = whole
		delete(files, name)
		if found := problems(); len(found) != 1 || !isNameOf(name, found[0].Name) {
			t.Errorf("%s is missing: the problems are %v", name, found)
		}
		files[name] = f
	}
	if tried == 0 {
		t.Errorf("no file begins with %s", prefix)
	}
}

// isNameOf reports whether a problem names a file. If all parts of an output are
// missing, it names the assembled file.
func isNameOf(name, reported string) bool {
	output, _ := path.Split(strings.Replace(name, "parts/", "outputs/", 1))
	return reported == name || strings.HasPrefix(name, "parts/") && strings.HasPrefix(reported, strings.TrimSuffix(output, "/"))
}

// A disputed part is copied as the bucket has it, and an object that does not match its
// grant is not copied.
func TestDisputedPartsAreCopiedAsTheBucketHasThem(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	run := cloudtest.NewRun(t)
	for i, u := range tn.Mint(t, run, cloudtest.PartOf("forged", 1, []byte("a")), cloudtest.PartOf("unlike", 1, []byte("b"))) {
		u.Put(t, [][]byte{[]byte("a"), []byte("b")}[i]).Want(t, http.StatusOK)
	}
	c.Drain(t)
	change := func(output string, updates ...firestore.Update) {
		db, err := c.Operator.Default(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ref := records.GrantRef(db, tn.ID, grant.Object{Workspace: "prod", Run: runID(run), Output: output, Part: 1})
		if _, err := ref.Update(t.Context(), append(updates, firestore.Update{Path: "disputed", Value: true})); err != nil {
			t.Fatal(err)
		}
	}
	change("forged", firestore.Update{Path: "stored.generation", Value: 1}, firestore.Update{Path: "stored.size", Value: 99})
	change("unlike", firestore.Update{Path: "declared.size", Value: 7})
	e := tn.CreateExport(t, outputs)
	c.FinishExports(t)
	pulled, _ := verified(t, tn, e.ID)
	got := map[string]string{}
	for _, row := range rowsOf(t, pulled, "outputparts") {
		got[row["output"].(string)] = fmt.Sprint(row["state"], " ", row["size"])
	}
	if diff := cmp.Diff(map[string]string{"forged": "stored 1", "unlike": "quarantined 1"}, got); diff != "" {
		t.Errorf("the parts: %s", diff)
	}
}
