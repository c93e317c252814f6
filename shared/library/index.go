package library

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/rank"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

// Index is one version of the catalog in memory. It does not change, and is safe
// for concurrent use.
type Index struct {
	*rank.Index
	tasks    map[string]catalog.Task       // by ID
	enriched map[string]catalog.Enrichment // by ID, of the tasks that have one
	named    map[string][]string           // IDs of tasks by NameKey
	inFile   map[string][]string           // IDs of tasks by slx.PathKey of their source
}

// Task returns the task with an ID; the zero Task if none exists.
func (x *Index) Task(id string) catalog.Task { return x.tasks[id] }

// Enrichment returns what the catalog says about the task with an ID in other words than its
// author's; the zero Enrichment if none exists.
func (x *Index) Enrichment(id string) catalog.Enrichment { return x.enriched[id] }

// Named returns the IDs of the tasks whose names have the same NameKey as name.
// Several suites may have a task of one name.
func (x *Index) Named(name string) []string { return x.named[NameKey(name)] }

// InFile returns the IDs of the tasks whose source has a key: see slx.PathKey. Files of
// different repositories may have one key.
func (x *Index) InFile(key string) []string { return x.inFile[key] }

// readIndex reads all entries, one after the other, up to the limits of the catalog.
func readIndex(ctx context.Context, db *firestore.Client, r Register) (*Index, error) {
	x := &Index{tasks: map[string]catalog.Task{}, enriched: map[string]catalog.Enrichment{}, named: map[string][]string{}, inFile: map[string][]string{}}
	if r.Version == "" {
		x.Index = rank.New(nil)
		return x, nil
	}
	var documents []rank.Document
	docs := db.Collection(Collection).OrderBy(firestore.DocumentID, firestore.Asc).Limit(MaxTasks).Documents(ctx)
	defer docs.Stop()
	texts := map[string]string{}
	for size := 0; size < MaxBytes; {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		var entry Entry
		if err == nil {
			err = doc.DataTo(&entry)
		}
		if err != nil {
			return nil, fmt.Errorf("read catalog: %w", err)
		}
		t := entry.Task
		shareTexts(&t, texts)
		id, key, file := doc.Ref.ID, NameKey(t.Name), slx.PathKey(t.Source)
		x.tasks[id], x.named[key], x.inFile[file] = t, append(x.named[key], id), append(x.inFile[file], id)
		if !entry.Enrichment.IsZero() {
			x.enriched[id] = entry.Enrichment
		}
		documents = append(documents, x.Document(id))
		size += Bytes(t)
	}
	x.Index = rank.New(documents)
	return x, nil
}

// shareTexts makes the tasks share one copy of the texts that many of them have: those
// of their suite, and their tags.
func shareTexts(t *catalog.Task, texts map[string]string) {
	for _, text := range []*string{&t.Suite, &t.Source, &t.DisplayName, &t.SuiteDocumentation} {
		*text = intern(texts, *text)
	}
	for _, list := range [][]string{t.Tags, t.Supports} {
		for i, text := range list {
			list[i] = intern(texts, text)
		}
	}
}

// intern returns the first copy of a text.
func intern(texts map[string]string, text string) string {
	if first, ok := texts[text]; ok {
		return first
	}
	texts[text] = text
	return text
}

// Document returns what the task with an ID is searched by.
func (x *Index) Document(id string) rank.Document {
	t := x.tasks[id]
	return rank.Document{
		ID: id, Name: t.Name, Documentation: t.Documentation, Tags: t.Tags, Enrichment: x.enriched[id].Text(),
		Context: t.DisplayName + "\n" + strings.Join(t.Supports, "\n") + "\n" + t.SuiteDocumentation,
	}
}

// variableName matches the name of a thing in backticks, and a variable that is
// replaced by one.
var variableName = lazyregexp.New("`[^`]*`|\\$\\{[^}]*\\}")

// NameKey returns a key that is equal for names that differ only in case, in
// invisible characters, in spaces, hyphens and underscores, or in the things in backticks that they name:
// a run's task is "Check Pod `cart-1`" where the catalog has "Check Pod ${POD}".
func NameKey(name string) string {
	name = variableName.ReplaceAllString(strings.ToLower(run.CanonicalName(name)), "`")
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '-' || r == '_' }), " ")
}
