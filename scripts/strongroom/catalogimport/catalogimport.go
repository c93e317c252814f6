// Package catalogue makes tasks of the public catalogue from a checkout of a
// Robot Framework code collection.
package catalogimport

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/catalog"
)

// Found is what a directory holds.
type Found struct {
	Tasks  []api.Task
	Notes  []string // what was passed over or cut, a line each
	Failed bool     // something was passed over
}

// Read reads all .robot files below dir. A task's source is its file's path with
// prefix before it.
func Read(dir, prefix string) Found {
	var found Found
	seen := map[[3]string]bool{}
	for suite, err := range catalog.Walk(dir) {
		if err != nil {
			found.pass("%v", err)
			continue
		}
		for _, t := range suite.Tasks {
			found.add(seen, t, prefix)
		}
	}
	return found
}

func (f *Found) pass(format string, args ...any) {
	f.Failed = true
	f.Notes = append(f.Notes, "passed over: "+fmt.Sprintf(format, args...))
}

func (f *Found) add(seen map[[3]string]bool, t catalog.Task, prefix string) {
	task := api.Task{
		Name: t.Name, Documentation: t.Documentation, Tags: t.Tags, Suite: t.Suite, Source: prefix + t.Source,
		DisplayName: cut(t.DisplayName, api.MaxSuiteTitle), SuiteDocumentation: cut(t.SuiteDocumentation, api.MaxSuiteText), Kind: t.Kind,
	}
	if len(t.Supports) > 0 {
		task.Supports = slices.DeleteFunc(slices.Clone(t.Supports), isBad)
		task.Supports = task.Supports[:min(len(task.Supports), api.MaxSupports)]
	}
	if why := refusal(task); why != "" {
		f.pass("%.200q of %s: %s", t.Name, t.Source, why)
		return
	}
	if key := [3]string{task.Source, task.Suite, task.Name}; seen[key] {
		f.pass("%q of %s: the file has two tasks of this name", t.Name, t.Source)
		return
	} else {
		seen[key] = true
	}
	if task.Documentation = cut(t.Documentation, api.MaxTaskText); task.Documentation != t.Documentation {
		f.Notes = append(f.Notes, fmt.Sprintf("cut to %d characters: the documentation of %q of %s", api.MaxTaskText, t.Name, t.Source))
	}
	f.Tasks = append(f.Tasks, task)
}

// cut leaves size characters of a text.
func cut(text string, size int) string {
	if utf8.RuneCountInString(text) <= size {
		return text
	}
	return string([]rune(text)[:size])
}

// isBad reports a tag that the catalogue would not take.
func isBad(tag string) bool { return tag == "" || len(tag) > api.MaxTaskTagBytes }

// refusal says why the catalogue would not take a task, if so.
func refusal(t api.Task) string {
	for _, text := range []struct {
		name, value string
		most        int
	}{{"the name", t.Name, api.MaxTaskName}, {"the suite's name", t.Suite, api.MaxTaskName}, {"the source", t.Source, api.MaxTaskSource}} {
		if n := utf8.RuneCountInString(text.value); n < 1 || n > text.most {
			return fmt.Sprintf("%s has %d characters, it may have 1 to %d", text.name, n, text.most)
		}
	}
	switch {
	case len(t.Tags) > api.MaxTaskTags:
		return fmt.Sprintf("it has %d tags, it may have %d", len(t.Tags), api.MaxTaskTags)
	case slices.ContainsFunc(t.Tags, isBad):
		return fmt.Sprintf("a tag may have 1 to %d bytes", api.MaxTaskTagBytes)
	case strings.ContainsFunc(t.Name+t.Suite+t.Source, func(r rune) bool { return r == utf8.RuneError }):
		return "its name is not UTF-8"
	}
	return ""
}

// Edition is a mark of all that was found: the same of the same.
func (f Found) Edition() string {
	h := sha256.New()
	for _, t := range f.Tasks {
		encoded, _ := api.Encode(t) // texts can always be encoded
		fmt.Fprintf(h, "%d:%s", len(encoded), encoded)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// batchBytes leaves room in a call's body for what is not a task.
const batchBytes = api.MaxPutBytes - 64<<10

// Batches cuts tasks into such pieces as one call may put.
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
