package main

import (
	"context"
	"fmt"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// auditCost is what publishing and delivering the audit log of one tenant costs,
// beyond the writing of its entries, which belongs to a run.
type auditCost struct {
	Entries float64    // of one run
	Entry   operations // of each entry
	Minute  operations // of each minute with entries, whatever their number
	Idle    operations // of each minute without entries
}

// auditFunctions publish and deliver audit logs, in this order.
var auditFunctions = []string{"audit-integrator", "audit-delivery"}

// measureAudit integrates the entries of one run and then of two, so that the
// costs of an entry and of a minute can be separated.
func (b *bench) measureAudit(ctx context.Context, parts int) (cost auditCost, err error) {
	if _, err := b.publishAudit(ctx); err != nil { // warms the caches
		return cost, err
	}
	var entries [2]float64
	var ops [2]operations
	for i := range entries {
		before, err := b.auditEntries(ctx)
		if err != nil {
			return cost, err
		}
		for range i + 1 {
			if err := b.oneRun(ctx, parts); err != nil {
				return cost, err
			}
		}
		after, err := b.auditEntries(ctx)
		if err != nil {
			return cost, err
		}
		entries[i] = after - before
		if ops[i], err = b.publishAudit(ctx); err != nil {
			return cost, err
		}
	}
	cost.Entries = entries[0]
	cost.Entry = ops[1].minus(ops[0]).times(1 / (entries[1] - entries[0]))
	cost.Minute = ops[0].minus(cost.Entry.times(entries[0]))
	cost.Idle, err = b.publishAudit(ctx)
	return cost, err
}

// publishAudit runs the functions once, and returns what they cost.
func (b *bench) publishAudit(ctx context.Context) (operations, error) {
	before := b.count()
	for _, name := range auditFunctions {
		if err := b.Scheduler.RunNow(ctx, name); err != nil {
			return operations{}, err
		}
	}
	return b.count().minus(before), nil
}

// auditEntries returns the number of entries in the tenant's log, without reading
// them.
func (b *bench) auditEntries(ctx context.Context) (float64, error) {
	db, err := b.Operator.Default(ctx)
	if err != nil {
		return 0, err
	}
	docs, err := db.Collection("tenants").Doc(string(b.tenant)).Collection(auditlog.EntriesCollection).Select().Documents(ctx).GetAll()
	if err != nil {
		return 0, fmt.Errorf("count audit entries: %w", err)
	}
	return float64(len(docs)), nil
}

// checkpoints is how many objects a log creates in a minute with entries. Bundles
// and tiles are two more for every 256 entries.
const (
	checkpoints    = 1
	objectsOfEntry = 2.0 / 256
	minutesOfDay   = 24 * 60
)

// daily returns the operations of a day: of all entries, and of all minutes of the
// tenants, as if each minute had entries.
func (a auditCost) daily(l load) operations {
	minutes := l.Tenants * minutesOfDay
	o := a.Entry.times(l.Runs * a.Entries).plus(a.Minute.times(minutes))
	o.Objects = minutes*checkpoints + l.Runs*a.Entries*objectsOfEntry
	return o
}
