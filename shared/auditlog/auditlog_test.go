package auditlog_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// TestCanonicalIsRFC8785 has names in the order of their UTF-16 code units, no
// spaces, the shortest numbers, and no escapes but those that must be.
func TestCanonicalIsRFC8785(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entry auditlog.Entry
		want  string
	}{
		"the least": {auditlog.Entry{}, `{"action":"","actor":{"subject":""},"id":"","outcome":"","tenant":"","time":"0001-01-01T00:00:00Z"}`},
		"the most": {
			auditlog.Entry{
				ID: "0198c2b4", Time: time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC), Tenant: "acme",
				Actor:  auditlog.Actor{Issuer: "https://issuer.example/<&>", Subject: "é\u2028\u0007\"\\", Role: "viewer"},
				Action: auditlog.EndReadOutput, Outcome: auditlog.Done, Reason: "role", Workspace: "prod", Resource: "runs/1/outputs/a",
				Objects: []string{"b/00002", "a/00001"}, Counts: map[string]int64{"size": 0, "bytes": 9_007_199_254_740_991}, Of: "0198",
			},
			`{"action":"outputs.read.end","actor":{"issuer":"https://issuer.example/<&>","role":"viewer","subject":"é` + "\u2028" + `\u0007\"\\"},` +
				`"counts":{"bytes":9007199254740991,"size":0},"id":"0198c2b4","objects":["b/00002","a/00001"],"of":"0198","outcome":"done",` +
				`"reason":"role","resource":"runs/1/outputs/a","tenant":"acme","time":"2026-01-02T03:04:05.000678Z","workspace":"prod"}`,
		},
	} {
		got, err := c.entry.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func openLog(t *testing.T, c *cloudtest.Cloud) (*auditlog.Log, *auditlog.Reader, *firestore.Client) {
	t.Helper()
	config := auditlog.Config{
		AuditKeyName: "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit",
	}
	log, errLog := auditlog.Open(t.Context(), config, c.Operator, c.Clock.Now)
	reader, errReader := auditlog.OpenReader(t.Context(), config, c.Operator, c.Clock.Now)
	db, errDB := c.Operator.Default(t.Context())
	if err := errors.Join(errLog, errReader, errDB); err != nil {
		t.Fatal(err)
	}
	return log, reader, db
}

func subjects(t *testing.T, log *auditlog.Reader, db *firestore.Client, id tenant.ID) []string {
	t.Helper()
	all := []string{}
	for e, err := range log.Entries(t.Context(), db, id) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Actor.Subject)
	}
	return all
}

func TestEntriesAreAllThatWasWrittenInOrder(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	log, reader, db := openLog(t, c)
	a, b := c.Tenant(t), c.Tenant(t)
	want := []string{}
	for i := range 30 {
		e := auditlog.Entry{Tenant: a.ID, Actor: auditlog.Actor{Subject: fmt.Sprint(i)}, Action: auditlog.StartRun}
		want = append(want, fmt.Sprint(i))
		if i%2 == 0 {
			if _, err := log.Append(t.Context(), db, e); err != nil {
				t.Fatal(err)
			}
			continue
		}
		p, err := log.Prepare(t.Context(), db, e)
		if err != nil {
			t.Fatal(err)
		}
		write := func(tx *firestore.Transaction) error { return p.Write(tx) }
		for range 2 { // again, as after a lost reply
			if err := transact(t, db, write); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(want, subjects(t, reader, db, a.ID)); diff != "" {
		t.Error(diff)
	}
	if got := subjects(t, reader, db, b.ID); len(got) > 0 {
		t.Errorf("another tenant's log has %v", got)
	}
}

func TestEntryOpensOnlyWhereItWasWritten(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	log, reader, db := openLog(t, c)
	a, b := c.Tenant(t), c.Tenant(t)
	id, err := log.Append(t.Context(), db, auditlog.Entry{Tenant: a.ID})
	if err != nil {
		t.Fatal(err)
	}
	at := func(id tenant.ID) *firestore.CollectionRef {
		return db.Collection("tenants").Doc(string(id)).Collection("audit")
	}
	doc, err := at(a.ID).Doc(id).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := at(b.ID).Doc(id).Set(t.Context(), doc.Data()); err != nil {
		t.Fatal(err)
	}
	for e, err := range reader.Entries(t.Context(), db, b.ID) {
		if err == nil {
			t.Errorf("a planted entry is read: %+v", e)
		}
	}
}

func transact(t *testing.T, db *firestore.Client, do func(*firestore.Transaction) error) error {
	t.Helper()
	return db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error { return do(tx) })
}
