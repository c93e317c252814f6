package assistants

import (
	"cmp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/rank"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

// candidates are the tasks that may be suggested to a workspace: those that it has run,
// and the other tasks of the catalog. They are in one index, so that their scores are
// comparable.
type candidates struct {
	index    *rank.Index
	catalog  *library.Index
	ran      map[string]ranTask   // by ID in index
	replaced map[string]bool      // by ID in the catalog: tasks that one of ran, or a configured one, stands for
	places   map[string]slx.Place // by ID in index: tasks that the configuration has
}

// ranTask is a task that the workspace has run.
type ranTask struct {
	nextTaskBody
	readOnly bool // its tags say so: see isReadOnly
}

// newCandidates replaces tasks of the catalog by the tasks of the same name that the
// workspace has run. A task that the configuration has replaces the other tasks of its
// name in the catalog. A run's task does not say its suite. If several suites have a
// task of the name:
//
//   - It is read-only only if it is in all of them.
//   - It gets no documentation and no source.
//   - It is not a candidate if it is a measurement in all of them.
func newCandidates(index *library.Index, ran []nextTaskBody, config *configuration) candidates {
	c := candidates{catalog: index, ran: map[string]ranTask{}, replaced: map[string]bool{}, places: config.placesOf(index)}
	for id := range c.places {
		for _, other := range index.Named(index.Task(id).Name) {
			_, configured := c.places[other]
			c.replaced[other] = c.replaced[other] || !configured
		}
	}
	var documents []rank.Document
	for _, t := range ran {
		ids := index.Named(t.Name)
		runnable, readOnly := len(ids) == 0, len(ids) > 0
		for _, id := range ids {
			c.replaced[id] = true
			runnable = runnable || index.Task(id).Kind != catalog.KindSLI
			readOnly = readOnly && isReadOnly(index.Task(id))
		}
		if !runnable {
			continue
		}
		document := rank.Document{Name: t.Name}
		if len(ids) == 1 {
			document = index.Document(ids[0])
			t = describe(t, ids[0], index.Task(ids[0]))
		}
		document.ID = "workspace:" + library.NameKey(t.Name)
		if place, ok := c.placeOf(config, t.Name, ids); ok {
			c.places[document.ID] = place
		}
		documents, c.ran[document.ID] = append(documents, document), ranTask{t, readOnly}
	}
	c.index = index.With(documents)
	return c
}

// placeOf returns where the configuration has a task that the workspace has run.
func (c candidates) placeOf(config *configuration, name string, ids []string) (slx.Place, bool) {
	for _, id := range ids {
		if place, ok := c.places[id]; ok {
			return place, true
		}
	}
	return config.placeOfRun(name)
}

// describe adds to a task what the catalog says about it.
func describe(t nextTaskBody, id string, public catalog.Task) nextTaskBody {
	t.ID, t.Documentation, t.Source = id, public.Documentation, public.Source
	t.Suite = cmp.Or(public.DisplayName, public.Suite)
	return t
}

// search adds the tasks that match a step to the ranking: up to maxPerStep that the
// access level allows. Other tasks that match are added as withheld, because one of
// them may be the task that the author meant.
func (c candidates) search(s step, allowed accessLevel, found ranking) {
	suggested := 0
	for _, m := range c.index.Search(s.text, 3*maxPerStep, c.isExcluded) {
		task, readOnly := c.task(m.ID)
		if suggested == maxPerStep {
			return
		}
		if allowed == readWriteAccess || readOnly {
			suggested++
		} else {
			task.withheld = true
		}
		found.add(s, m, task)
	}
}

// isExcluded reports whether a task is never suggested: a measurement, which runs by
// itself, or a task that the workspace's own task replaces.
func (c candidates) isExcluded(id string) bool {
	return c.replaced[id] || c.catalog.Task(id).Kind == catalog.KindSLI
}

// task returns a candidate by its ID in the index.
func (c candidates) task(id string) (task nextTaskBody, readOnly bool) {
	place, configured := c.places[id]
	if ran, ok := c.ran[id]; ok {
		ran.place, ran.configured = place, configured
		return ran.nextTaskBody, ran.readOnly
	}
	t := c.catalog.Task(id)
	return describe(nextTaskBody{From: "catalog", Name: t.Name, place: place, configured: configured}, id, t), isReadOnly(t)
}

// isReadOnly reports whether the tags of a task say that it changes nothing.
func isReadOnly(t catalog.Task) bool {
	hasTag := func(want string) bool {
		return slices.ContainsFunc(t.Tags, func(tag string) bool { return strings.EqualFold(strings.ReplaceAll(tag, " ", ""), want) })
	}
	return hasTag("access:read-only") && !hasTag("access:read-write")
}
