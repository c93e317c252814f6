package demo_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

// undeclared are the kinds of locations that no Go type describes: tests of infra
// compare buckets with Terraform.
var undeclared = []dataclass.Place{dataclass.OutputsBucket, dataclass.ConfigsBucket, dataclass.AuditBucket, dataclass.CodeBucket}

// TestTheDataMapHasEveryLocationThatTheCodeDeclares compares the data map with the types
// that all functions store, publish, export and send to a model.
func TestTheDataMapHasEveryLocationThatTheCodeDeclares(t *testing.T) {
	t.Parallel()
	want := map[string][]dataclass.Class{}
	for _, d := range dataclass.Declarations() {
		where := string(d.Place) + " " + d.Path
		for _, f := range dataclass.Fields(d.Type, d.Encoder) {
			want[where] = append(want[where], f.Class)
		}
		slices.Sort(want[where])
		want[where] = slices.Compact(want[where])
	}
	got := map[string][]dataclass.Class{}
	for _, l := range dataclass.Locations() {
		where := string(l.Place) + " " + l.Name
		if _, twice := got[where]; twice {
			t.Errorf("%s is twice in the data map", where)
		}
		if _, known := want[where]; known || !isUndeclared(l) {
			got[where] = l.Classes
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("declared (-) and Locations in shared/dataclass/location.go (+) differ:\n%s", diff)
	}
}

// isUndeclared reports whether a location is one that no type declares.
func isUndeclared(l dataclass.Location) bool {
	return slices.Contains(undeclared, l.Place) || l.Name == "tenant/exports" || l.Name == "storage/exports" || l.Name == objectEvents
}

// TestTheDataMapShowsHowEachClassIsStored checks that every class of a location may be
// there.
func TestTheDataMapShowsHowEachClassIsStored(t *testing.T) {
	t.Parallel()
	for _, l := range dataclass.Locations() {
		for _, class := range l.Classes {
			if class.In(l.Place) == dataclass.Forbidden {
				t.Errorf("%s: %s may not be in a %s", l.Name, class, l.Place)
			}
		}
		if l.What == "" || len(l.Classes) == 0 {
			t.Errorf("%s: say what is there", l.Name)
		}
	}
}
