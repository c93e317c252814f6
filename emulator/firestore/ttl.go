package firestore

import (
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TTL is a policy for each collection group, by its ID: the field with the time after which
// documents are deleted.
type TTL map[string]string

// DeleteExpired deletes the documents whose time has come, in all databases, and reports how
// many. Firestore does that by itself, usually within 24 hours after that time
// (firebase.google.com/docs/firestore/ttl). As there:
//
//   - A field that is missing, or has another type than a time, expires nothing.
//   - Documents below a deleted document stay.
//   - A document that has changed meanwhile stays until the next call.
func (s *Server) DeleteExpired(policies TTL, now time.Time) (deleted int, err error) {
	for _, db := range s.all() {
		for _, w := range db.expired(policies, now) {
			switch _, err := db.commit(nil, []write{w}); {
			case err == nil:
				deleted++
			case status.Code(err) != codes.FailedPrecondition:
				return deleted, err
			}
		}
	}
	s.counts.deletes.Add(int64(deleted))
	return deleted, nil
}

// expired returns the deletions of the documents whose time has come.
func (db *database) expired(policies TTL, now time.Time) (all []write) {
	db.now().documents.Ascend(func(d *document) bool {
		p := d.path()
		field := policies[p.parent().id()]
		if field == "" {
			return true
		}
		if at := d.fields()[field].GetTimestampValue(); at != nil && !at.AsTime().After(now) {
			unchanged := &pb.Precondition{ConditionType: &pb.Precondition_UpdateTime{UpdateTime: d.updated.proto()}}
			all = append(all, write{path: p, key: d.key, kind: remove, condition: unchanged})
		}
		return true
	})
	return all
}
