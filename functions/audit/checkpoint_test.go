package audit_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"
	formats "github.com/transparency-dev/formats/log"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/signednote"
)

func (f fixture) origin() string {
	return auditlog.Origin(strings.TrimPrefix(f.Cloud.URL, "http://"), f.ID)
}

// keys are the verifier keys that the log serves.
func (f fixture) keys(t *testing.T) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(string(f.get(t, "keys").Want(t, http.StatusOK).Body)), "\n")
}

// checkpoint reads and verifies the newest checkpoint.
func (f fixture) checkpoint(t *testing.T, path string) (*formats.Checkpoint, []byte) {
	t.Helper()
	r := f.get(t, path).Want(t, http.StatusOK)
	if got := r.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("%s has the type %s", path, got)
	}
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("%s may be cached: %s", path, got)
	}
	checkpoint, _, _, err := formats.ParseCheckpoint(r.Body, f.origin(), f.verifier(t))
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint, r.Body
}

func TestTheCheckpointVerifiesWithTheServedKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.get(t, "checkpoint").Want(t, http.StatusNotFound)
	if r.Header.Get("Retry-After") == "" {
		t.Error("before there is a checkpoint, the response does not say when to retry")
	}
	f.append(t, 3)
	f.integrate(t)
	checkpoint, signed := f.checkpoint(t, "checkpoint")
	if checkpoint.Size != 3 {
		t.Errorf("size %d, want 3", checkpoint.Size)
	}
	keys := f.keys(t)
	at, err := signednote.CosignedAt(signed, keys[1])
	if err != nil || len(keys) != 3 {
		t.Fatalf("%d keys: %v", len(keys), err)
	}
	if age := f.Cloud.Clock.Now().Sub(at); age > time.Minute {
		t.Errorf("the checkpoint is %s old", age)
	}
}

func TestKeysOfOldVersionsAreServed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.keys(t)
	client, err := f.Cloud.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"log", "manifest"} {
		if _, err := client.CreateCryptoKeyVersion(t.Context(), &kmspb.CreateCryptoKeyVersionRequest{Parent: platformKeys + key}); err != nil {
			t.Fatal(err)
		}
	}
	f.Cloud.Clock.Advance(11 * time.Minute) // cached keys are read again
	after := f.keys(t)
	// Two of each version of the log key, then one of each version of the manifest key.
	if len(after) != 6 {
		t.Fatalf("%d keys: %v", len(after), after)
	}
	if diff := cmp.Diff(before, []string{after[0], after[1], after[4]}); diff != "" {
		t.Error(diff)
	}
	if _, err := manifest.ParseKeys(strings.Join(after, "\n") + "\n"); err != nil {
		t.Error(err)
	}
}

func TestThePolicyHasTheKeysAndTheWitnesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	log := "log " + f.keys(t)[0] + " https://" + f.origin() + "\n"
	a, b := cloudtest.NewWitness(t, "a.example/witness"), cloudtest.NewWitness(t, "b.example")
	for _, c := range []struct {
		witnesses []cloudtest.Witness
		want      string
	}{
		{nil, log + "quorum none\n"},
		{[]cloudtest.Witness{a, b}, log + "witness w1 " + a.Key + "\nwitness w2 " + b.Key + "\ngroup witnesses any w1 w2\nquorum witnesses\n"},
	} {
		f.register(t, c.witnesses...)
		if diff := cmp.Diff(c.want, string(f.get(t, "policy").Want(t, http.StatusOK).Body)); diff != "" {
			t.Error(diff)
		}
	}
}

// register registers witnesses, and lets the functions read the record again.
func (f fixture) register(t *testing.T, witnesses ...cloudtest.Witness) {
	t.Helper()
	keys := []string{}
	for _, w := range witnesses {
		keys = append(keys, w.Key)
	}
	if err := f.Cloud.SetWitnesses(t.Context(), f.ID, keys...); err != nil {
		t.Fatal(err)
	}
	f.Cloud.Clock.Advance(2 * time.Minute)
}
