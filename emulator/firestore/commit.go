package firestore

import (
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// commit applies all writes or none. What the transaction read must not have changed.
func (db *database) commit(tx *transaction, writes []write) (*pb.CommitResponse, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if tx != nil {
		if err := db.finish(tx); err != nil {
			return nil, err
		}
		defer tx.forget()
		if err := tx.validate(db, len(writes) > 0); err != nil {
			return nil, err
		}
	}
	b := batch{db: db, at: db.tick(), pending: map[string]*change{}}
	for _, w := range writes {
		if err := b.add(w); err != nil {
			return nil, err
		}
	}
	if err := db.publish(b.at, b.changes()); err != nil {
		return nil, err
	}
	return &pb.CommitResponse{WriteResults: b.results, CommitTime: b.at.proto()}, nil
}

// batch collects the changes of a commit before it is applied.
type batch struct {
	db      *database
	at      micros
	pending map[string]*change
	order   []*change
	results []*pb.WriteResult
}

func (b *batch) add(w write) error {
	c := b.pending[w.key]
	if c == nil {
		stored := b.db.live.get(w.key)
		c = &change{w.key, stored, stored}
		b.pending[w.key] = c
		b.order = append(b.order, c)
	}
	if err := w.check(documentName(b.db.name, w.path), c.now); err != nil {
		return err
	}
	now, results, err := w.apply(c.now, b.at)
	if err != nil {
		return err
	}
	c.now = now
	b.results = append(b.results, writeResult(now, results))
	return nil
}

// writeResult has no update time after a delete.
func writeResult(d *document, transforms []*pb.Value) *pb.WriteResult {
	r := &pb.WriteResult{TransformResults: transforms}
	if d != nil {
		r.UpdateTime = d.updated.proto()
	}
	return r
}

func (b *batch) changes() []change {
	var changes []change
	for _, c := range b.order {
		if c.old != c.now {
			changes = append(changes, *c)
		}
	}
	return changes
}
