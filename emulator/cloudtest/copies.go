package cloudtest

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Copier makes copies of everything that a tenant has of one run: the run, and each
// document that names it. The copies have IDs of their own, which name each other as those
// of the originals do. Sealed texts are bound to their document, so those of copies cannot
// be opened.
type Copier struct {
	cloud    *Cloud
	database string
	original map[string]map[string]*firestorepb.Value // by name
	ids      []string
	made     int
}

// NewCopier returns a copier for a run.
func NewCopier(t testing.TB, tn *Tenant, run string) *Copier {
	t.Helper()
	c := &Copier{cloud: tn.Cloud, original: map[string]map[string]*firestorepb.Value{}, ids: []string{run}}
	tn.Cloud.Firestore.Walk(func(database, name string, fields map[string]*firestorepb.Value) bool {
		if strings.HasPrefix(name, "tenants/"+string(tn.ID)+"/") && (strings.Contains(name, run) || slices.ContainsFunc(slices.Collect(maps.Values(fields)), names(run))) {
			c.database, c.original[name] = database, fields
			if id := name[strings.LastIndex(name, "/")+1:]; len(id) > copyIDLength && !strings.Contains(id, run) {
				c.ids = append(c.ids, id)
			}
		}
		return true
	})
	if len(c.original) == 0 {
		t.Fatalf("no document names run %s", run)
	}
	return c
}

// names returns whether a value has the text, at any depth.
func names(text string) func(*firestorepb.Value) bool {
	return func(v *firestorepb.Value) bool { return strings.Contains(v.String(), text) }
}

// Documents is how many documents one copy has.
func (c *Copier) Documents() int { return len(c.original) }

// Load adds copies to the database of the embedded Firestore, without its clients. The times
// of each copy are by step earlier than those of the copy before.
func (c *Copier) Load(t testing.TB, copies int, step time.Duration) {
	t.Helper()
	if err := c.cloud.Firestore.Load(c.database, c.copies(copies, step)); err != nil {
		t.Fatal(err)
	}
}

func (c *Copier) copies(n int, step time.Duration) iter.Seq2[string, map[string]*firestorepb.Value] {
	return func(yield func(string, map[string]*firestorepb.Value) bool) {
		for range n {
			c.made++
			renamed := c.renamed()
			for name, fields := range c.original {
				document := map[string]*firestorepb.Value{}
				for field, value := range fields {
					v := proto.CloneOf(value)
					change(v, renamed, time.Duration(c.made)*step)
					document[field] = v
				}
				if !yield(renamed.Replace(name), document) {
					return
				}
			}
		}
	}
}

// copyIDLength is how many characters at the end of an ID differ between copies.
const copyIDLength = 8

// renamed replaces the IDs of the originals by those of the newest copy. They are made of
// characters that are allowed in all of them: run IDs are hexadecimal, and those of issues
// have no 0, 1, 8 and 9.
func (c *Copier) renamed() *strings.Replacer {
	const digits = "234567abcdef"
	code := make([]byte, copyIDLength)
	for i, n := copyIDLength-1, c.made; i >= 0; i, n = i-1, n/len(digits) {
		code[i] = digits[n%len(digits)]
	}
	var pairs []string
	for _, id := range c.ids {
		pairs = append(pairs, id, id[:len(id)-copyIDLength]+string(code))
	}
	return strings.NewReplacer(pairs...)
}

// change renames what a value names, and moves its times.
func change(v *firestorepb.Value, renamed *strings.Replacer, earlier time.Duration) {
	switch kind := v.GetValueType().(type) {
	case *firestorepb.Value_StringValue:
		kind.StringValue = renamed.Replace(kind.StringValue)
	case *firestorepb.Value_TimestampValue:
		if at := kind.TimestampValue.AsTime(); at.Year() > 1 { // not the zero time
			kind.TimestampValue = timestamppb.New(at.Add(-earlier))
		}
	case *firestorepb.Value_ArrayValue:
		for _, element := range kind.ArrayValue.GetValues() {
			change(element, renamed, earlier)
		}
	case *firestorepb.Value_MapValue:
		for _, field := range kind.MapValue.GetFields() {
			change(field, renamed, earlier)
		}
	}
}
