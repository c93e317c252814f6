// Package catalogimport reads a checkout of a Robot Framework code collection
// into tasks for the public catalog.
package catalogimport

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/catalog"
)

// Found are the tasks of a directory.
type Found struct {
	Tasks  []api.Task
	Notes  []string // one line for each task or file that was skipped or shortened
	Failed bool     // a task or file was skipped
}

// Read reads all .robot files below dir. A task's source is prefix followed by
// the path of its file.
func Read(dir, prefix string) Found {
	var found Found
	seen := map[[3]string]bool{}
	for suite, err := range catalog.Walk(dir) {
		if err != nil {
			found.skip("%v", err)
			continue
		}
		for _, section := range suite.Unknown {
			found.skip("%s: Robot Framework has no section with this name, in the languages that are understood", section)
		}
		for _, t := range suite.Tasks {
			found.add(seen, t, prefix)
		}
	}
	return found
}

func (f *Found) skip(format string, args ...any) {
	f.Failed = true
	f.Notes = append(f.Notes, "skipped: "+fmt.Sprintf(format, args...))
}

func (f *Found) add(seen map[[3]string]bool, t catalog.Task, prefix string) {
	task := api.Task{
		Name: t.Name, Documentation: t.Documentation, Tags: t.Tags, Suite: t.Suite, Source: prefix + t.Source,
		DisplayName: shorten(t.DisplayName, api.MaxSuiteTitle), SuiteDocumentation: shorten(t.SuiteDocumentation, api.MaxSuiteText), Kind: t.Kind,
	}
	if len(t.Supports) > 0 {
		task.Supports = slices.DeleteFunc(slices.Clone(t.Supports), isInvalidTag)
		task.Supports = task.Supports[:min(len(task.Supports), api.MaxSupports)]
	}
	if err := validate(task); err != nil {
		f.skip("%.200q in %s: %v", t.Name, t.Source, err)
		return
	}
	key := [3]string{task.Source, task.Suite, task.Name}
	if seen[key] {
		f.skip("%q in %s: the file has two tasks with this name", t.Name, t.Source)
		return
	}
	seen[key] = true
	if task.Documentation = shorten(t.Documentation, api.MaxTaskText); task.Documentation != t.Documentation {
		f.Notes = append(f.Notes, fmt.Sprintf("shortened to %d characters: the documentation of %q in %s", api.MaxTaskText, t.Name, t.Source))
	}
	f.Tasks = append(f.Tasks, task)
}

// shorten returns the first size characters of text.
func shorten(text string, size int) string {
	if utf8.RuneCountInString(text) <= size {
		return text
	}
	return string([]rune(text)[:size])
}

// isInvalidTag reports whether the catalog rejects a tag.
func isInvalidTag(tag string) bool { return tag == "" || len(tag) > api.MaxTaskTagBytes }

// validate returns an error if the catalog rejects a task.
func validate(t api.Task) error {
	for _, text := range []struct {
		name, value string
		maximum     int
	}{{"the name", t.Name, api.MaxTaskName}, {"the suite's name", t.Suite, api.MaxTaskName}, {"the source", t.Source, api.MaxTaskSource}} {
		if n := utf8.RuneCountInString(text.value); n < 1 || n > text.maximum {
			return fmt.Errorf("%s must have 1 to %d characters; it has %d", text.name, text.maximum, n)
		}
	}
	switch {
	case len(t.Tags) > api.MaxTaskTags:
		return fmt.Errorf("a task has at most %d tags; this task has %d", api.MaxTaskTags, len(t.Tags))
	case slices.ContainsFunc(t.Tags, isInvalidTag):
		return fmt.Errorf("a tag must have 1 to %d bytes", api.MaxTaskTagBytes)
	case strings.ContainsFunc(t.Name+t.Suite+t.Source, func(r rune) bool { return r == utf8.RuneError }):
		return errors.New("the name is not valid UTF-8")
	}
	return nil
}

// Edition is a hash of all tasks. It changes when any of them changes.
func (f Found) Edition() string {
	h := sha256.New()
	for _, t := range f.Tasks {
		encoded, _ := api.Encode(t) // texts can always be encoded
		fmt.Fprintf(h, "%d:%s", len(encoded), encoded)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// batchBytes leaves room in a request body for the other fields.
const batchBytes = api.MaxPutBytes - 64<<10

// Batches splits tasks into batches that one call may store.
func Batches(tasks []api.Task) iter.Seq[[]api.Task] {
	return func(yield func([]api.Task) bool) {
		first, bytes := 0, 0
		for i, t := range tasks {
			encoded, _ := api.Encode(t) // texts can always be encoded
			if i > first && (i-first == api.MaxPutTasks || bytes+len(encoded)+1 > batchBytes) {
				if !yield(tasks[first:i]) {
					return
				}
				first, bytes = i, 0
			}
			bytes += len(encoded) + 1
		}
		if first < len(tasks) {
			yield(tasks[first:])
		}
	}
}
