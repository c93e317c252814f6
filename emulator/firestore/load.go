package firestore

import (
	"errors"
	"iter"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// loadedAtOnce bounds how long Load blocks other calls.
const loadedAtOnce = 1000 // documents

// Load adds documents to a database as if they had been there when the server started:
// without a commit, a count or a history, so a million documents take seconds. The
// documents have the form of Walk, and replace those with the same names. The server
// must be in memory.
func (s *Server) Load(database string, documents iter.Seq2[string, map[string]*pb.Value]) error {
	if s.disk != nil {
		return errors.New("load documents: the server has a directory; write them to it before the server starts")
	}
	if err := checkDatabase(database); err != nil {
		return err
	}
	db := s.database(database)
	var loaded []*document
	for name, f := range documents {
		p, err := documentIn(database, database+"/documents/"+name)
		if err != nil {
			return err
		}
		d, err := newDocument(documentKey(p), f, 0, 0)
		if err != nil {
			return err
		}
		if loaded = append(loaded, d); len(loaded) == loadedAtOnce {
			db.load(loaded)
			loaded = nil
		}
	}
	db.load(loaded)
	return nil
}

// load makes documents visible that no commit has written.
func (db *database) load(documents []*document) {
	db.mu.Lock()
	defer db.mu.Unlock()
	at := db.tick()
	for _, d := range documents {
		d.created, d.updated = at, at
		db.live.put(d.key, d)
		db.changed[d.path().parent().id()] = at
	}
	db.changed[""] = at
	db.snapshot = nil
	db.committed = max(db.committed, at)
}
