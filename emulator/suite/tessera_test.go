package suite_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/firestore"
	formats "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	merkle "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// servedLog is a tenant's log as an auditor reads it, with the client and the
// checker of the library Tessera, which know nothing of Strongroom.
type servedLog struct {
	*cloudtest.Tenant
	origin   string
	verifier note.Verifier
	ids      []string
}

func newServedLog(t *testing.T) *servedLog {
	t.Helper()
	tn := cloudtest.New(t, suite.Options{}).Tenant(t)
	l := &servedLog{Tenant: tn, origin: strings.TrimPrefix(tn.Cloud.URL, "http://") + auditlog.LogPath(tn.ID)}
	keys := tn.Do(t, "auditor", http.MethodGet, auditlog.LogPath(tn.ID)+"/keys", nil).Want(t, http.StatusOK)
	for line := range strings.Lines(string(keys.Body)) {
		if verifier, err := note.NewVerifier(strings.TrimSpace(line)); err == nil && verifier.Name() == l.origin {
			l.verifier = verifier
		}
	}
	if l.verifier == nil {
		t.Fatalf("no key of %s in:\n%s", l.origin, keys.Body)
	}
	return l
}

// grow records entries until the published log has at least size entries.
func (l *servedLog) grow(t *testing.T, size int) {
	t.Helper()
	c := l.Cloud
	log, err := auditlog.Open(t.Context(), auditlog.Config{AuditKeyName: auditKeyName}, c.Operator, c.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	db := operatorDB(t, c)
	err = db.RunTransaction(t.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		for range size - len(l.ids) {
			p, err := log.Prepare(ctx, db, auditlog.Entry{Tenant: l.ID, Actor: auditlog.Actor{Subject: "a"}, Action: auditlog.StartRun})
			if err != nil {
				return err
			}
			l.ids = append(l.ids, p.ID)
			if err := p.Write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
		t.Fatal(err)
	}
}

// fetcher returns Tessera's client of the log behind base, the URL of the API.
func (l *servedLog) fetcher(t *testing.T, base string) *client.HTTPFetcher {
	t.Helper()
	root, err := url.Parse(base + auditlog.LogPath(l.ID) + "/")
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := client.NewHTTPFetcher(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	fetcher.SetAuthorizationHeader("Bearer " + l.Token(t, "auditor"))
	return fetcher
}

func (l *servedLog) fsck(ctx context.Context, f fsck.Fetcher) error {
	return fsck.New(l.origin, l.verifier, f, hashEntries, fsck.Opts{N: 4}).Check(ctx)
}

// hashEntries returns the leaf hashes of a bundle (RFC 6962).
func hashEntries(bundle []byte) (hashes [][]byte, err error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	for _, e := range b.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return hashes, nil
}

// Another implementation reads the log, follows its growth, and finds every tile,
// entry and root consistent.
func TestLaw10AnIndependentVerifierAgrees(t *testing.T) {
	t.Parallel()
	l := newServedLog(t)
	l.grow(t, 1)
	f := l.fetcher(t, l.Cloud.URL)
	checkpoint, err := f.ReadCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tracker, err := client.NewLogStateTracker(t.Context(), f.ReadTile, checkpoint, l.verifier, l.origin, client.UnilateralConsensus(f.ReadCheckpoint))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{2, 255, 256, 257, 600} {
		l.grow(t, size)
		if _, _, _, err := tracker.Update(t.Context()); err != nil {
			t.Fatalf("at %d entries: %v", size, err)
		}
		if got := tracker.Latest().Size; got < uint64(size) {
			t.Fatalf("the log has %d entries, want %d", got, size)
		}
		if err := l.fsck(t.Context(), f); err != nil {
			t.Fatalf("at %d entries: %v", size, err)
		}
	}
	l.checkProofs(t, tracker.Latest().Size)
}

// checkProofs verifies the proofs of some entries with the library of the format.
// size is that of the published log: reading the log has added entries to it.
func (l *servedLog) checkProofs(t *testing.T, size uint64) {
	t.Helper()
	for _, id := range []string{l.ids[0], l.ids[255], l.ids[len(l.ids)-1]} {
		text := l.Do(t, "auditor", http.MethodGet, "/v1/audit/entries/"+id+"/proof", nil).Want(t, http.StatusOK).Body
		var p proof.TLogProof
		if err := p.Unmarshal(text); err != nil {
			t.Fatal(err)
		}
		bundle, err := client.GetEntryBundle(t.Context(), l.fetcher(t, l.Cloud.URL).ReadEntryBundle, p.Index/256, size)
		if err != nil {
			t.Fatal(err)
		}
		leaf := bundle.Entries[p.Index%256]
		if !bytes.Contains(leaf, []byte(id)) {
			t.Errorf("entry %d is %s, not %s", p.Index, leaf, id)
		}
		if err := l.verifyProof(p, leaf); err != nil {
			t.Errorf("entry %s: %v", id, err)
		}
		if l.verifyProof(p, append(leaf[:len(leaf):len(leaf)], ' ')) == nil {
			t.Errorf("the proof of %s also proves another entry", id)
		}
	}
}

// The verifier is not convinced by a log of which anything is changed on the way.
func TestLaw10AnIndependentVerifierFindsWhatIsChanged(t *testing.T) {
	t.Parallel()
	l := newServedLog(t)
	l.grow(t, 300)
	for _, path := range []string{"/tile/0/000", "/tile/0/001.p/", "/tile/1/000.p/", "/tile/entries/000", "/tile/entries/001.p/"} {
		var changed atomic.Int64
		proxy, err := faults.NewHTTP(faults.HTTPConfig{Edit: func(r *http.Response) error {
			if !strings.Contains(r.Request.URL.Path, path) || r.StatusCode != http.StatusOK {
				return nil
			}
			changed.Add(1)
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			body[len(body)-1] ^= 1
			r.Body = io.NopCloser(bytes.NewReader(body))
			return nil
		}}, l.Cloud.URL)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.fsck(t.Context(), l.fetcher(t, proxy.URL(l.Cloud.URL))); err == nil {
			t.Errorf("with a changed bit of %s, the log is accepted", path)
		}
		if changed.Load() == 0 {
			t.Errorf("%s was not fetched", path)
		}
		_ = proxy.Close()
	}
}

// verifyProof verifies that the tree of the proof's checkpoint has a leaf.
func (l *servedLog) verifyProof(p proof.TLogProof, leaf []byte) error {
	checkpoint, _, _, err := formats.ParseCheckpoint(p.Checkpoint, l.origin, l.verifier)
	if err != nil {
		return err
	}
	hashes := make([][]byte, len(p.Hashes))
	for i, h := range p.Hashes {
		hashes[i] = h[:]
	}
	return merkle.VerifyInclusion(rfc6962.DefaultHasher, p.Index, checkpoint.Size, rfc6962.DefaultHasher.HashLeaf(leaf), hashes, checkpoint.Hash)
}
