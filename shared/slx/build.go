package slx

import (
	"cmp"
	"encoding/json"
	"iter"
	"slices"

	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// Limits of what is known of one SLX. Longer lists are cut.
const (
	maxTasksOfSLX     = 20
	maxSLIsOfSLX      = 20
	maxGroupsOfSLX    = 20
	maxRelationsOfSLX = 50
)

// SLX is what a configuration says about one SLX.
type SLX struct {
	Name      string     `json:"name" class:"configuration"`
	Alias     string     `json:"alias,omitempty" class:"configuration"`
	Path      string     `json:"path,omitempty" class:"configuration"` // of its file; empty: it has tasks or SLIs only
	Resource  string     `json:"resource,omitempty" class:"configuration"`
	Tags      []Tag      `json:"tags,omitempty"`
	Tasks     []Tasks    `json:"tasks,omitempty"`
	SLIs      []SLI      `json:"slis,omitempty"`
	Groups    []string   `json:"groups,omitempty" class:"configuration"`
	Relations []Relation `json:"relations,omitempty"`
}

// Tasks are the tasks of one document: those of a file, those that titles match, or both.
type Tasks struct {
	Path      string     `json:"path" class:"configuration"` // of the document's file
	Source    Source     `json:"source,omitzero"`
	Titles    []string   `json:"titles,omitempty" class:"configuration"`
	Variables []Variable `json:"variables,omitempty"`
}

// SLI is an SLI of an SLX.
type SLI struct {
	Path       string      `json:"path" class:"configuration"` // of the document's file
	Source     Source      `json:"source,omitzero"`
	Unit       string      `json:"unit,omitempty" class:"configuration"`
	Objectives []Objective `json:"objectives,omitempty"`
}

// Limits of a page, and of a directory.
const (
	MaxPageSLXs = 50
	MaxPages    = 400

	maxPageBytes      = 256 << 10 // as JSON; one SLX may have more
	maxPlaces         = 2000
	maxSLXsOfPlace    = 20
	maxDirectoryBytes = 400 << 10
)

// Graph is a configuration in the form in which it is stored: pages of SLXs in the order
// of their names, and a directory.
type Graph struct {
	Directory Directory
	Pages     [][]SLX
}

// Directory says which SLXs are on which page, and which SLXs have the tasks of a file.
type Directory struct {
	Commit  string   `json:"commit" class:"operational"`
	SLXs    int      `json:"slxs" class:"operational"`
	Omitted int64    `json:"omitted,omitempty" class:"operational"` // what did not fit
	First   []string `json:"first,omitempty" class:"configuration"` // Key of the first SLX of each page
	Tasks   []Place  `json:"tasks,omitempty"`
}

// Place says which SLXs have the tasks of a file, or of a title.
type Place struct {
	Source Source   `json:"source,omitzero"`
	Title  string   `json:"title,omitempty" class:"configuration"`
	SLXs   []string `json:"slxs" class:"configuration"`  // the first of them
	Count  int      `json:"count" class:"configuration"` // of the SLXs
}

// Has reports whether tasks are those of a place.
func (t Tasks) Has(p Place) bool {
	return p.Title == "" && t.Source == p.Source || p.Title != "" && slices.Contains(t.Titles, p.Title)
}

// Page returns the number of the page that an SLX is on if it exists, or -1.
func (d Directory) Page(name string) int {
	n, found := slices.BinarySearch(d.First, Key(name))
	if !found {
		n--
	}
	return n
}

// Build joins the elements of a commit. The order of the elements makes no difference,
// except that the first ones are kept where there are too many.
func Build(commit string, elements []Element, omitted int64) Graph {
	b := builder{slxs: map[string]*SLX{}}
	objectives := map[string][]Objective{}
	for _, e := range elements {
		b.add(e)
		if e.Kind == configtree.SLO && e.Objective != (Objective{}) {
			objectives[Key(e.SLX)] = append(objectives[Key(e.SLX)], e.Objective)
		}
	}
	for key, list := range objectives {
		for i := range b.slxs[key].SLIs {
			b.slxs[key].SLIs[i].Objectives = list[:min(len(list), maxSLIsOfSLX)]
		}
	}
	for _, e := range elements {
		b.relate(e)
	}
	return b.graph(commit, omitted)
}

// builder collects SLXs by Key.
type builder struct{ slxs map[string]*SLX }

func (b builder) of(name string) *SLX {
	key := Key(name)
	if b.slxs[key] == nil {
		b.slxs[key] = &SLX{Name: name}
	}
	return b.slxs[key]
}

func (b builder) add(e Element) {
	if e.Kind == configtree.Workspace {
		return
	}
	x := b.of(e.SLX)
	switch e.Kind {
	case configtree.SLX:
		if x.Path == "" {
			x.Name, x.Path, x.Alias, x.Resource, x.Tags = e.SLX, e.Path, e.Alias, e.Resource, e.Tags
		}
	case configtree.Runbook, configtree.TaskSet:
		if len(x.Tasks) < maxTasksOfSLX {
			x.Tasks = append(x.Tasks, Tasks{Path: e.Path, Source: e.Source, Titles: e.Titles, Variables: e.Variables})
		}
	case configtree.SLI:
		if len(x.SLIs) < maxSLIsOfSLX {
			x.SLIs = append(x.SLIs, SLI{Path: e.Path, Source: e.Source, Unit: e.Unit})
		}
	}
}

// relate adds groups and relations to the SLXs that exist.
func (b builder) relate(e Element) {
	for _, name := range e.Group.SLXs {
		if x := b.slxs[Key(name)]; x != nil && len(x.Groups) < maxGroupsOfSLX && !slices.Contains(x.Groups, e.Group.Name) {
			x.Groups = append(x.Groups, e.Group.Name)
		}
	}
	for _, r := range e.Relations {
		if x := b.slxs[Key(r.SLX)]; x != nil && len(x.Relations) < maxRelationsOfSLX {
			x.Relations = append(x.Relations, r)
		}
	}
}

func (b builder) graph(commit string, omitted int64) Graph {
	g := Graph{Directory: Directory{Commit: commit, Omitted: omitted}}
	var sorted []*SLX
	for _, x := range b.slxs {
		sorted = append(sorted, x)
	}
	slices.SortFunc(sorted, func(a, b *SLX) int { return cmp.Compare(Key(a.Name), Key(b.Name)) })
	size := 0
	for n, x := range sorted {
		bytes := encodedBytes(x)
		last := len(g.Pages) - 1
		if last < 0 || len(g.Pages[last]) == MaxPageSLXs || size+bytes > maxPageBytes {
			if len(g.Pages) == MaxPages {
				g.Directory.Omitted += int64(len(sorted) - n)
				break
			}
			g.Pages, g.Directory.First, size = append(g.Pages, nil), append(g.Directory.First, Key(x.Name)), 0
			last++
		}
		g.Pages[last] = append(g.Pages[last], *x)
		size += bytes
		g.Directory.SLXs++
	}
	g.addTasks()
	return g
}

// places returns one place without SLXs for the file and for each title of tasks.
func (t Tasks) places() (places []Place) {
	if t.Source != (Source{}) {
		places = append(places, Place{Source: t.Source})
	}
	for _, title := range t.Titles {
		places = append(places, Place{Title: title})
	}
	return places
}

// addTasks lists where tasks are: files in the order of their addresses, then titles.
func (g *Graph) addTasks() {
	type key struct {
		source Source
		title  string
	}
	places := map[key]*Place{}
	for x := range g.slxs() {
		counted := map[key]bool{} // an SLX may have a task twice
		for _, t := range x.Tasks {
			for _, p := range t.places() {
				k := key{p.Source, p.Title}
				if places[k] == nil {
					places[k] = &p
				}
				if !counted[k] {
					counted[k] = true
					places[k].add(x.Name)
				}
			}
		}
	}
	sorted := make([]Place, 0, len(places))
	for _, p := range places {
		sorted = append(sorted, *p)
	}
	slices.SortFunc(sorted, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Title, b.Title), cmp.Compare(a.Source.Repository, b.Source.Repository), cmp.Compare(a.Source.Path, b.Source.Path))
	})
	size := 0
	for _, p := range sorted {
		if size += encodedBytes(p); size > maxDirectoryBytes || len(g.Directory.Tasks) == maxPlaces {
			g.Directory.Omitted++
			continue
		}
		g.Directory.Tasks = append(g.Directory.Tasks, p)
	}
}

func (p *Place) add(name string) {
	if p.Count++; len(p.SLXs) < maxSLXsOfPlace {
		p.SLXs = append(p.SLXs, name)
	}
}

func (g *Graph) slxs() iter.Seq[SLX] {
	return func(yield func(SLX) bool) {
		for _, page := range g.Pages {
			for _, x := range page {
				if !yield(x) {
					return
				}
			}
		}
	}
}

// encodedBytes returns the size of a value as JSON.
func encodedBytes(value any) int {
	encoded, err := json.Marshal(value)
	if err != nil {
		return 0 // texts and numbers only: it does not fail
	}
	return len(encoded)
}

func (e Element) bytes() int { return encodedBytes(e) }
