package firestore_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/genproto/googleapis/type/latlng"
)

var valueTests = []conformanceTest{
	{"values sort by type, then by value", sortedValues},
	{"equal numbers match whatever their type", equalValues},
}

// ascending has values in Firestore's order.
func ascending(c *firestore.Client) []any {
	return []any{
		nil, false, true,
		math.NaN(), math.Inf(-1), int64(math.MinInt64), -1.5, -1, 0, 0.5, 1, int64(1 << 53), int64(1<<53 + 1), 9007199254740994.0,
		int64(math.MaxInt64), 9223372036854775808.0, math.Inf(1),
		time.Unix(-5, 0), time.Unix(1, 0), time.Unix(1, 1000),
		"", "a", "a\x00b", "aa", "b", "é", "\uffff", "😀",
		[]byte{}, []byte{0}, []byte{0, 0}, []byte{1}, []byte{255},
		c.Doc("a/b"), c.Doc("a/b/c/d"), c.Doc("a/c"), c.Doc("b/a"),
		&latlng.LatLng{Latitude: -1, Longitude: 5}, &latlng.LatLng{Latitude: 1, Longitude: -5}, &latlng.LatLng{Latitude: 1, Longitude: 5},
		[]any{}, []any{nil}, []any{1}, []any{1, 2}, []any{2}, []any{"a"},
		firestore.Vector64{2}, firestore.Vector64{1, 1}, firestore.Vector64{1, 2},
		map[string]any{}, map[string]any{"a": 1}, map[string]any{"a": 1, "b": 1}, map[string]any{"a": 2}, map[string]any{"b": 0},
	}
}

func sortedValues(t *testing.T, c *firestore.Client) {
	var want []string
	documents := map[string]map[string]any{}
	values := ascending(c)
	for i, v := range values {
		id := fmt.Sprint(len(values) * 7919 * (i + 3) % 1009) // in no order
		documents["v/"+id] = map[string]any{"v": v}
		want = append(want, id)
	}
	put(t, c, documents)
	if got := ids(t, c.Collection("v").OrderBy("v", firestore.Asc)); got != strings.Join(want, " ") {
		t.Errorf("got  %s\nwant %s", got, strings.Join(want, " "))
	}
}

func equalValues(t *testing.T, c *firestore.Client) {
	put(t, c, map[string]map[string]any{
		"v/int": {"v": 0}, "v/double": {"v": 0.0}, "v/negative": {"v": math.Copysign(0, -1)}, "v/nan": {"v": math.NaN()},
		"v/one": {"v": 1}, "v/list": {"v": []any{1, 2.0}}, "v/map": {"v": map[string]any{"a": 1}},
	})
	v := c.Collection("v")
	for _, row := range []struct {
		name  string
		query firestore.Query
		want  string
	}{
		{"zero", v.Where("v", "==", 0), "double int negative"},
		{"one as a double", v.Where("v", "==", 1.0), "one"},
		{"NaN", v.Where("v", "==", math.NaN()), "nan"},
		{"not NaN", v.Where("v", "!=", math.NaN()), "double int negative one list map"},
		{"less, without NaN", v.Where("v", "<", 1), "double int negative"},
		{"a list", v.Where("v", "==", []any{1.0, 2}), "list"},
		{"a map", v.Where("v", "==", map[string]any{"a": 1.0}), "map"},
	} {
		if got := ids(t, row.query); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}
