package auditintegrator

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Bounds of one batch. A batch is in memory as a whole.
const (
	assignLimit   = 256     // entries of one transaction
	maxBatch      = 4096    // entries
	maxBatchBytes = 8 << 20 // of leaves; one more transaction may add 16 MiB
)

// batch assigns indexes to the pending entries of a log, and publishes the tree
// with them and with what a crash left behind.
func (h *Handler) batch(ctx context.Context, db *firestore.Client, id tenant.ID, result *Result) error {
	l, err := h.openLog(ctx, db, id)
	if err != nil {
		return err
	}
	entries, tree, err := h.assign(ctx, l, result)
	if err != nil {
		return err
	}
	entries, err = h.complete(ctx, l, tree, entries)
	if err != nil || len(entries) == 0 {
		return err
	}
	published, err := h.publish(ctx, l, tree, entries)
	if published {
		result.Logs++
		result.Delay = max(result.Delay, h.delay(entries))
	}
	return err
}

// delay returns the seconds since the oldest of some entries.
func (h *Handler) delay(entries []auditlog.Stored) int {
	now, longest := h.deps.Now(), time.Duration(0)
	for _, e := range entries {
		longest = max(longest, now.Sub(e.Time))
	}
	return int(longest / time.Second)
}

// assign runs assigning transactions until no entry is pending or the batch is
// full. The tree that it returns is the log's state after the last one.
func (h *Handler) assign(ctx context.Context, l log, result *Result) (entries []auditlog.Stored, tree auditlog.Tree, err error) {
	size := 0
	for {
		a, err := h.audit.AssignIndexes(ctx, l.db, l.tenant, assignLimit)
		if err != nil {
			return nil, auditlog.Tree{}, err
		}
		for _, e := range a.Entries {
			size += len(e.Leaf)
		}
		entries, tree = append(entries, a.Entries...), a.Tree
		result.Entries += len(a.Entries)
		result.Unreadable += len(a.Unreadable)
		for _, unreadable := range a.Unreadable {
			api.Logger(ctx).ErrorContext(ctx, "audit entry cannot be opened", "tenant", l.tenant, "entry", unreadable)
		}
		if !a.More || len(entries) >= maxBatch || size >= maxBatchBytes {
			return entries, tree, nil
		}
	}
}

// complete returns the entries that follow the published tree: the ones that
// were just assigned, or, where others assigned some too, what the database has
// from the published size on. At most a batch; the next one continues.
func (h *Handler) complete(ctx context.Context, l log, tree auditlog.Tree, assigned []auditlog.Stored) ([]auditlog.Stored, error) {
	if tree.Size == tree.Assigned {
		return nil, nil
	}
	if follow(assigned, tree.Size) {
		return assigned, nil
	}
	end := min(tree.Assigned, tree.Size+assignLimit)
	entries, err := h.audit.ReadEntries(ctx, l.db, l.tenant, tree.Size, end)
	if err != nil {
		return nil, fmt.Errorf("complete the log: %w", err)
	}
	return entries, nil
}

// follow reports whether entries have the indexes from begin on, without a gap.
func follow(entries []auditlog.Stored, begin int64) bool {
	for i, e := range entries {
		if e.Index != begin+int64(i) {
			return false
		}
	}
	return len(entries) > 0
}
