package exportworker_test

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/export"
)

// begun is an export of the kind outputs with six objects, of which some are copied.
type begun struct {
	*history
	request
	r *rand.Rand
}

// beginOutputs works on an export of outputs until the first object is copied.
func beginOutputs(t *testing.T, w *world) begun {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	h := newHistory(t, w, r)
	changed := map[key]int{}
	for i := range 6 {
		changed[key{export.GrantsTable, "prod", cloudtest.NewRun(t)}] = 2*i + 1 // an odd number has an object
	}
	h.commit(t, changed, nil)
	h.integrate(t)
	b := begun{h, h.request(t, []export.Kind{export.Outputs}, commit{}, nil), r}
	h.create(t, b.request)
	h.wire.follow(nil)
	for len(b.copies(t)) == 0 {
		b.deliverNext(t)
	}
	if n := len(b.copies(t)); n == 6 {
		t.Fatal("the first part has copied everything")
	}
	return b
}

func (b begun) deliverNext(t *testing.T) event.Message {
	t.Helper()
	m, failed := b.deliver(t, b.r, 1)
	switch {
	case m.ID == "":
		b.republish(t, b.ID())
	case failed && strings.HasPrefix(m.ID, string(export.ManifestPart)):
		b.integrate(t) // the manifest waits for the audit entry of the request
	}
	return m
}

// ID returns the ID of the export.
func (b begun) ID() export.ID { return b.request.Export.ID }

// names returns the names of all objects of the export.
func (b begun) names(t *testing.T) (names []string) {
	t.Helper()
	prefix := string(b.ID()) + "/"
	found := b.exportsBucket().Objects(t.Context(), &storage.Query{Prefix: prefix})
	for {
		o, err := found.Next()
		if errors.Is(err, iterator.Done) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimPrefix(o.Name, prefix))
	}
}

// copies returns the names of the copied objects.
func (b begun) copies(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(b.names(t), func(name string) bool { return !strings.HasPrefix(name, "parts/") })
}

// finish works on the export until it has ended, and compares it with the model.
func (b begun) finish(t *testing.T) {
	t.Helper()
	for round := 1; b.exported(t, b.ID()).Active; round++ {
		if round == 200 {
			t.Fatal("the export never ends")
		}
		b.deliverNext(t)
	}
	b.wantNoReads(t, b.wire.requests())
	b.check(t, b.request, "outputs")
	if n := len(b.copies(t)); n != 6 {
		t.Errorf("%d objects are copied, want 6", n)
	}
}

// An export of output survives what its bucket and its key do, and a part that comes after
// the export was canceled copies nothing.
func TestAnExportOfOutputMeetsFaultsHalfway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits{documents: 3, bytes: 1 << 20, listed: 5})
	for _, row := range []struct {
		name string
		test func(*testing.T, begun)
	}{
		{"the key is disabled, and enabled again", keyIsDisabled},
		{"the buckets retain all objects, and calls fail", bucketsRetain},
		{"the export is canceled, and late parts come", exportIsCanceled},
	} {
		t.Run(row.name, func(t *testing.T) { row.test(t, beginOutputs(t, w)) })
	}
}

func keyIsDisabled(t *testing.T, b begun) {
	t.Helper()
	b.world.SetKeyState(t, b.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	before := b.names(t)
	for round := 1; b.deliverNext(t).ID != ""; round++ {
		if round == 100 {
			t.Fatal("under a disabled key, messages of parts are never acknowledged")
		}
	}
	if e := b.exported(t, b.ID()); e.State != export.Paused || e.Reason != export.KeyLocked {
		t.Fatalf("under a disabled key, the export is %+v", e)
	}
	if diff := cmp.Diff(before, b.names(t)); diff != "" {
		t.Errorf("under a disabled key, the objects change: %s", diff)
	}
	b.Do(t, "auditor", http.MethodGet, "/v1/exports/"+string(b.ID())+"/files", nil).Want(t, http.StatusConflict)
	b.world.SetKeyState(t, b.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	b.finish(t)
}

// bucketsRetain loses replies, so that a worker creates objects again that exist and that
// nobody can replace.
func bucketsRetain(t *testing.T, b begun) {
	t.Helper()
	for _, name := range []string{b.OutputsBucket, b.ExportsBucket} {
		if _, err := b.storage.Bucket(name).Update(t.Context(), storage.BucketAttrsToUpdate{
			RetentionPolicy: &storage.RetentionPolicy{RetentionPeriod: 365 * 24 * time.Hour},
		}); err != nil {
			t.Fatal(err)
		}
	}
	plan := faultPlan{}
	for call := range callsOfAnExport {
		if call%7 == 3 {
			plan[call] = []faults.Fault{faults.ReplyLost, faults.KilledIn}[call%2]
		}
	}
	b.wire.follow(plan)
	b.finish(t)
	b.wire.follow(nil)
	before := b.names(t)
	for _, m := range b.delivered {
		b.deliverTogether(t, []event.Message{m})
	}
	if diff := cmp.Diff(before, b.names(t)); diff != "" {
		t.Errorf("late messages change the objects: %s", diff)
	}
	var refused *googleapi.Error
	err := b.exportsBucket().Object(string(b.ID()) + "/" + before[0]).Delete(t.Context())
	if !errors.As(err, &refused) || refused.Code != http.StatusForbidden {
		t.Errorf("an object that is retained can be deleted: %v", err)
	}
}

func exportIsCanceled(t *testing.T, b begun) {
	t.Helper()
	early := slices.Clone(b.delivered)
	b.Do(t, "auditor", http.MethodPost, "/v1/exports/"+string(b.ID())+"/cancel", nil).Want(t, http.StatusOK)
	before := b.names(t)
	b.wire.follow(nil)
	late := early
	for m, found := b.take(b.r); found; m, found = b.take(b.r) {
		late = append(late, m)
	}
	for _, m := range late {
		if failed := b.deliverTogether(t, []event.Message{m}); failed {
			t.Errorf("the late part %s is not acknowledged", m.ID)
		}
	}
	if sent := b.wire.requests(); len(sent) > 0 {
		t.Errorf("late parts of a canceled export send %v", sent)
	}
	if diff := cmp.Diff(before, b.names(t)); diff != "" {
		t.Errorf("late parts of a canceled export change the objects: %s", diff)
	}
	if e := b.exported(t, b.ID()); e.State != export.Canceled || len(e.Digest) > 0 {
		t.Errorf("the export is %+v", e)
	}
	b.Do(t, "auditor", http.MethodGet, "/v1/exports/"+string(b.ID())+"/files", nil).Want(t, http.StatusConflict)
}
