package records_test

import (
	"context"
	"errors"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/records"
)

func TestTextIsSealedForItsDocument(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	seal := func(_ context.Context, value, aad []byte) ([]byte, error) { return append(aad, value...), nil }
	open := func(_ context.Context, sealed, aad []byte) ([]byte, error) {
		if len(sealed) < len(aad) || string(sealed[:len(aad)]) != string(aad) {
			return nil, errors.New("sealed for another")
		}
		return sealed[len(aad):], nil
	}
	ref := &firestore.DocumentRef{Path: "projects/p/databases/(default)/documents/tenants/a/issues/b"}
	want := records.IssueText{Title: "disk", Line: []byte(`{"title":"disk"}`)}
	sealed, err := records.SealIssueText(ctx, seal, ref, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := records.OpenIssueText(ctx, open, ref, sealed)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
	ref.Path += "c"
	if _, err := records.OpenIssueText(ctx, open, ref, sealed); err == nil {
		t.Error("it opened in another document")
	}
}
