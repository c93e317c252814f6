package auditintegrator_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	formats "github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/signednote"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const (
	platformRing = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/"
	auditKey     = platformRing + "audit"
	logKey       = platformRing + "log"
)

// fixture is a tenant whose log is integrated.
type fixture struct {
	*cloudtest.Tenant
	db      *firestore.Client
	log     *auditlog.Log
	reader  *auditlog.Reader
	storage *storage.Client
}

func newFixture(t testing.TB, tn *cloudtest.Tenant) fixture {
	t.Helper()
	ctx := t.Context()
	config := auditlog.Config{AuditKeyName: auditKey}
	log, errLog := auditlog.Open(ctx, config, tn.Cloud.Operator, tn.Cloud.Clock.Now)
	reader, errReader := auditlog.OpenReader(ctx, config, tn.Cloud.Operator, tn.Cloud.Clock.Now)
	if err := errors.Join(errLog, errReader); err != nil {
		t.Fatal(err)
	}
	db, err := tn.Cloud.Operator.Default(ctx)
	if err != nil {
		t.Fatal(err)
	}
	client, err := bucket.NewClient(ctx, tn.Cloud.As(suite.OperatorAccount))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return fixture{Tenant: tn, db: db, log: log, reader: reader, storage: client}
}

// append records n entries and returns their IDs.
func (f fixture) append(t *testing.T, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		id, err := f.log.Append(t.Context(), f.db, auditlog.Entry{Tenant: f.ID, Actor: auditlog.Actor{Subject: fmt.Sprint(i)}, Action: auditlog.StartRun})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
	}
	return ids
}

// published is what a reader of the log holds, all of it verified.
type published struct {
	size    uint64
	ids     []string
	entries [][]byte
}

// read verifies the published log: the checkpoint's signature and time, every
// leaf at its index, and the root.
func (f fixture) read(t *testing.T, ctx context.Context) published {
	t.Helper()
	tree, err := auditlog.ReadTree(ctx, f.db, f.ID)
	if err != nil {
		t.Fatal(err)
	}
	if tree.Size == 0 {
		return published{}
	}
	checkpoint := f.verified(t, f.origin(), tree.Checkpoint)
	if checkpoint.Size != uint64(tree.Size) {
		t.Fatalf("the checkpoint has size %d, the tree %d", checkpoint.Size, tree.Size)
	}
	var p published
	p.size = checkpoint.Size
	rebuilt := &tilelog.Tree{}
	for begin := uint64(0); begin < p.size; begin += tilelog.TileWidth {
		for _, leaf := range f.bundle(t, ctx, begin, min(p.size, begin+tilelog.TileWidth)) {
			if err := rebuilt.Append(leaf); err != nil {
				t.Fatal(err)
			}
			entry, err := auditlog.Stored{Leaf: leaf}.Entry()
			if err != nil {
				t.Fatal(err)
			}
			p.ids, p.entries = append(p.ids, entry.ID), append(p.entries, leaf)
		}
	}
	if root := rebuilt.Root(); string(root[:]) != string(checkpoint.Hash) {
		t.Fatalf("%d entries hash to %s, not to the checkpoint's root", p.size, root)
	}
	for _, tile := range rebuilt.Completed() {
		path := tilelog.Resource{Level: tile.Level, Index: tile.Index, Width: tilelog.TileWidth}.Path()
		if got := f.object(t, ctx, path); !slices.Equal(got, tile.Data) {
			t.Fatalf("%s differs from what the entries hash to", path)
		}
	}
	return p
}

func (f fixture) bundle(t *testing.T, ctx context.Context, begin, end uint64) [][]byte {
	t.Helper()
	if end-begin < tilelog.TileWidth {
		stored, err := f.reader.ReadEntries(ctx, f.db, f.ID, int64(begin), int64(end))
		if err != nil {
			t.Fatal(err)
		}
		leaves := make([][]byte, len(stored))
		for i, s := range stored {
			leaves[i] = s.Leaf
		}
		return leaves
	}
	path := tilelog.Resource{Entries: true, Index: begin / tilelog.TileWidth, Width: tilelog.TileWidth}.Path()
	leaves, err := tilelog.Entries(f.object(t, ctx, path))
	if err != nil || len(leaves) != tilelog.TileWidth {
		t.Fatalf("%s has %d entries: %v", path, len(leaves), err)
	}
	return leaves
}

func (f fixture) object(t *testing.T, ctx context.Context, name string) []byte {
	t.Helper()
	data, err := bucket.Read(ctx, f.storage.Bucket(f.AuditBucket).Object(name), 32<<20)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// objects returns the names of the objects in the log's bucket that begin with a
// prefix.
func (f fixture) objects(t *testing.T, prefix string) (names []string) {
	t.Helper()
	found := f.storage.Bucket(f.AuditBucket).Objects(t.Context(), &storage.Query{Prefix: prefix})
	for {
		o, err := found.Next()
		if errors.Is(err, iterator.Done) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, o.Name)
	}
}

func (f fixture) origin() string {
	return auditlog.Origin(strings.TrimPrefix(f.Cloud.URL, "http://"), f.ID)
}

// verified opens a checkpoint with the log's key, and checks that it has a time.
func (f fixture) verified(t *testing.T, origin string, signed []byte) *formats.Checkpoint {
	t.Helper()
	if _, err := signednote.CosignedAt(signed, f.key(t).CosignerKey(auditlog.CosignerName(origin))); err != nil {
		t.Error(err)
	}
	return f.opened(t, origin, signed)
}

// opened opens a checkpoint with the log's key.
func (f fixture) opened(t *testing.T, origin string, signed []byte) *formats.Checkpoint {
	t.Helper()
	text, err := f.key(t).VerifierKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, _, _, err := formats.ParseCheckpoint(signed, origin, verifier)
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint
}

// key returns the newest version of the log's key.
func (f fixture) key(t *testing.T) signednote.Key {
	t.Helper()
	client, err := f.Cloud.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signednote.Keys(t.Context(), client, logKey)
	if err != nil {
		t.Fatal(err)
	}
	return keys[len(keys)-1]
}
