package audit_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	formats "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// entry is one entry as the function returns it.
type entry struct {
	Index   *int64
	ActorID string
	Entry   auditlog.Entry
}

func (f fixture) entry(t *testing.T, id, suffix string) cloudtest.Response {
	t.Helper()
	return f.Do(t, "auditor", http.MethodGet, "/v1/audit/entries/"+id+suffix, nil)
}

func TestAnEntryIsFoundByItsReceiptBeforeItIsIndexed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.Do(t, "admin", http.MethodGet, "/v1/audit/entries", nil)
	receipt := r.Want(t, http.StatusOK).Header.Get(access.ReceiptHeader)
	for _, want := range []string{"absent", "0"} {
		var got entry
		f.entry(t, receipt, "").Want(t, http.StatusOK).JSON(t, &got)
		index := "absent"
		if got.Index != nil {
			index = strconv.FormatInt(*got.Index, 10)
		}
		if got.Entry.ID != receipt || got.Entry.Action != auditlog.ReadAuditEntries || index != want || got.ActorID != auditlog.ActorKey(got.Entry.Actor) {
			t.Errorf("index %s, want %s: %+v", index, want, got)
		}
		f.integrate(t)
	}
}

func TestTheProofOfEveryEntryVerifies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.append(t, 258) // a full tile and a partial one
	f.integrate(t)
	verifier := f.verifier(t)
	for _, index := range []int{0, 1, 255, 256, 257} {
		var p proof.TLogProof
		if err := p.Unmarshal(f.entry(t, ids[index], "/proof").Want(t, http.StatusOK).Body); err != nil {
			t.Fatal(err)
		}
		checkpoint, _, _, err := formats.ParseCheckpoint(p.Checkpoint, f.origin(), verifier)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := f.reader.ReadEntry(t.Context(), f.db, f.ID, ids[index])
		if err != nil {
			t.Fatal(err)
		}
		var hashes tlog.RecordProof
		for _, hash := range p.Hashes {
			hashes = append(hashes, hash)
		}
		if p.Index != uint64(index) {
			t.Errorf("the proof is of entry %d, want %d", p.Index, index)
		}
		if err := tlog.CheckRecord(hashes, int64(checkpoint.Size), tlog.Hash(checkpoint.Hash), int64(index), tlog.RecordHash(stored.Leaf)); err != nil {
			t.Errorf("entry %d: %v", index, err)
		}
	}
}

func TestAnEntryIsProvedOnlyOnceItIsPublished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.append(t, 1)[0]
	for _, when := range []string{"while it is pending", "while it has an index only"} {
		r := f.entry(t, id, "/proof").Want(t, http.StatusConflict)
		if r.Header.Get("Retry-After") != "60" || code(t, r) != "not-integrated" {
			t.Errorf("%s: Retry-After %q, code %s", when, r.Header.Get("Retry-After"), code(t, r))
		}
		if _, err := f.reader.AssignIndexes(t.Context(), f.db, f.ID, 256); err != nil {
			t.Fatal(err)
		}
	}
	f.integrate(t)
	f.entry(t, id, "/proof").Want(t, http.StatusOK)
}

func code(t *testing.T, r cloudtest.Response) string {
	t.Helper()
	var problem struct{ Code string }
	r.JSON(t, &problem)
	return problem.Code
}

func TestStaffReadTheLogOfThePlatformAndOfNoTenant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	denied := f.Do(t, "platform", http.MethodGet, f.logPath()+"checkpoint", nil).Want(t, http.StatusForbidden).Header.Get(access.ReceiptHeader)
	f.Do(t, "auditor", http.MethodGet, "/v1/platform/audit/entries/"+denied, nil).Want(t, http.StatusForbidden)
	f.integrate(t)
	var got entry
	f.Do(t, "platform", http.MethodGet, "/v1/platform/audit/entries/"+denied, nil).Want(t, http.StatusOK).JSON(t, &got)
	want := auditlog.Entry{
		ID: denied, Time: got.Entry.Time, Actor: got.Entry.Actor, Action: auditlog.ReadAuditLog, Outcome: auditlog.Denied,
		Reason: "role", Resource: "tenants/" + string(f.ID),
	}
	if diff := cmp.Diff(want, got.Entry); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{"entries/" + denied + "/proof", "log/checkpoint", "log/tile/entries/000.p/1", "log/tile/0/000.p/1", "log/keys", "log/policy"} {
		f.Do(t, "platform", http.MethodGet, "/v1/platform/audit/"+path, nil).Want(t, http.StatusOK)
	}
}

func TestAnotherTenantsLogIsDeniedOnTheRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.Cloud.Tenant(t)
	r := f.Do(t, "admin", http.MethodGet, auditlog.LogPath(other.ID)+"/checkpoint", nil).Want(t, http.StatusForbidden)
	var got entry
	f.entry(t, r.Header.Get(access.ReceiptHeader), "").Want(t, http.StatusOK).JSON(t, &got)
	if got.Entry.Reason != "tenant" || got.Entry.Resource != "tenants/"+string(other.ID) || got.Entry.Tenant != f.ID {
		t.Errorf("the denial is recorded as %+v", got.Entry)
	}
}

// verifier is the verifier of the log's signatures, from the keys that it serves.
func (f fixture) verifier(t *testing.T) note.Verifier {
	t.Helper()
	for _, key := range f.keys(t) {
		if v, err := note.NewVerifier(key); err == nil && v.Name() == f.origin() {
			return v
		}
	}
	t.Fatal("the log serves no key of its own")
	return nil
}
