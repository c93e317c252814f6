package assistant

import (
	"context"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/rank"
)

// catalogMaxAge is how old a catalogue in memory may be.
const catalogMaxAge = time.Minute

// library is the catalogue in memory. It does not change.
type library struct {
	index *rank.Index
	tasks map[string]catalog.Task // by id
	named map[string]string       // id of a task by its name: see sameName
}

// libraries keeps the newest catalogue. The zero libraries holds none. It is
// safe for concurrent use.
type libraries struct {
	mu      sync.Mutex
	version string
	checked time.Time
	held    *library
}

// get gives the catalogue, a minute old at most. It looks whether there is
// another by one read, and only then reads it. One that cannot be read anew is
// better than none.
func (l *libraries) get(ctx context.Context, db *firestore.Client, now time.Time) (*library, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held != nil && now.Before(l.checked.Add(catalogMaxAge)) {
		return l.held, nil
	}
	err := l.refresh(ctx, db, now)
	if err != nil && l.held != nil {
		api.Logger(ctx).WarnContext(ctx, "an old catalogue is used", "error", err.Error())
		return l.held, nil
	}
	return l.held, err
}

func (l *libraries) refresh(ctx context.Context, db *firestore.Client, now time.Time) error {
	docs, err := db.GetAll(ctx, refs(editionRef(db)))
	if err != nil {
		return fmt.Errorf("read catalogue: %w", err)
	}
	var e edition
	if docs[0].Exists() {
		if err := docs[0].DataTo(&e); err != nil {
			return fmt.Errorf("read catalogue: %w", err)
		}
	}
	if l.held == nil || e.Version != l.version {
		held, err := readLibrary(ctx, db, e)
		if err != nil {
			return err
		}
		l.held, l.version = held, e.Version
	}
	l.checked = now
	return nil
}

func readLibrary(ctx context.Context, db *firestore.Client, e edition) (*library, error) {
	l := &library{tasks: map[string]catalog.Task{}, named: map[string]string{}}
	var documents []rank.Document
	if e.Version != "" {
		docs, err := db.Collection(catalogCollection).OrderBy(firestore.DocumentID, firestore.Asc).Limit(maxCatalogTasks).Documents(ctx).GetAll()
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		for _, doc := range docs {
			var t catalog.Task
			if err := doc.DataTo(&t); err != nil {
				return nil, fmt.Errorf("read catalogue: %w", err)
			}
			l.tasks[doc.Ref.ID], l.named[sameName(t.Name)] = t, doc.Ref.ID
			documents = append(documents, rank.Document{ID: doc.Ref.ID, Name: t.Name, Documentation: t.Documentation, Tags: t.Tags})
		}
	}
	l.index = rank.New(documents)
	return l, nil
}

// library is the catalogue of the platform's database.
func (h *Handler) library(ctx context.Context) (*library, error) {
	db, err := h.deps.Clients.Default(ctx)
	if err != nil {
		return nil, err
	}
	return h.libraries.get(ctx, db, h.deps.Now())
}
