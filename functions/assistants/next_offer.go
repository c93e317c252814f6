package assistants

import (
	"cmp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/rank"
)

// offer is what may be suggested to a workspace: what it has run, and what the
// catalog has beside. It is one index, so that scores compare.
type offer struct {
	index  *rank.Index
	public *library.Index
	own    map[string]ownTask // by id
	hidden map[string]bool    // ids in the catalog of what the workspace has run
}

// ownTask is a task that the workspace has run.
type ownTask struct {
	nextTaskBody
	reads bool // its tags say that it only reads
}

// newOffer takes the tasks that the workspace has run before those of the same
// name in the catalog. A name does not say the suite: what several tasks of a
// name say, and none else, holds for the one that ran.
func newOffer(public *library.Index, ran []nextTaskBody) offer {
	o := offer{public: public, own: map[string]ownTask{}, hidden: map[string]bool{}}
	var documents []rank.Document
	for _, t := range ran {
		name := library.NameKey(t.Name)
		known := public.Named(t.Name)
		d := rank.Document{Name: t.Name}
		runnable, reads := len(known) == 0, len(known) > 0
		for _, id := range known {
			o.hidden[id] = true
			runnable = runnable || public.Task(id).Kind != catalog.KindSLI
			reads = reads && onlyReads(public.Task(id))
		}
		if !runnable {
			continue
		}
		if len(known) == 1 {
			d = library.Document("", public.Task(known[0]))
			t = fromCatalog(t, known[0], public.Task(known[0]))
		}
		d.ID = "workspace:" + name
		documents, o.own[d.ID] = append(documents, d), ownTask{t, reads}
	}
	o.index = public.With(documents)
	return o
}

// fromCatalog adds to a task what the catalog says of it.
func fromCatalog(t nextTaskBody, id string, public catalog.Task) nextTaskBody {
	t.ID, t.Documentation, t.Source = id, public.Documentation, public.Source
	t.Suite = cmp.Or(public.DisplayName, public.Suite)
	return t
}

// search adds what one step asks for. A task that may not be suggested stands in
// the way of others like it: it is the one that is meant.
func (o offer) search(s step, may level, found ranking) {
	suggested := 0
	for _, m := range o.index.Search(s.text, 3*maxPerStep, o.leave) {
		task, reads := o.task(m.ID)
		if suggested == maxPerStep {
			return
		}
		if may == readWrite || reads {
			suggested++
		} else {
			task.withheld = true
		}
		found.add(s, m, task)
	}
}

// leave names what is never suggested: measurements, which run by themselves,
// and what the workspace's own task stands for.
func (o offer) leave(id string) bool {
	return o.hidden[id] || o.public.Task(id).Kind == catalog.KindSLI
}

func (o offer) task(id string) (task nextTaskBody, reads bool) {
	if own, ok := o.own[id]; ok {
		return own.nextTaskBody, own.reads
	}
	t := o.public.Task(id)
	return fromCatalog(nextTaskBody{From: "catalog", Name: t.Name}, id, t), onlyReads(t)
}

// onlyReads reports whether a task's tags say that it changes nothing.
func onlyReads(t catalog.Task) bool {
	says := func(what string) bool {
		return slices.ContainsFunc(t.Tags, func(tag string) bool { return strings.EqualFold(strings.ReplaceAll(tag, " ", ""), what) })
	}
	return says("access:read-only") && !says("access:read-write")
}
