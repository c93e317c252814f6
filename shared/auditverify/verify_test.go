package auditverify_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/logtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/auditverify"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

func verify(t testing.TB, files fstest.MapFS, options auditverify.Options) *auditverify.Report {
	t.Helper()
	report, err := auditverify.Verify(t.Context(), files, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// codes lists the kinds of faults, each once.
func codes(r *auditverify.Report) []string {
	found := map[string]bool{}
	for _, f := range r.Faults {
		found[string(f.Code)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

func policyOf(t testing.TB, text []byte) *noteverify.Policy {
	t.Helper()
	p, err := noteverify.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

func TestGenuineCopiesHaveNoFaults(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 255, 256, 257, 600, 65_536, 66_000} {
		l := logtest.New(t, size)
		if r := verify(t, l.Copy(t, size), auditverify.Options{}); !r.OK() || r.Size != uint64(size) || r.Origin != logtest.Origin {
			t.Errorf("size %d: %+v", size, r.Faults)
		}
	}
}

func TestPartialTilesOfEarlierSizesAreAllowed(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 600)
	files := l.Copy(t, 600)
	for path, file := range l.Copy(t, 300) {
		if strings.HasSuffix(path, ".p/44") {
			files[path] = file
		}
	}
	if r := verify(t, files, auditverify.Options{}); !r.OK() {
		t.Error(r.Faults)
	}
	files["tile/0/001.p/44"].Data[3] ^= 1
	files["tile/entries/001.p/44"].Data[30] ^= 1
	if diff := cmp.Diff([]string{"changed-file"}, codes(verify(t, files, auditverify.Options{}))); diff != "" {
		t.Error(diff)
	}
}

// faultCase is a change to a copy of 600 entries, and the kinds of faults that
// verification finds.
type faultCase struct {
	change  func(fstest.MapFS)
	options auditverify.Options
	want    []string
}

// tileFaults are faults of files below tile/.
func tileFaults(t *testing.T, l *logtest.Log) map[string]faultCase {
	const bundle = "tile/entries/000"
	return map[string]faultCase{
		"a flipped bit of an entry": {
			change: func(f fstest.MapFS) { f[bundle].Data[100] ^= 4 }, want: []string{"changed-entry"},
		},
		"an entry and its hash in the tile are changed": {
			change: func(f fstest.MapFS) { copyFiles(f, changed(l, 17).Copy(t, 600), bundle, "tile/0/000") },
			want:   []string{"changed-file", "wrong-root"},
		},
		"all tiles are recomputed after a change": {
			change: func(f fstest.MapFS) { recompute(t, f, changed(l, 17), 600) },
			want:   []string{"wrong-root"},
		},
		"a bundle is missing": {
			change: func(f fstest.MapFS) { delete(f, bundle) }, want: []string{"missing-file"},
		},
		"a bundle and its tile are missing": {
			change: func(f fstest.MapFS) { delete(f, bundle); delete(f, "tile/0/000") },
			want:   []string{"missing-file", "wrong-root"},
		},
		"a higher tile is missing": {
			change: func(f fstest.MapFS) { delete(f, "tile/1/000.p/2") }, want: []string{"missing-file"},
		},
		"a higher tile is changed": {
			change: func(f fstest.MapFS) { f["tile/1/000.p/2"].Data[40] ^= 1 }, want: []string{"changed-file"},
		},
		"a bundle is truncated": {
			change: func(f fstest.MapFS) { f[bundle].Data = f[bundle].Data[:1000] }, want: []string{"malformed-file"},
		},
		"a bundle has an entry too few": {
			change: func(f fstest.MapFS) { f[bundle] = l.Copy(t, 255)["tile/entries/000.p/255"] },
			want:   []string{"malformed-file"},
		},
		"two bundles are swapped": {
			change: func(f fstest.MapFS) {
				f[bundle], f["tile/entries/001"] = f["tile/entries/001"], f[bundle]
			},
			want: []string{"changed-entry"},
		},
		"a file is added": {
			change: func(f fstest.MapFS) { f["tile/0/004"] = f["tile/0/000"]; f["notes.txt"] = f["keys"] },
			want:   []string{"extra-file"},
		},
		"the keys are missing": {
			change: func(f fstest.MapFS) { delete(f, "keys") }, want: []string{"missing-file"},
		},
		"the copy is empty": {
			change: func(f fstest.MapFS) { clear(f) }, want: []string{"missing-file"},
		},
	}
}

// signatureFaults are faults of the newest checkpoint.
func signatureFaults(t *testing.T, l, rogue *logtest.Log) map[string]faultCase {
	return map[string]faultCase{
		"a checkpoint signed by a key that the copy does not list": {
			change: func(f fstest.MapFS) { copyFiles(f, rogue.Copy(t, 600), "checkpoint") },
			want:   []string{"untrusted-key"},
		},
		"a log and its keys are replaced, and the auditor has the key": {
			change:  func(f fstest.MapFS) { maps.Copy(f, rogue.Copy(t, 600)) },
			options: auditverify.Options{Keys: keysOf(t, l.Key.Key)},
			want:    []string{"untrusted-key"},
		},
		"a checkpoint signed by a key that the policy has retired": {
			options: auditverify.Options{Policy: policyOf(t, rogue.Policy())},
			want:    []string{"untrusted-key"},
		},
		"a checkpoint with two signatures under one name": {
			change: func(f fstest.MapFS) {
				f["checkpoint"].Data = l.Checkpoint(t, 600, rogue.Time)
			},
			want: []string{"repeated-signer"},
		},
		"a checkpoint with the same signature twice": {
			change: func(f fstest.MapFS) {
				lines := strings.SplitAfter(string(f["checkpoint"].Data), "\n")
				f["checkpoint"].Data = []byte(strings.Join(lines, "") + lines[4])
			},
			want: []string{"repeated-signer"},
		},
		"a checkpoint with a signature of nobody": {
			change: func(f fstest.MapFS) {
				f["checkpoint"].Data = l.Checkpoint(t, 600, logtest.NewSigner(t, "nobody.example.com", true))
			},
			want: []string{"unknown-signature"},
		},
		"a checkpoint without a time": {
			change: func(f fstest.MapFS) {
				f["checkpoint"].Data = logtest.Sign(t, textOf(l.Checkpoint(t, 600)), l.Key)
			},
			want: []string{"no-time"},
		},
		"a checkpoint with an extension line": {
			change: func(f fstest.MapFS) {
				f["checkpoint"].Data = logtest.Sign(t, textOf(l.Checkpoint(t, 600))+"more\n", l.Key, l.Time)
			},
			want: []string{"malformed-file"},
		},
		"a truncated checkpoint": {
			change: func(f fstest.MapFS) { f["checkpoint"].Data = f["checkpoint"].Data[:60] },
			want:   []string{"malformed-file"},
		},
		"an old checkpoint when a recent one is required": {
			options: auditverify.Options{MaxAge: time.Hour, Now: time.Now().Add(2 * time.Hour)},
			want:    []string{"too-old"},
		},
		"a checkpoint from the future": {
			options: auditverify.Options{MaxAge: time.Hour, Now: time.Now().Add(-2 * time.Hour)},
			want:    []string{"too-old"},
		},
	}
}

// comparisonFaults are faults that only another checkpoint, a witness or a receipt shows.
func comparisonFaults(t *testing.T, l, rogue *logtest.Log) map[string]faultCase {
	return map[string]faultCase{
		"witnesses are required and have not signed": {
			options: auditverify.Options{Policy: policyOf(t, withQuorum(l).Policy())}, want: []string{"no-quorum"},
		},
		"a cosigned checkpoint that no witness signed": {
			change: func(f fstest.MapFS) { f["cosigned-checkpoint"] = &fstest.MapFile{Data: l.Checkpoint(t, 300)} },
			want:   []string{"no-quorum"},
		},
		"a witness saw more entries than the copy has": {
			change: func(f fstest.MapFS) {
				clear(f)
				maps.Copy(f, l.Copy(t, 599))
				f["cosigned-checkpoint"] = &fstest.MapFile{Data: l.Checkpoint(t, 600, l.Witness)}
			},
			want: []string{"truncated"},
		},
		"a witness saw another log": {
			change: func(f fstest.MapFS) {
				f["cosigned-checkpoint"] = &fstest.MapFile{Data: changed(l, 17).Checkpoint(t, 300, l.Witness)}
			},
			want: []string{"rewritten"},
		},
		"an older checkpoint is of another log": {
			options: auditverify.Options{Since: changed(l, 17).Checkpoint(t, 300)}, want: []string{"rewritten"},
		},
		"an older checkpoint of the same size is of another log": {
			options: auditverify.Options{Since: changed(l, 17).Checkpoint(t, 600)}, want: []string{"rewritten"},
		},
		"an older checkpoint has more entries": {
			change:  func(f fstest.MapFS) { clear(f); maps.Copy(f, l.Copy(t, 300)) },
			options: auditverify.Options{Since: l.Checkpoint(t, 301)}, want: []string{"truncated"},
		},
		"an older checkpoint is signed by nobody": {
			options: auditverify.Options{Since: rogue.Checkpoint(t, 300)}, want: []string{"untrusted-key"},
		},
		"a receipt whose entry is not there": {
			options: auditverify.Options{Receipts: strings.NewReader(logtest.ID(600) + "\n")}, want: []string{"receipt-missing"},
		},
	}
}

func TestFaultsOfCopies(t *testing.T) {
	t.Parallel()
	l, rogue := logtest.New(t, 600), logtest.New(t, 600)
	all := tileFaults(t, l)
	maps.Copy(all, signatureFaults(t, l, rogue))
	maps.Copy(all, comparisonFaults(t, l, rogue))
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := l.Copy(t, 600)
			if c.change != nil {
				c.change(files)
			}
			r := verify(t, files, c.options)
			if diff := cmp.Diff(c.want, codes(r)); diff != "" || r.OK() {
				t.Errorf("%s%+v", diff, r.Faults)
			}
			if len(r.Proved) > 0 {
				t.Errorf("it proves %q", r.Proved)
			}
		})
	}
}

// changed returns a fork in which one entry has another actor.
func changed(l *logtest.Log, index int) *logtest.Log {
	fork := l.Fork(len(l.Entries))
	fork.Entries[index] = bytes.Replace(fork.Entries[index], []byte("prod:runner"), []byte("prod:hacker"), 1)
	return fork
}

func withQuorum(l *logtest.Log) *logtest.Log {
	other := *l
	other.Quorum = "w"
	return &other
}

func copyFiles(to, from fstest.MapFS, paths ...string) {
	for _, path := range paths {
		to[path] = from[path]
	}
}

// recompute replaces all tiles and bundles, as somebody who holds the database
// and the bucket can, but not the checkpoint, which needs the key.
func recompute(t testing.TB, files fstest.MapFS, l *logtest.Log, size int) {
	t.Helper()
	maps.Copy(files, l.Tiles(t, size))
}

func keysOf(t testing.TB, text string) []noteverify.Key {
	t.Helper()
	k, err := noteverify.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return []noteverify.Key{k}
}

func textOf(signed []byte) string {
	text, _, _ := strings.Cut(string(signed), "\n\n")
	return text + "\n"
}

func TestFaultsOfEntries(t *testing.T) {
	t.Parallel()
	replace := func(from, to string) func([]byte) []byte {
		return func(e []byte) []byte { return bytes.Replace(e, []byte(from), []byte(to), 1) }
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   []string
	}{
		"a member that this version does not know": {change: replace(`{"action"`, `{"Zone":"a","action"`), want: nil},
		"text that needs escapes":                  {change: replace(`"https://issuer`, `"é\"\u0001 https://issuer`), want: nil},
		"members in another order":                 {change: replace(`"tenant":"acme","time"`, `"zone":"","time"`), want: []string{"malformed-entry"}},
		"white space":                              {change: replace(`,"id"`, `, "id"`), want: []string{"malformed-entry"}},
		"a member that is there twice":             {change: replace(`,"tenant"`, `,"resource":"x","tenant"`), want: []string{"malformed-entry"}},
		"an escape that is not needed":             {change: replace(`"prod"`, `"\u0070rod"`), want: []string{"malformed-entry"}},
		"bytes that are not UTF-8":                 {change: replace(`"prod"`, "\"\xff\""), want: []string{"malformed-entry"}},
		"a number that is not canonical":           {change: replace(`,"id"`, `,"counts":{"n":1.0},"id"`), want: []string{"malformed-entry"}},
		"an ID in upper case":                      {change: replace(`01890a5d-ac96`, `01890A5D-ac96`), want: []string{"malformed-entry"}},
		"no outcome":                               {change: replace(`"outcome":"allowed",`, ``), want: []string{"malformed-entry"}},
		"a time that is not in UTC":                {change: replace(`.123456Z`, `.123456+01:00`), want: []string{"malformed-entry"}},
		"an empty time":                            {change: replace(`"2026-11-28T10:00:03.123456Z"`, `""`), want: []string{"malformed-entry"}},
		"an actor that is not an object":           {change: replace(`"actor":{`, `"actor":"","z":{`), want: []string{"malformed-entry"}},
		"the end of nothing":                       {change: replace(`"runs.start"`, `"outputs.read.end"`), want: []string{"malformed-entry"}},
		"another tenant's entry":                   {change: replace(`"tenant":"acme"`, `"tenant":"evil"`), want: []string{"wrong-tenant"}},
		"the ID of another entry":                  {change: replace(logtest.ID(3), logtest.ID(2)), want: []string{"repeated-id"}},
		"no JSON":                                  {change: func([]byte) []byte { return []byte("hello") }, want: []string{"malformed-entry"}},
		"nothing":                                  {change: func([]byte) []byte { return nil }, want: []string{"malformed-entry"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := logtest.New(t, 5)
			l.Entries[3] = c.change(l.Entries[3])
			if diff := cmp.Diff(c.want, codes(verify(t, l.Copy(t, 5), auditverify.Options{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// read returns an entry that records a read of an output, or its end.
func read(index int, of string) []byte {
	e := bytes.Replace(logtest.Entry(index), []byte("runs.start"), []byte("outputs.read"), 1)
	if of != "" {
		e = bytes.Replace(e, []byte("outputs.read"), []byte("outputs.read.end"), 1)
		e = bytes.Replace(e, []byte(`"outcome":"allowed"`), fmt.Appendf(nil, `"of":%q,"outcome":"done"`, of), 1)
	}
	return e
}

func TestReadsWithoutAnEndAreListed(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 3)
	denied := bytes.Replace(read(6, ""), []byte("allowed"), []byte("denied"), 1)
	l.Entries = append(l.Entries, read(3, ""), read(4, ""), read(5, logtest.ID(3)), denied, read(7, logtest.ID(99)))
	r := verify(t, l.Copy(t, 8), auditverify.Options{})
	want := auditverify.EntryList{Count: 1, Listed: []auditverify.EntryRef{{ID: logtest.ID(4), Index: 4}}}
	if diff := cmp.Diff(want, r.OpenReads); diff != "" || !r.OK() {
		t.Errorf("%s%v", diff, r.Faults)
	}
	if r.EndsOnly.Count != 1 || r.EndsOnly.Listed[0].ID != logtest.ID(99) {
		t.Errorf("%+v", r.EndsOnly)
	}
}

// forRun returns an entry about the uploads of a run.
func forRun(index int, action string, run int) []byte {
	e := bytes.Replace(logtest.Entry(index), []byte("runs.start"), []byte(action), 1)
	return bytes.Replace(e, []byte("runs/01890a5d-ac96-774b-bcce-b302099a8057"), []byte("runs/"+logtest.ID(run)), 1)
}

func TestMintsWithoutAFinalStateAreListed(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 3)
	const done, open, again, denied, many = 1003, 1004, 1005, 1006, 1007
	add := func(action string, run int) { l.Entries = append(l.Entries, forRun(len(l.Entries), action, run)) }
	add("uploads.mint", done)
	add("uploads.mint", open)
	add("uploads.mint", again)
	add("uploads.final", again)
	add("uploads.final", done)
	add("uploads.mint", again) // after its final state
	l.Entries = append(l.Entries, bytes.Replace(forRun(len(l.Entries), "uploads.mint", denied), []byte("allowed"), []byte("denied"), 1))
	for range 1200 { // more than are held of one run
		add("uploads.mint", many)
	}
	add("uploads.final", many)
	r := verify(t, l.Copy(t, len(l.Entries)), auditverify.Options{})
	want := auditverify.EntryList{Count: 2, Listed: []auditverify.EntryRef{{ID: logtest.ID(open), Index: 4}, {ID: logtest.ID(again), Index: 8}}}
	if diff := cmp.Diff(want, r.OpenMints); diff != "" || !r.OK() {
		t.Errorf("%s%d faults", diff, len(r.Faults))
	}
}

// TestMembersAreThoseOfAuditLogs verifies entries that shared/auditlog writes.
func TestMembersAreThoseOfAuditLogs(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 0)
	run := "runs/" + logtest.ID(77)
	for i, e := range []auditlog.Entry{
		{Action: auditlog.ReadOutput, Outcome: auditlog.Allowed, Resource: run + "/outputs/é\u2028<&>"},
		{Action: auditlog.EndReadOutput, Outcome: auditlog.Done, Of: logtest.ID(0), Counts: map[string]int64{"bytes": 1 << 53}},
		{Action: auditlog.MintUpload, Outcome: auditlog.Allowed, Resource: run, Objects: []string{"stdout.log/1"}},
		{Action: auditlog.FinalizeUploads, Outcome: auditlog.Done, Resource: run, Counts: map[string]int64{"stored": 1}},
		{Action: auditlog.ReadOutput, Outcome: auditlog.Allowed},
		{Action: auditlog.MintUpload, Outcome: auditlog.Allowed, Resource: "runs/" + logtest.ID(78)},
	} {
		e.ID, e.Tenant, e.Time = logtest.ID(i), "acme", time.Unix(0, 0).UTC()
		leaf, err := e.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		l.Entries = append(l.Entries, leaf)
	}
	r := verify(t, l.Copy(t, len(l.Entries)), auditverify.Options{})
	if !r.OK() || r.OpenReads.Count != 1 || r.OpenReads.Listed[0].Index != 4 || r.OpenMints.Count != 1 || r.OpenMints.Listed[0].Index != 5 || r.EndsOnly.Count != 0 {
		t.Errorf("%+v", r)
	}
}

func TestReceiptsAreFound(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 300)
	receipts := logtest.ID(0) + "\n\n" + `{"run":"x","auditEntries":["` + logtest.ID(299) + `","` + logtest.ID(7) + `"]}` + "\r\n" +
		`{"auditEntry":"` + logtest.ID(7) + `"}` + "\n" + `{"Strongroom-Audit-Entry":"` + logtest.ID(8) + `"}`
	if r := verify(t, l.Copy(t, 300), auditverify.Options{Receipts: strings.NewReader(receipts)}); !r.OK() || r.Receipts != 4 {
		t.Errorf("%d receipts, %v", r.Receipts, r.Faults)
	}
	for name, text := range map[string]string{
		"not an ID":              "hello\n",
		"JSON that is cut":       `{"auditEntries":["` + logtest.ID(1),
		"a list of other things": `{"auditEntries":[1]}`,
		"an ID in upper case":    strings.ToUpper(logtest.ID(1)),
	} {
		if _, err := auditverify.Verify(t.Context(), l.Copy(t, 300), auditverify.Options{Receipts: strings.NewReader(text)}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestWhatIsNotProvedIsSaid(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 300)
	cosigned := l.Copy(t, 300)
	cosigned["cosigned-checkpoint"] = &fstest.MapFile{Data: l.Checkpoint(t, 290, l.Witness)}
	for name, c := range map[string]struct {
		files   fstest.MapFS
		options auditverify.Options
		proved  string
		want    []string
		not     []string
	}{
		"without anything": {
			files: l.Copy(t, 300), proved: "exactly the 300 entries",
			want: []string{"newest entries could be missing", "No witness signed", "keys are from the copy itself", "less than about a minute", "not covered"},
		},
		"with receipts": {
			files: l.Copy(t, 300), options: auditverify.Options{Receipts: strings.NewReader(logtest.ID(3))}, proved: "each of the 1 different receipts",
			want: []string{"No witness signed"}, not: []string{"newest entries could be missing"},
		},
		"with a witness of the platform's choice": {
			files: cosigned, proved: "witness.example.com saw the first 290 entries",
			want: []string{"newest 10 entries", "The platform named the witnesses"}, not: []string{"newest entries could be missing", "No witness signed the log"},
		},
		"with a witness of the auditor's choice": {
			files: cosigned, options: auditverify.Options{Policy: policyOf(t, withQuorum(l).Policy()), MaxAge: time.Hour, Now: time.Now()},
			proved: "witness.example.com saw the first 290 entries", want: []string{"less than about a minute"},
			not: []string{"The platform named the witnesses", "keys are from the copy", "not covered"},
		},
		"with an older checkpoint": {
			files: l.Copy(t, 300), options: auditverify.Options{Since: l.Checkpoint(t, 256)}, proved: "The older checkpoint is the beginning", want: []string{"No witness"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := verify(t, c.files, c.options)
			if !r.OK() || !strings.Contains(strings.Join(r.Proved, "\n"), c.proved) {
				t.Errorf("%v %q", r.Faults, r.Proved)
			}
			text := strings.Join(r.NotProved, "\n")
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
			for _, not := range c.not {
				if strings.Contains(text, not) {
					t.Errorf("it says %q:\n%s", not, text)
				}
			}
		})
	}
}
