package sweep

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// database is a database and the tenants that have their documents in it.
type database struct {
	client  *firestore.Client
	tenants []tenant.ID
}

// databases returns each database once, even if several tenants share it. It skips a
// tenant that fails, and returns its error as well.
func (h *Handler) databases(ctx context.Context) (all []*database, err error) {
	var errs []error
	found := map[*firestore.Client]*database{}
	err = h.directory.EachRecord(ctx, func(t tenant.Record) error {
		client, err := h.directory.Database(ctx, t)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		if found[client] == nil {
			found[client] = &database{client: client}
			all = append(all, found[client])
		}
		found[client].tenants = append(found[client].tenants, t.ID)
		return nil
	})
	return all, errors.Join(append(errs, err)...)
}

// turn is what remains of one step for one tenant. Each time that it comes up, one
// page of it is processed, so a tenant with many documents delays the others by one
// page at most.
type turn struct {
	*database
	query    firestore.Query
	pages    int
	together bool        // of all tenants of the database, as long as they have less than one page
	except   []tenant.ID // the documents of these tenants are skipped, because each has a turn of its own
	first    chan page   // receives the next page, which is being read; nil: it is not
}

// page is the answer to a query.
type page struct {
	docs []*firestore.DocumentSnapshot
	err  error
}

// turnsOf returns the turns of a step, one for each database.
func turnsOf(s step, databases []*database) []*turn {
	var turns []*turn
	for _, d := range databases {
		turns = append(turns, &turn{database: d, query: s.query(d.client), together: len(d.tenants) > 1})
	}
	shuffle(turns)
	return turns
}

// read reads the next page.
func (t *turn) read(ctx context.Context) page {
	if t.first != nil {
		defer func() { t.first = nil }()
		return <-t.first
	}
	docs, err := t.query.Limit(pageSize).Documents(ctx).GetAll()
	return page{docs, err}
}

// prefetch begins to read the first page of each turn.
func prefetch(ctx context.Context, turns []*turn) {
	for _, t := range turns {
		first, query := make(chan page, 1), t.query
		go func() {
			docs, err := query.Limit(pageSize).Documents(ctx).GetAll()
			first <- page{docs, err}
		}()
		t.first = first
	}
}

// run does the turns of a step until nothing remains or the time is
// over. If a page fails, it continues with the next one. It adds to w that work is left, and
// the errors.
func (h *Handler) run(ctx context.Context, s step, queue []*turn, w *work) {
	more := false
	for end := h.deps.Now().Add(maxStepDuration); len(queue) > 0 && h.deps.Now().Before(end); {
		next := queue[0]
		following, err := next.processPage(ctx, s)
		queue = append(queue[1:], following...)
		more = more || next.pages == maxPages
		if err != nil {
			w.fail(fmt.Errorf("%s: %w", s.name, err))
		}
	}
	w.add(func(r *Result) { r.More = r.More || more || len(queue) > 0 })
}

// shuffle puts turns into a random order, so that no tenant is always last when the
// time is too short for all.
func shuffle(turns []*turn) {
	rand.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
}

// processPage processes the next page. It returns the turns that remain.
func (t *turn) processPage(ctx context.Context, s step) ([]*turn, error) {
	next := t.read(ctx)
	if next.err != nil {
		return nil, next.err
	}
	docs := next.docs
	full := len(docs) == pageSize
	if full && t.together {
		return t.split(s), nil
	}
	var following []*turn
	if t.pages++; full && t.pages < maxPages {
		t.query = t.query.StartAfter(docs[len(docs)-1])
		following = []*turn{t}
	}
	if docs = slices.DeleteFunc(docs, t.skips); len(docs) == 0 {
		return following, nil
	}
	return following, s.process(ctx, t.client, docs)
}

// split returns a turn for each tenant of the database, and one for documents of
// tenants that the directory does not list.
func (t *turn) split(s step) []*turn {
	turns := make([]*turn, 0, len(t.tenants)+1)
	for _, id := range t.tenants {
		turns = append(turns, &turn{database: t.database, query: ofTenant(s.query(t.client), t.client, id)})
	}
	shuffle(turns)
	return append(turns, &turn{database: t.database, query: s.query(t.client), except: t.tenants})
}

// ofTenant narrows a query to one tenant's documents. Paths sort by segment, and no
// tenant ID has a "!", so the range ends with the tenant's last document.
func ofTenant(query firestore.Query, db *firestore.Client, id tenant.ID) firestore.Query {
	tenants := db.Collection("tenants")
	return query.
		Where(firestore.DocumentID, ">", tenants.Doc(string(id))).
		Where(firestore.DocumentID, "<", tenants.Doc(string(id)+"!")).
		OrderBy(firestore.DocumentID, firestore.Asc)
}

func (t *turn) skips(doc *firestore.DocumentSnapshot) bool {
	path := strings.Split(keys.RelativePath(doc.Ref), "/")
	return len(path) > 1 && slices.Contains(t.except, tenant.ID(path[1]))
}
