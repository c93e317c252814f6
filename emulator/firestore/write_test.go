package firestore_test

import (
	"context"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/type/latlng"
	"google.golang.org/grpc/codes"
)

var writeTests = []conformanceTest{
	{"a document that is set can be read", setAndGet},
	{"preconditions decide", preconditions},
	{"an update changes what its paths name", updatePaths},
	{"a merge keeps other fields", mergeFields},
	{"a write that changes nothing keeps the update time", unchanged},
	{"a batch is all or nothing", atomicBatch},
	{"times have microsecond precision", microseconds},
}

func setAndGet(t *testing.T, c *firestore.Client) {
	doc := c.Doc("a/b")
	want := map[string]any{
		"s": "x", "n": int64(7), "d": 1.5, "yes": true, "nil": nil, "bytes": []byte{0, 1},
		"list": []any{int64(1), "two", nil}, "map": map[string]any{"in": true, "empty": map[string]any{}},
		"where": &latlng.LatLng{Latitude: 1, Longitude: 2}, "when": time.UnixMicro(1_700_000_000_000_001).UTC(),
		"vector": firestore.Vector64{1, 2}, "with `tick.s": "y", "emptyList": []any{},
	}
	if _, err := doc.Set(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, get(t, doc), cmp.Comparer(func(a, b *latlng.LatLng) bool { return a.String() == b.String() })); diff != "" {
		t.Error(diff)
	}
}

func preconditions(t *testing.T, c *firestore.Client) {
	ctx, doc := t.Context(), c.Doc("a/b")
	x := map[string]any{"x": 1}
	update := []firestore.Update{{Path: "x", Value: 2}}

	_, err := doc.Update(ctx, update)
	wantCode(t, "update of an absent document", err, codes.NotFound)
	_, err = doc.Delete(ctx, firestore.Exists)
	wantCode(t, "delete of an absent document that must exist", err, codes.NotFound)
	_, err = doc.Delete(ctx)
	wantCode(t, "delete of an absent document", err, codes.OK)
	first, err := doc.Create(ctx, x)
	wantCode(t, "create", err, codes.OK)
	_, err = doc.Create(ctx, x)
	wantCode(t, "create again", err, codes.AlreadyExists)
	_, err = doc.Update(ctx, update, firestore.LastUpdateTime(first.UpdateTime))
	wantCode(t, "update of the version that is there", err, codes.OK)
	_, err = doc.Update(ctx, update, firestore.LastUpdateTime(first.UpdateTime))
	wantCode(t, "update of an older version", err, codes.FailedPrecondition)
	_, err = doc.Delete(ctx, firestore.LastUpdateTime(first.UpdateTime))
	wantCode(t, "delete of an older version", err, codes.FailedPrecondition)
	_, err = c.Doc("a/absent").Update(ctx, update, firestore.LastUpdateTime(first.UpdateTime))
	wantCode(t, "update of an absent version", err, codes.FailedPrecondition)
	_, err = doc.Delete(ctx, firestore.Exists)
	wantCode(t, "delete", err, codes.OK)
}

func updatePaths(t *testing.T, c *firestore.Client) {
	doc := c.Doc("a/b")
	put(t, c, map[string]map[string]any{"a/b": {
		"keep": "k", "gone": 1, "flat": 1, "m": map[string]any{"x": int64(1), "y": int64(2), "z.z": int64(3)},
	}})
	_, err := doc.Update(t.Context(), []firestore.Update{
		{Path: "m.x", Value: 10},
		{Path: "m.y", Value: firestore.Delete},
		{FieldPath: []string{"m", "z.z"}, Value: 30},
		{Path: "gone", Value: firestore.Delete},
		{Path: "never.there", Value: firestore.Delete},
		{Path: "flat.deep.er", Value: "new"},
		{FieldPath: []string{"odd `\\ name"}, Value: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"keep": "k", "m": map[string]any{"x": int64(10), "z.z": int64(30)},
		"flat":         map[string]any{"deep": map[string]any{"er": "new"}},
		"odd `\\ name": true,
	}
	if diff := cmp.Diff(want, get(t, doc)); diff != "" {
		t.Error(diff)
	}
}

func mergeFields(t *testing.T, c *firestore.Client) {
	doc := c.Doc("a/b")
	for _, data := range []map[string]any{
		{"x": 1, "m": map[string]any{"a": 1}},
		{"y": 2, "m": map[string]any{"b": 2}},
	} {
		if _, err := doc.Set(t.Context(), data, firestore.MergeAll); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]any{"x": int64(1), "y": int64(2), "m": map[string]any{"a": int64(1), "b": int64(2)}}
	if diff := cmp.Diff(want, get(t, doc)); diff != "" {
		t.Error(diff)
	}
}

func unchanged(t *testing.T, c *firestore.Client) {
	doc := c.Doc("a/b")
	var times []time.Time
	for _, x := range []int{1, 1, 2} {
		r, err := doc.Set(t.Context(), map[string]any{"x": x})
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, r.UpdateTime)
	}
	if !times[0].Equal(times[1]) {
		t.Errorf("writing the same again moved the update time from %v to %v", times[0], times[1])
	}
	if !times[2].After(times[1]) {
		t.Errorf("a change did not move the update time")
	}
	snap, err := doc.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !snap.CreateTime.Equal(times[0]) || !snap.UpdateTime.Equal(times[2]) || snap.ReadTime.Before(times[2]) {
		t.Errorf("created %v, updated %v, read %v; the writes were at %v", snap.CreateTime, snap.UpdateTime, snap.ReadTime, times)
	}
}

func atomicBatch(t *testing.T, c *firestore.Client) {
	put(t, c, map[string]map[string]any{"a/taken": {"x": 1}})
	err := c.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		if err := tx.Set(c.Doc("a/new"), map[string]any{"x": 1}); err != nil {
			return err
		}
		return tx.Create(c.Doc("a/taken"), map[string]any{"x": 2})
	})
	wantCode(t, "a batch with a create that fails", err, codes.AlreadyExists)
	if got := ids(t, c.Collection("a").Query); got != "taken" {
		t.Errorf("found %q", got)
	}
}

func microseconds(t *testing.T, c *firestore.Client) {
	doc := c.Doc("a/b")
	if _, err := doc.Set(t.Context(), map[string]any{"t": time.Unix(1, 123_456_789), "in": []any{time.Unix(-1, 999)}}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"t": time.Unix(1, 123_456_000).UTC(), "in": []any{time.Unix(-1, 0).UTC()}}
	if diff := cmp.Diff(want, get(t, doc)); diff != "" {
		t.Error(diff)
	}
}
