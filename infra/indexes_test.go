package infra_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/firestore/apiv1/firestorepb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/firestore"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// indexTable is indexes.json.
type indexTable struct {
	Indexes     []composite
	GroupFields []groupField        // indexed over all collections with an ID
	Unindexed   map[string][]string // by collection
}

type composite struct {
	Collection string
	Group      bool
	Fields     []string // "-" before a field in descending order
	For        string   // which query needs it
	Kept       string   // the reason to keep it, if no query needs it
}

type groupField struct{ Collection, Field, For string }

// TestAfterEveryOperation makes every function run every query, and moves all sealed values to
// new data keys. Then it looks at what is left. It does so for tenants in the platform's
// database, and for tenants with their own.
func TestAfterEveryOperation(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]suite.Options{"in the platform's database": {}, "in the tenant's own database": {OwnDatabases: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			afterEveryOperation(t, cloudtest.New(t, options))
		})
	}
}

func afterEveryOperation(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	if c.Firestore == nil {
		t.Skip("skipped: Google's Firestore emulator neither says which indexes a query needs nor lists all documents")
	}
	callAll(t, c)
	resealAll(t, c)
	t.Run("Firestore has the indexes that queries need", func(t *testing.T) { wantIndexes(t, c) })
	t.Run("nothing stays under an old data key", func(t *testing.T) { wantNewDataKeys(t, c) })
}

// wantIndexes compares the indexes that the queries needed to indexes.json.
func wantIndexes(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	declared := readIndexes(t)
	declared.wantAnswers(t, c.Firestore.Indexes())
	c.Firestore.Walk(func(_, path string, fields map[string]*firestorepb.Value) bool {
		parts := strings.Split(path, "/")
		declared.wantExempt(t, parts[len(parts)-2], fields)
		return true
	})
}

// wantAnswers fails the test if a query has no index, or an index has no query.
func (d indexTable) wantAnswers(t *testing.T, needs []firestore.Index) {
	t.Helper()
	for _, need := range needs {
		if !d.answers(need) {
			t.Errorf("indexes.json has no index for %s", sentence(need))
		}
	}
	for i, ix := range d.Indexes {
		less := d
		less.Indexes = slices.Delete(slices.Clone(d.Indexes), i, i+1)
		if spare := less.answersAll(needs); spare != (ix.Kept != "") {
			t.Errorf("%s %v: no query needs it: %t; the reason to keep it: %q", ix.Collection, ix.Fields, spare, ix.Kept)
		}
	}
	for i, f := range d.GroupFields {
		less := d
		less.GroupFields = slices.Delete(slices.Clone(d.GroupFields), i, i+1)
		if less.answersAll(needs) {
			t.Errorf("no query needs the index on %s of the collection group %s", f.Field, f.Collection)
		}
	}
}

// wantExempt fails the test if a document has an indexed field with bytes or an array.
func (d indexTable) wantExempt(t *testing.T, collection string, fields map[string]*firestorepb.Value) {
	t.Helper()
	for _, field := range bulky("", fields) {
		if !d.exempts(collection, field) {
			t.Errorf("%s of %s is indexed, which costs writes and helps no query: add it to unindexed", field, collection)
			d.Unindexed[collection] = append(d.Unindexed[collection], field) // report it once
		}
	}
}

func (d indexTable) answersAll(needs []firestore.Index) bool {
	return !slices.ContainsFunc(needs, func(n firestore.Index) bool { return !d.answers(n) })
}

// answers reports whether Firestore can run the query: with one index, or by merging
// indexes that start with equality filters and end in the query's order
// (cloud.google.com/firestore/docs/query-data/index-overview#taking_advantage_of_index_merging).
func (d indexTable) answers(need firestore.Index) bool {
	if len(need.Contains) > 0 { // Firestore has an array-contains index of each field that is not exempt; indexes.json has no composite one
		return len(need.Contains) == 1 && len(need.Equal)+len(need.Order) == 0 && !need.Group && d.hasField(need, need.Contains[0])
	}
	left, found := slices.Clone(need.Equal), false
	take := func(fields ...string) {
		found = true
		left = slices.DeleteFunc(left, func(f string) bool { return slices.Contains(fields, f) })
	}
	for _, ix := range d.Indexes {
		first := len(ix.Fields) - len(need.Order)
		if ix.Collection != need.Collection || ix.Group != need.Group || first < 0 || !sameOrder(ix.Fields[first:], need.Order) {
			continue
		}
		if equal := plain(ix.Fields[:first]); !slices.ContainsFunc(equal, func(f string) bool { return !slices.Contains(need.Equal, f) }) {
			take(equal...)
		}
	}
	for _, f := range slices.Concat(need.Equal, plain(need.Order)) {
		if len(need.Order) == 0 || len(need.Order)+len(need.Equal) == 1 {
			if d.hasField(need, f) {
				take(f)
			}
		}
	}
	return found && len(left) == 0
}

