package audit_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	formats "github.com/transparency-dev/formats/log"
	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/signednote"
)

func (f fixture) cosign(t *testing.T, signed []byte) cloudtest.Response {
	t.Helper()
	return f.Do(t, "auditor", http.MethodPost, f.logPath()+"cosignatures", cloudtest.Text(signed))
}

// wantCosignedBy checks that a signed checkpoint has valid signatures of exactly
// these witnesses, in addition to the log's.
func (f fixture) wantCosignedBy(t *testing.T, signed []byte, witnesses ...cloudtest.Witness) {
	t.Helper()
	want, got := []string{f.origin()}, []string{}
	verifiers := []note.Verifier{f.verifier(t)}
	for _, w := range witnesses {
		v, err := cosignature.NewVerifierForCosignatureV1(w.Key)
		if err != nil {
			t.Fatal(err)
		}
		want, verifiers = append(want, w.Name), append(verifiers, v)
	}
	opened, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range opened.Sigs {
		got = append(got, s.Name)
	}
	for _, s := range opened.UnverifiedSigs {
		if s.Name != auditlog.CosignerName(f.origin()) {
			got = append(got, "not verified: "+s.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signatures: %s", diff)
	}
}

// signers returns a fixture with a published entry and two registered witnesses.
func signers(t *testing.T) (f fixture, a, b cloudtest.Witness) {
	t.Helper()
	f = newFixture(t)
	a, b = cloudtest.NewWitness(t, "a.example/witness"), cloudtest.NewWitness(t, "b.example")
	f.register(t, a, b)
	f.append(t, 1)
	f.integrate(t)
	return f, a, b
}

func TestCosignaturesAreServedWithTheirCheckpoint(t *testing.T) {
	t.Parallel()
	f, a, b := signers(t)
	f.get(t, "cosigned-checkpoint").Want(t, http.StatusNotFound)
	_, first := f.checkpoint(t, "checkpoint")
	f.cosign(t, a.Cosign(t, first)).Want(t, http.StatusOK)
	_, withA := f.checkpoint(t, "checkpoint")
	f.wantCosignedBy(t, withA, a)
	f.cosign(t, b.Cosign(t, withA)).Want(t, http.StatusOK) // it has the signature of a too
	_, withBoth := f.checkpoint(t, "checkpoint")
	f.wantCosignedBy(t, withBoth, a, b)

	f.integrate(t) // the cosignature was recorded
	_, second := f.checkpoint(t, "checkpoint")
	f.wantCosignedBy(t, second)
	cosigned, text := f.checkpoint(t, "cosigned-checkpoint")
	f.wantCosignedBy(t, text, a, b)
	if cosigned.Size != 1 {
		t.Errorf("the cosigned checkpoint has size %d, want 1", cosigned.Size)
	}
	f.cosign(t, b.Cosign(t, second)).Want(t, http.StatusOK)
	_, text = f.checkpoint(t, "cosigned-checkpoint")
	f.wantCosignedBy(t, text, b)

	f.register(t, a) // b is not a witness any more
	_, text = f.checkpoint(t, "cosigned-checkpoint")
	f.wantCosignedBy(t, text, a)
}

func TestAnOlderCheckpointIsCosignedAsLongAsTheWitnessHasNoNewer(t *testing.T) {
	t.Parallel()
	f, a, b := signers(t)
	_, old := f.checkpoint(t, "checkpoint")
	f.append(t, 1)
	f.integrate(t)
	_, newest := f.checkpoint(t, "checkpoint")
	f.cosign(t, a.Cosign(t, newest)).Want(t, http.StatusOK)
	if r := f.cosign(t, a.Cosign(t, old)).Want(t, http.StatusConflict); code(t, r) != "older-checkpoint" {
		t.Errorf("code %s", code(t, r))
	}
	f.cosign(t, b.Cosign(t, old)).Want(t, http.StatusOK)
	f.cosign(t, a.Cosign(t, newest)).Want(t, http.StatusOK) // once more
}

// forge signs another tree as the log would: with the log's own key.
func (f fixture) forge(t *testing.T, size uint64) []byte {
	t.Helper()
	client, err := f.Cloud.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := formats.Checkpoint{Origin: f.origin(), Size: size, Hash: bytes.Repeat([]byte{7}, 32)}.Marshal()
	keys, err := signednote.Keys(t.Context(), client, platformKeys+"log")
	if err != nil {
		t.Fatal(err)
	}
	forged, err := keys[0].Sign(t.Context(), client, f.origin(), string(text))
	if err != nil {
		t.Fatal(err)
	}
	return forged
}

// flip changes the signature of a line, but neither its name nor its key.
func flip(line string) string {
	i := strings.LastIndex(line, " ") + 50
	changed := byte('A')
	if line[i] == changed {
		changed = 'B'
	}
	return line[:i] + string(changed) + line[i+1:]
}

func TestCosignaturesThatAreRefused(t *testing.T) {
	t.Parallel()
	f, a, _ := signers(t)
	f.append(t, 2)
	f.integrate(t)
	other := fixtureOf(t, f.Cloud)
	other.append(t, 3)
	other.integrate(t)
	_, good := f.checkpoint(t, "checkpoint")
	_, foreign := other.checkpoint(t, "checkpoint")
	stranger, twin := cloudtest.NewWitness(t, "stranger.example"), cloudtest.NewWitness(t, a.Name)
	cosigned := string(a.Cosign(t, good))
	text, signatures, _ := strings.Cut(cosigned, "\n\n")
	lines := strings.SplitAfter(strings.TrimSuffix(signatures, "\n"), "\n")
	const malformed, denied, fork = "400 bad-request", "403 forbidden", "422 fork"
	for name, c := range map[string]struct {
		body, want string
	}{
		"no witness":                       {string(good), denied},
		"a witness that is not registered": {string(stranger.Cosign(t, good)), denied},
		"a witness with another key":       {string(twin.Cosign(t, good)), denied},
		"two signatures under one name":    {string(twin.Cosign(t, []byte(cosigned))), malformed},
		"the same signature twice":         {cosigned + lines[len(lines)-1] + "\n", malformed},
		"a changed signature":              {strings.Replace(cosigned, lines[len(lines)-1], flip(lines[len(lines)-1]), 1), malformed},
		"a changed text":                   {strings.Replace(cosigned, "\n3\n", "\n2\n", 1), malformed},
		"without the log's signature":      {text + "\n\n" + lines[len(lines)-1] + "\n", malformed},
		"a checkpoint of another log":      {string(a.Cosign(t, foreign)), malformed},
		"no note":                          {"hello\n", malformed},
		"an empty body":                    {"", malformed},
		"a note without signatures":        {text + "\n", malformed},
		"another tree of a published size": {string(a.Cosign(t, f.forge(t, 1))), fork},
		"another tree of the newest size":  {string(a.Cosign(t, f.forge(t, 3))), fork},
		"a size that was never published":  {string(a.Cosign(t, f.forge(t, 2))), fork},
		"a size beyond the log":            {string(a.Cosign(t, f.forge(t, 1000))), fork},
		"more than 64 KiB":                 {cosigned + strings.Repeat(" ", 64<<10), "413 too-large"},
	} {
		r := f.cosign(t, []byte(c.body))
		if got := fmt.Sprint(r.Status, " ", code(t, r)); got != c.want {
			t.Errorf("%s: %s, want %s: %s", name, got, c.want, r.Body)
		}
		if recorded := r.Header.Get(access.ReceiptHeader) != ""; recorded != (c.want == denied) {
			t.Errorf("%s: recorded: %t", name, recorded)
		}
	}
	f.Do(t, "auditor", http.MethodPost, f.logPath()+"cosignatures", []byte(`{}`)).Want(t, http.StatusUnsupportedMediaType)
	f.get(t, "cosigned-checkpoint").Want(t, http.StatusNotFound) // nothing was stored
	if log := f.Cloud.Log.String(); !strings.Contains(log, "audit log fork claimed") {
		t.Error("a fork is not in the function's own log")
	}
}
