package configgraph_test

import (
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

func TestTheGraphIsThatOfTheCommitInEffect(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	for _, step := range []struct {
		commit string
		slxs   int
	}{{"c1", 120}, {"c2", 3}, {"c3", 0}, {"c4", 60}} {
		elements := elementsOf(step.commit, step.slxs)
		f.putInEffect(t, step.commit, elements)
		for range 2 { // a message may come twice
			if err := f.updater.Handle(t.Context(), f.message()); err != nil {
				t.Fatal(err)
			}
			f.wantGraph(t, step.commit, elements)
		}
	}
	docs, err := records.Workspace(f.db, f.ID, f.Workspace).Collection(records.ConfigPagesCollection).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, doc := range docs {
		var page records.ConfigPage
		if err := doc.DataTo(&page); err != nil {
			t.Fatal(err)
		}
		if page.Expires.IsZero() {
			kept++
		}
	}
	if kept != 2 {
		t.Errorf("%d of %d pages never expire, want those of the last commit: 2", kept, len(docs))
	}
}

func TestMessagesThatNameNothingAreRejected(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	for name, row := range map[string]struct{ attribute, value, code string }{
		"another kind":               {"kind", "run.ended", "unknown-kind"},
		"an invalid tenant":          {"tenant", "A", "bad-reference"},
		"an invalid workspace":       {"workspace", "../x", "bad-reference"},
		"an unknown tenant":          {"tenant", "no-such-tenant", "no-such-tenant"},
		"an unknown workspace":       {"workspace", "other", "no-such-config"},
		"a workspace without a push": {"entry", "e", "no-such-config"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := f.message()
			m.ID, m.Attributes[row.attribute] = name, row.value
			if err := f.updater.Handle(t.Context(), m); event.Code(err) != row.code {
				t.Errorf("got %v, want the code %s", err, row.code)
			}
		})
	}
}

func TestADisabledKeyDelaysTheGraph(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	elements := elementsOf("c1", 3)
	f.putInEffect(t, "c1", elements)
	c.SetKeyState(t, f.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	if err := f.updater.Handle(t.Context(), f.message()); err == nil || event.IsPermanent(err) {
		t.Errorf("with a disabled key: %v, want a transient error", err)
	}
	c.SetKeyState(t, f.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	if err := f.updater.Handle(t.Context(), f.message()); err != nil {
		t.Fatal(err)
	}
	f.wantGraph(t, "c1", elements)
}

func TestAPushMakesTheGraph(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.PushConfig(t, f.Workspace, cloudtest.SLX("Web"))
	names := func() (names []string) {
		doc, err := records.ConfigGraphRef(f.db, f.ID, f.Workspace).Get(t.Context())
		if err != nil || !doc.Exists() || doc.Data()["commit"] != f.MainOf(t, f.Workspace) {
			return nil
		}
		for _, page := range f.graph(t).Pages {
			for _, x := range page {
				names = append(names, x.Name+" "+x.Alias)
			}
		}
		return names
	}
	cloudtest.Eventually(t, "the SLX is in the graph", func() bool { n := names(); return len(n) == 1 && n[0] == "api Web" })
	f.PushConfig(t, f.Workspace, cloudtest.SLX("Shop"))
	cloudtest.Eventually(t, "the SLX is replaced", func() bool { n := names(); return len(n) == 1 && n[0] == "api Shop" })
	for _, ref := range records.ConfigElementsRefs(f.db, f.ID, f.Workspace, f.MainOf(t, f.Workspace), 1) {
		var stored records.ConfigElements
		read(t, ref, &stored)
		if elements, err := records.OpenConfig[[]slx.Element](t.Context(), f.keys.Open, ref, stored.Elements); err != nil || !stored.Expires.IsZero() || len(elements) != 1 {
			t.Errorf("the elements in effect: %d, %v; they expire at %v", len(elements), err, stored.Expires)
		}
	}
}