// hasField reports whether a field has a single-field index.
func (d indexTable) hasField(need firestore.Index, field string) bool {
	inGroup := slices.ContainsFunc(d.GroupFields, func(g groupField) bool { return g.Collection == need.Collection && g.Field == field })
	if need.Group {
		return inGroup
	}
	return !inGroup && !d.exempts(need.Collection, field)
}

// exempts reports whether a field, or a map that contains it, is not indexed.
func (d indexTable) exempts(collection, field string) bool {
	return slices.ContainsFunc(d.Unindexed[collection], func(f string) bool { return field == f || strings.HasPrefix(field, f+".") })
}

// sameOrder compares orders. Firestore can read an index in both directions.
func sameOrder(a, b []string) bool { return slices.Equal(forward(a), forward(b)) }

func forward(fields []string) []string {
	if len(fields) == 0 || !strings.HasPrefix(fields[len(fields)-1], "-") {
		return fields
	}
	var reversed []string
	for _, f := range fields {
		name, descends := strings.CutPrefix(f, "-")
		if !descends {
			name = "-" + f
		}
		reversed = append(reversed, name)
	}
	return reversed
}

func plain(fields []string) []string {
	var names []string
	for _, f := range fields {
		names = append(names, strings.TrimPrefix(f, "-"))
	}
	return names
}

// bulky returns the fields with bytes or arrays. Queries do not use bytes, and an
// array has one index entry for each element.
func bulky(prefix string, fields map[string]*firestorepb.Value) (found []string) {
	for name, value := range fields {
		switch value.GetValueType().(type) {
		case *firestorepb.Value_BytesValue, *firestorepb.Value_ArrayValue:
			found = append(found, prefix+name)
		case *firestorepb.Value_MapValue:
			found = append(found, bulky(prefix+name+".", value.GetMapValue().GetFields())...)
		}
	}
	return found
}

func sentence(ix firestore.Index) string {
	scope := "collection"
	if ix.Group {
		scope = "group"
	}
	return fmt.Sprintf("a query of the %s %s with %q equal, %q containing, ordered by %q", scope, ix.Collection, ix.Equal, ix.Contains, ix.Order)
}

func readIndexes(t *testing.T) indexTable {
	t.Helper()
	text, err := os.ReadFile("indexes.json")
	if err != nil {
		t.Fatal(err)
	}
	var d indexTable
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestIndexesAreWellFormed checks the table against the limits of Terraform and
// Firestore.
func TestIndexesAreWellFormed(t *testing.T) {
	t.Parallel()
	d := readIndexes(t)
	seen := map[string]bool{}
	for _, ix := range d.Indexes {
		key := fmt.Sprint(ix.Collection, ix.Group, ix.Fields)
		if seen[key] || len(ix.Fields) < 2 || ix.For == "" {
			t.Errorf("%+v: list each index once, with at least two fields and the query that needs it", ix)
		}
		seen[key] = true
	}
	fields := map[string]bool{}
	for _, f := range d.GroupFields {
		fields[f.Collection+" "+f.Field] = true
	}
	for _, collection := range slices.Sorted(maps.Keys(d.Unindexed)) {
		for _, field := range d.Unindexed[collection] {
			if fields[collection+" "+field] {
				t.Errorf("%s of %s is listed twice: Terraform has one resource for each field", field, collection)
			}
			fields[collection+" "+field] = true
		}
	}
	if len(d.Indexes) > 200 || len(fields) > 200 { // firebase.google.com/docs/firestore/quotas#indexes
		t.Errorf("%d indexes and %d field settings; a database can have 200 of each", len(d.Indexes), len(fields))
	}
}
