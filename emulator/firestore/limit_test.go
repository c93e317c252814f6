package firestore_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
)

var limitTests = []conformanceTest{
	{"IDs that Firestore rejects", rejectedIDs},
	{"documents that Firestore rejects", rejectedDocuments},
}

func rejectedIDs(t *testing.T, c *firestore.Client) {
	for name, row := range map[string]struct {
		id   string
		want codes.Code
	}{
		"one dot":                 {".", codes.InvalidArgument},
		"two dots":                {"..", codes.InvalidArgument},
		"reserved":                {"__x__", codes.InvalidArgument},
		"only begins as reserved": {"__x", codes.OK},
		"1,500 bytes":             {strings.Repeat("x", 1500), codes.OK},
		"1,501 bytes":             {strings.Repeat("x", 1501), codes.InvalidArgument},
		"spaces and signs":        {" a?#*`'\"\\", codes.OK},
		"other scripts":           {"日本語", codes.OK},
	} {
		_, err := c.Collection("a").Doc(row.id).Set(t.Context(), map[string]any{"x": 1})
		wantCode(t, "a document id, "+name, err, row.want)
	}
	_, err := c.Collection("__c__").Doc("a").Set(t.Context(), map[string]any{"x": 1})
	wantCode(t, "a reserved collection id", err, codes.InvalidArgument)
}

func rejectedDocuments(t *testing.T, c *firestore.Client) {
	for name, row := range map[string]struct {
		data map[string]any
		want codes.Code
	}{
		"nearly 1 MiB":              {map[string]any{"x": strings.Repeat("x", 1<<20-100)}, codes.OK},
		"1 MiB":                     {map[string]any{"x": strings.Repeat("x", 1<<20)}, codes.InvalidArgument},
		"reserved field":            {map[string]any{"__x__": 1}, codes.InvalidArgument},
		"reserved field within":     {map[string]any{"m": map[string]any{"__x__": 1}}, codes.InvalidArgument},
		"field of 1,501 bytes":      {map[string]any{strings.Repeat("x", 1501): 1}, codes.InvalidArgument},
		"empty field":               {map[string]any{"": 1}, codes.InvalidArgument},
		"20 maps in each other":     {nested(20), codes.OK},
		"21 maps in each other":     {nested(21), codes.InvalidArgument},
		"an array in an array":      {map[string]any{"a": []any{[]any{1}}}, codes.InvalidArgument},
		"an array, map and array":   {map[string]any{"a": []any{map[string]any{"b": []any{1}}}}, codes.OK},
		"a reference within itself": {map[string]any{"r": c.Doc("a/b")}, codes.OK},
	} {
		_, err := c.Collection("a").NewDoc().Set(t.Context(), row.data)
		wantCode(t, "a document with "+name, err, row.want)
	}
}

// nested returns a document with n nested maps.
func nested(n int) map[string]any {
	data := map[string]any{"x": 1}
	for range n {
		data = map[string]any{"m": data}
	}
	return data
}
