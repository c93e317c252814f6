package assistant

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/rank"
)

const (
	catalogMaxAge   = time.Minute      // of a catalogue in memory
	catalogPatience = time.Second      // that a request waits for a newer one
	catalogDeadline = 10 * time.Minute // of reading it; an instance without requests has hardly any CPU
)

// library is the catalogue in memory. It does not change.
type library struct {
	index *rank.Index
	tasks map[string]catalog.Task // by id
	named map[string][]string     // ids of the tasks of a name: see sameName
}

// libraries keeps the newest catalogue. The zero libraries holds none. It is
// safe for concurrent use.
type libraries struct {
	mu      sync.Mutex
	version string
	checked time.Time
	held    *library
	loading *load // nil: nobody looks for a newer one
}

// load is one look for a newer catalogue.
type load struct {
	done chan struct{}
	err  error // once done
}

// get gives the catalogue. Who finds it a minute old has it read anew if another
// one is there, which one read tells, and waits a moment for it; meanwhile all
// others are given the old one. While there is none, all wait. One that cannot
// be read anew is better than none.
func (l *libraries) get(ctx context.Context, db *firestore.Client, now time.Time) (*library, error) {
	l.mu.Lock()
	held, loading := l.held, l.loading
	if held != nil && (loading != nil || now.Before(l.checked.Add(catalogMaxAge))) {
		l.mu.Unlock()
		return held, nil
	}
	if loading == nil {
		loading = &load{done: make(chan struct{})}
		l.loading = loading
		go l.refresh(context.WithoutCancel(ctx), loading, db, now)
	}
	l.mu.Unlock()
	return l.wait(ctx, loading, held)
}

// wait waits for a load, but not long if there is an old catalogue.
func (l *libraries) wait(ctx context.Context, loading *load, old *library) (*library, error) {
	var enough <-chan time.Time
	if old != nil {
		enough = time.After(catalogPatience)
	}
	select {
	case <-enough:
		return old, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-loading.done:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		return nil, loading.err
	}
	return l.held, nil
}

// refresh is what a load does.
func (l *libraries) refresh(ctx context.Context, loading *load, db *firestore.Client, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, catalogDeadline)
	defer cancel()
	l.mu.Lock()
	held, version := l.held, l.version
	l.mu.Unlock()
	held, version, err := newest(ctx, db, held, version)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.held, l.version, l.checked = held, version, now
	} else if l.held != nil {
		api.Logger(ctx).WarnContext(ctx, "an old catalogue is used", "error", err.Error())
	}
	l.loading, loading.err = nil, err
	close(loading.done)
}

// newest gives what is held if there is no other.
func newest(ctx context.Context, db *firestore.Client, held *library, version string) (*library, string, error) {
	docs, err := db.GetAll(ctx, refs(registerRef(db)))
	if err != nil {
		return nil, "", fmt.Errorf("read catalogue: %w", err)
	}
	r, err := readRegister(docs[0])
	if err != nil || held != nil && r.Version == version {
		return held, version, err
	}
	held, err = readLibrary(ctx, db, r)
	return held, r.Version, err
}

func readLibrary(ctx context.Context, db *firestore.Client, r register) (*library, error) {
	l := &library{tasks: map[string]catalog.Task{}, named: map[string][]string{}}
	var documents []rank.Document
	if r.Version != "" {
		docs, err := db.Collection(catalogCollection).OrderBy(firestore.DocumentID, firestore.Asc).Limit(maxCatalogTasks).Documents(ctx).GetAll()
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		suites := map[string]string{} // texts that tasks share
		for _, doc := range docs {
			var t catalog.Task
			if err := doc.DataTo(&t); err != nil {
				return nil, fmt.Errorf("read catalogue: %w", err)
			}
			t.SuiteDocumentation = shared(suites, t.SuiteDocumentation)
			id, name := doc.Ref.ID, sameName(t.Name)
			l.tasks[id], l.named[name] = t, append(l.named[name], id)
			documents = append(documents, document(id, t))
		}
	}
	l.index = rank.New(documents)
	return l, nil
}

// shared gives the one copy of a text.
func shared(texts map[string]string, text string) string {
	if one, ok := texts[text]; ok {
		return one
	}
	texts[text] = text
	return text
}

// document is what a task is found by.
func document(id string, t catalog.Task) rank.Document {
	return rank.Document{
		ID: id, Name: t.Name, Documentation: t.Documentation, Tags: t.Tags,
		Context: t.DisplayName + "\n" + strings.Join(t.Supports, "\n") + "\n" + t.SuiteDocumentation,
	}
}

// library is the catalogue of the platform's database.
func (h *Handler) library(ctx context.Context) (*library, error) {
	db, err := h.deps.Clients.Default(ctx)
	if err != nil {
		return nil, err
	}
	return h.libraries.get(ctx, db, h.deps.Now())
}
