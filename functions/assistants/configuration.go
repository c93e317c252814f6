package assistants

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

// maxConfigPages limits how many pages of a configuration one answer reads.
const maxConfigPages = 30

// configuration is the graph of the workspace's configuration, as far as an answer has read
// it. Without a configuration, it has no SLXs.
type configuration struct {
	session   access.Session
	keys      *keys.Tenant
	graph     records.ConfigGraph
	directory slx.Directory
	pages     map[int][]slx.SLX // read so far
}

// readConfiguration reads and opens the directory of the configuration.
func (h *Handler) readConfiguration(ctx context.Context, s access.Session) (*configuration, error) {
	doc, err := readConfigGraph(ctx, s)
	if err != nil {
		return nil, err
	}
	return h.openConfiguration(ctx, s, doc)
}

// readConfigGraph reads the document of the graph, which may not exist.
func readConfigGraph(ctx context.Context, s access.Session) (*firestore.DocumentSnapshot, error) {
	docs, err := s.DB.GetAll(ctx, refs(records.ConfigGraphRef(s.DB, s.Tenant.ID, s.Workspace)))
	if err != nil {
		return nil, fmt.Errorf("read the graph of the configuration: %w", err)
	}
	return docs[0], nil
}

// openConfiguration opens the directory of the configuration in the document of its graph.
func (h *Handler) openConfiguration(ctx context.Context, s access.Session, doc *firestore.DocumentSnapshot) (c *configuration, err error) {
	c = &configuration{session: s, pages: map[int][]slx.SLX{}}
	if !doc.Exists() {
		return c, nil
	}
	if err := doc.DataTo(&c.graph); err != nil {
		return nil, fmt.Errorf("read the graph of the configuration: %w", err)
	}
	if c.keys, err = h.keys.Of(ctx, s.Tenant, s.DB); err != nil {
		return nil, err
	}
	c.directory, err = records.OpenConfig[slx.Directory](ctx, c.keys.Open, doc.Ref, c.graph.Directory)
	return c, openError(err)
}

// page reads a page. A page that does not exist, because it was replaced long ago, is empty.
func (c *configuration) page(ctx context.Context, n int) ([]slx.SLX, error) {
	if page, ok := c.pages[n]; ok || n < 0 || n >= c.graph.Pages || len(c.pages) == maxConfigPages {
		return page, nil
	}
	s := c.session
	ref := records.ConfigPageRefs(s.DB, s.Tenant.ID, s.Workspace, c.graph.Commit, n+1)[n]
	doc, err := ref.Get(ctx)
	if status.Code(err) == codes.NotFound {
		c.pages[n] = nil
		return nil, nil
	}
	var stored records.ConfigPage
	if err == nil {
		err = doc.DataTo(&stored)
	}
	if err != nil {
		return nil, fmt.Errorf("read a page of the configuration: %w", err)
	}
	c.pages[n], err = records.OpenConfig[[]slx.SLX](ctx, c.keys.Open, ref, stored.SLXs)
	return c.pages[n], openError(err)
}

// slx reads an SLX. The zero SLX says that the configuration does not have it, or that the
// answer has read enough.
func (c *configuration) slx(ctx context.Context, name string) (slx.SLX, error) {
	page, err := c.page(ctx, c.directory.Page(name))
	at := slices.IndexFunc(page, func(x slx.SLX) bool { return slx.Key(x.Name) == slx.Key(name) })
	if err != nil || at < 0 {
		return slx.SLX{}, err
	}
	return page[at], nil
}

// placesOf returns the places of tasks of the catalog, by ID.
func (c *configuration) placesOf(index *library.Index) map[string]slx.Place {
	places := map[string]slx.Place{}
	for _, p := range c.directory.Tasks {
		if p.Title != "" {
			for _, id := range index.Named(p.Title) {
				places[id] = p
			}
			continue
		}
		for _, key := range p.Source.PathKeys() {
			for _, id := range index.InFile(key) {
				if p.Source.Matches(index.Task(id).Source) {
					places[id] = p
				}
			}
		}
	}
	return places
}

// placeOfRun returns the place whose title matches the name of a task that the workspace
// has run.
func (c *configuration) placeOfRun(name string) (slx.Place, bool) {
	for _, p := range c.directory.Tasks {
		if p.Title != "" && slx.ParseTemplate(p.Title).Match(name) {
			return p, true
		}
	}
	return slx.Place{}, false
}

// ConfiguredBody says where the workspace's configuration has a task.
type ConfiguredBody struct {
	SLX      string `json:"slx,omitempty" class:"configuration" doc:"SLX to run the task for. Omitted: several SLXs have the task, and none of them is related to the issue"`
	Alias    string `json:"alias,omitempty" class:"configuration"`
	Resource string `json:"resource,omitempty" class:"configuration" doc:"Resource of the SLX"`
	Task     string `json:"task,omitempty" class:"configuration" doc:"Name of the task with the values of the configuration"`
	Path     string `json:"path,omitempty" class:"configuration" doc:"Path of the file that configures the task"`
	SLXs     int    `json:"slxs" class:"configuration" doc:"Number of SLXs that have the task"`
}

// place returns where to run a task for an issue: for the issue's SLX; otherwise for one
// that has the issue's resource, or that the issue's SLX is related to; otherwise for the
// only SLX that has the task.
func (c *configuration) place(ctx context.Context, p slx.Place, task string, i issueBody) (*ConfiguredBody, error) {
	body := &ConfiguredBody{SLXs: p.Count}
	own, err := c.slx(ctx, i.SLX)
	if err != nil {
		return nil, err
	}
	if body.fill(own, p, task) {
		return body, nil
	}
	candidates := slices.Clone(p.SLXs)
	slices.SortStableFunc(candidates, func(a, b string) int { return related(own, b) - related(own, a) })
	for _, name := range candidates {
		x, err := c.slx(ctx, name)
		if err != nil {
			return nil, err
		}
		sameResource := i.Resource != "" && x.Resource == i.Resource
		if (sameResource || related(own, name) > 0 || p.Count == 1) && body.fill(x, p, task) {
			return body, nil
		}
	}
	return body, nil
}

// related returns 1 if an SLX is related to another one, otherwise 0.
func related(x slx.SLX, to string) int {
	if slices.ContainsFunc(x.Relations, func(r slx.Relation) bool { return slx.Key(r.To) == slx.Key(to) }) {
		return 1
	}
	return 0
}

// fill fills in an SLX, if it has tasks of a place.
func (b *ConfiguredBody) fill(x slx.SLX, p slx.Place, task string) bool {
	at := slices.IndexFunc(x.Tasks, func(t slx.Tasks) bool { return t.Has(p) })
	if at < 0 {
		return false
	}
	b.SLX, b.Alias, b.Resource = x.Name, x.Alias, x.Resource
	b.Task, b.Path = slx.Fill(task, x.Tasks[at].Variables), x.Tasks[at].Path
	return true
}
