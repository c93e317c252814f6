package auditlog_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// withReceipt returns a context and where it puts the receipt.
func withReceipt(t *testing.T) (context.Context, *string) {
	t.Helper()
	var receipt string
	return auditlog.WithReceipt(t.Context(), func(id string) { receipt += id }), &receipt
}

func TestConcurrentProcessesRecordAnHourOnce(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	_, reader, db := openLog(t, c)
	alice := auditlog.Entry{Tenant: tn.ID, Actor: auditlog.Actor{Subject: "alice"}, Action: auditlog.ReadAuditLog}
	record := func() map[string]bool {
		var all sync.WaitGroup
		receipts := make([]string, 8)
		for i := range receipts {
			log, _, _ := openLog(t, c) // a process of its own
			all.Go(func() {
				for range 3 {
					ctx := auditlog.WithReceipt(t.Context(), func(id string) { receipts[i] = id })
					if err := log.AppendHourly(ctx, db, alice); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		distinct := map[string]bool{}
		for _, id := range receipts {
			distinct[id] = true
		}
		return distinct
	}
	first := record()
	c.Clock.Advance(time.Hour)
	second := record()
	if len(first) != 1 || len(second) != 1 || cmp.Equal(first, second) {
		t.Errorf("receipts %v and %v, want one in each hour", first, second)
	}
	if got := subjects(t, reader, db, tn.ID); len(got) != 2 {
		t.Errorf("the log has %v, want two entries", got)
	}
	for id := range first {
		parsed, err := uuid.Parse(id)
		if err != nil || parsed.Version() != 7 || parsed.Variant() != uuid.RFC4122 {
			t.Errorf("%s is no UUIDv7: %v", id, err)
		}
		if seconds, _ := parsed.Time().UnixTime(); seconds%3600 != 0 {
			t.Errorf("the time of %s is not the beginning of an hour", id)
		}
	}
}

func TestEachReaderAndActionIsRecordedApart(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	log, reader, db := openLog(t, c)
	a, b := c.Tenant(t), c.Tenant(t)
	entry := func(change func(*auditlog.Entry)) auditlog.Entry {
		e := auditlog.Entry{Tenant: a.ID, Actor: auditlog.Actor{Issuer: "i", Subject: "s", Role: "auditor"}, Action: auditlog.ReadAuditLog}
		change(&e)
		return e
	}
	ids := map[string]bool{}
	for _, e := range []auditlog.Entry{
		entry(func(*auditlog.Entry) {}),
		entry(func(e *auditlog.Entry) { e.Actor.Issuer = "j" }),
		entry(func(e *auditlog.Entry) { e.Actor.Subject = "t" }),
		entry(func(e *auditlog.Entry) { e.Actor.Role = "admin" }),
		entry(func(e *auditlog.Entry) { e.Action = auditlog.ReadAuditEntries }),
		entry(func(e *auditlog.Entry) { e.Tenant = b.ID }),
	} {
		ctx, receipt := withReceipt(t)
		if err := log.AppendHourly(ctx, db, e); err != nil {
			t.Fatal(err)
		}
		ids[*receipt] = true
	}
	if len(ids) != 6 || len(subjects(t, reader, db, a.ID)) != 5 || len(subjects(t, reader, db, b.ID)) != 1 {
		t.Errorf("%d entries, want 6", len(ids))
	}
}

func TestAnEntryIsCommittedOnlyWithItsAction(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	log, reader, db := openLog(t, c)
	tn := c.Tenant(t)
	failure := errors.New("the action fails")
	for name, c := range map[string]struct {
		acts     bool
		err      error
		recorded bool
	}{
		"an action":                  {true, nil, true},
		"an action that is done":     {false, nil, false},
		"an action that fails":       {true, failure, false},
		"no action, which fails too": {false, failure, false},
	} {
		before := len(subjects(t, reader, db, tn.ID))
		ctx, receipt := withReceipt(t)
		p, err := log.Prepare(ctx, db, auditlog.Entry{Tenant: tn.ID})
		if err != nil {
			t.Fatal(err)
		}
		err = p.Commit(ctx, db, func(*firestore.Transaction) (bool, error) { return c.acts, c.err })
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		recorded := len(subjects(t, reader, db, tn.ID)) > before
		if recorded != c.recorded || (*receipt == p.ID) != c.recorded || (*receipt != "") != c.recorded {
			t.Errorf("%s: recorded: %t, receipt %q; want recorded: %t", name, recorded, *receipt, c.recorded)
		}
	}
}

func TestARequestHasOneReceipt(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	log, _, db := openLog(t, c)
	tn := c.Tenant(t)
	ctx, receipt := withReceipt(t)
	first, err := log.Append(ctx, db, auditlog.Entry{Tenant: tn.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append(ctx, db, auditlog.Entry{Tenant: tn.ID}); err != nil {
		t.Fatal(err)
	}
	if *receipt != first {
		t.Errorf("the receipt is %q, want %q", *receipt, first)
	}
}
