package configgraph

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/slx"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// maxConcurrent limits how many documents an event reads or writes at a time.
const maxConcurrent = 4

// workspace is a workspace whose graph is built.
type workspace struct {
	db     *firestore.Client
	tenant tenant.ID
	id     tenant.WorkspaceID
	keys   *keys.Tenant
	now    func() time.Time
}

// inEffect is what the document of a configuration says about the commit in effect.
type inEffect struct {
	Commit   string `firestore:"commit"`
	Elements int    `firestore:"elements"`
	Omitted  int64  `firestore:"omitted"`
}

// errMoved is the error of a graph of a commit that is not in effect any more.
var errMoved = errors.New("another commit is in effect")

// update makes the graph one of the commit in effect.
func (w workspace) update(ctx context.Context) error {
	for {
		config, err := w.readConfig(w.configRef().Get(ctx))
		if err != nil {
			return err
		}
		current, err := readGraph(w.graphRef().Get(ctx))
		if err != nil || current.Commit == config.Commit {
			return err
		}
		if err := w.build(ctx, config); !errors.Is(err, errMoved) {
			return err
		}
	}
}

func (w workspace) configRef() *firestore.DocumentRef {
	return records.ConfigRef(w.db, w.tenant, w.id)
}

func (w workspace) graphRef() *firestore.DocumentRef {
	return records.ConfigGraphRef(w.db, w.tenant, w.id)
}

func (w workspace) readConfig(doc *firestore.DocumentSnapshot, err error) (c inEffect, _ error) {
	if status.Code(err) == codes.NotFound {
		return c, event.Refuse("no-such-config", errors.New("the workspace has no configuration"))
	}
	if err == nil {
		err = doc.DataTo(&c)
	}
	if err != nil {
		return c, fmt.Errorf("read configuration: %w", err)
	}
	return c, nil
}

func readGraph(doc *firestore.DocumentSnapshot, err error) (g records.ConfigGraph, _ error) {
	if status.Code(err) == codes.NotFound {
		return records.ConfigGraph{}, nil
	}
	if err == nil {
		err = doc.DataTo(&g)
	}
	if err != nil {
		return g, fmt.Errorf("read graph: %w", err)
	}
	return g, nil
}

// build stores the graph of a commit.
func (w workspace) build(ctx context.Context, config inEffect) error {
	elements, err := w.readElements(ctx, config)
	if err != nil {
		return err
	}
	g := slx.Build(config.Commit, elements, config.Omitted)
	pages := records.ConfigPageRefs(w.db, w.tenant, w.id, config.Commit, len(g.Pages))
	if err := w.storePages(ctx, pages, g.Pages); err != nil {
		return err
	}
	directory, err := records.SealConfig(ctx, w.keys.Seal, w.graphRef(), g.Directory)
	if err != nil {
		return fmt.Errorf("seal the directory: %w", err)
	}
	next := records.ConfigGraph{Commit: config.Commit, Pages: len(pages), Updated: w.now(), Directory: directory}
	return w.db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		return w.replace(tx, next, pages)
	})
}

// readElements reads and opens the elements of a commit. They are missing if the commit is
// not in effect any more since a day.
func (w workspace) readElements(ctx context.Context, config inEffect) ([]slx.Element, error) {
	refs := records.ConfigElementsRefs(w.db, w.tenant, w.id, config.Commit, config.Elements)
	parts := make([][]slx.Element, len(refs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrent)
	for n, ref := range refs {
		group.Go(func() error {
			doc, err := ref.Get(ctx)
			if status.Code(err) == codes.NotFound {
				return errMoved
			}
			var stored records.ConfigElements
			if err == nil {
				err = doc.DataTo(&stored)
			}
			if err != nil {
				return fmt.Errorf("read elements: %w", err)
			}
			parts[n], err = records.OpenConfig[[]slx.Element](ctx, w.keys.Open, ref, stored.Elements)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []slx.Element
	for _, part := range parts {
		all = append(all, part...)
	}
	return all, nil
}

// storePages stores the pages of a graph that no directory names yet. A page that an
// earlier try has stored is the same, and stays.
func (w workspace) storePages(ctx context.Context, refs []*firestore.DocumentRef, pages [][]slx.SLX) error {
	expires := w.now().Add(records.KeepReplacedConfig)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrent)
	for n, page := range pages {
		group.Go(func() error {
			sealed, err := records.SealConfig(ctx, w.keys.Seal, refs[n], page)
			if err != nil {
				return fmt.Errorf("seal a page: %w", err)
			}
			_, err = refs[n].Create(ctx, records.ConfigPage{SLXs: sealed, Expires: expires})
			if err != nil && status.Code(err) != codes.AlreadyExists {
				return fmt.Errorf("store a page: %w", err)
			}
			return nil
		})
	}
	return group.Wait()
}

// replace puts a graph in the place of the previous one, unless another commit is in
// effect or the graph is of this commit already.
func (w workspace) replace(tx *firestore.Transaction, next records.ConfigGraph, pages []*firestore.DocumentRef) error {
	config, err := w.readConfig(tx.Get(w.configRef()))
	if err != nil {
		return err
	}
	if config.Commit != next.Commit {
		return errMoved
	}
	previous, err := readGraph(tx.Get(w.graphRef()))
	if err != nil || previous.Commit == next.Commit {
		return err
	}
	for _, ref := range pages {
		if err := tx.Update(ref, []firestore.Update{{Path: "expires", Value: firestore.Delete}}); err != nil {
			return fmt.Errorf("keep a page: %w", err)
		}
	}
	expires := w.now().Add(records.KeepReplacedConfig)
	for _, ref := range records.ConfigPageRefs(w.db, w.tenant, w.id, previous.Commit, previous.Pages) {
		if err := tx.Update(ref, []firestore.Update{{Path: "expires", Value: expires}}); err != nil {
			return fmt.Errorf("replace a page: %w", err)
		}
	}
	if err := tx.Set(w.graphRef(), next); err != nil {
		return fmt.Errorf("write graph: %w", err)
	}
	if err := tx.Update(w.configRef(), []firestore.Update{{Path: records.RepublishConfigAt, Value: firestore.Delete}}); err != nil {
		return fmt.Errorf("note that the graph is of the commit: %w", err)
	}
	return nil
}
