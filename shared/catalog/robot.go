// Package catalog reads the tasks of Robot Framework files. They are public data,
// from which assistants suggest what to run.
package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/shared/charset"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// MaxFileBytes bounds a task file.
const MaxFileBytes = 1 << 20

// ErrFile is the error of a file that is too large or not UTF-8.
var ErrFile = errors.New("not a task file")

// Suite is the content of one file.
type Suite struct {
	Name          string            // as the file sets it, or derived from the file's name
	Documentation string            // lines are separated by newlines
	Metadata      map[string]string // as written; nil: none
	Supports      []string          // from the metadata: platforms and the like, each once
	Tasks         []Task
	Unknown       []string // sections that are not understood, each with its file and name
}

// The kinds of tasks.
const (
	KindTask = ""    // something to run
	KindSLI  = "sli" // a measurement that runs by itself
)

// Task is a task or test of a suite. It is stored at catalog/{id}: see shared/library.
type Task struct {
	Name          string   `firestore:"name" class:"public"`
	Documentation string   `firestore:"documentation" class:"public"`
	Tags          []string `firestore:"tags" class:"public"` // as written, each once; case and spaces make no difference
	Suite         string   `firestore:"suite" class:"public"`
	Source        string   `firestore:"source" class:"public"` // path within its collection, with slashes, or address

	DisplayName        string   `firestore:"displayName" class:"public"`        // of its suite, for people; may be empty
	SuiteDocumentation string   `firestore:"suiteDocumentation" class:"public"` // may be empty
	Supports           []string `firestore:"supports" class:"public"`           // what its suite is for
	Kind               string   `firestore:"kind" class:"public"`
}

// ID returns the ID of the task: 64 hex digits of a hash of source, suite and name.
func (t Task) ID() string {
	h := sha256.New()
	for _, text := range []string{t.Source, t.Suite, t.Name} {
		fmt.Fprintf(h, "%d:%s", len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Parse parses a task file in the space-separated or the pipe-separated format:
// robotframework.org/robotframework/latest/RobotFrameworkUserGuide.html. source becomes
// the Source of the tasks. The name of the suite is derived from its last element,
// unless the file sets one. Parse ignores everything else in the file, such as steps,
// keywords and variables.
func Parse(data []byte, source string) (Suite, error) {
	if len(data) > MaxFileBytes {
		return Suite{}, fmt.Errorf("%w: %s has %d bytes, the limit is %d", ErrFile, source, len(data), MaxFileBytes)
	}
	if encoding := charset.Of(data); encoding != "" {
		return Suite{}, fmt.Errorf("%w: %s is %s; convert it to UTF-8, as Robot Framework requires", ErrFile, source, encoding)
	}
	p := parser{suite: Suite{Name: suiteName(source)}}
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		p.row(cells(strings.TrimRight(line, "\r\n")))
	}
	p.end()
	for i, name := range p.suite.Unknown {
		p.suite.Unknown[i] = fmt.Sprintf("%s: *** %.100s ***", source, name)
	}
	for i := range p.suite.Tasks {
		p.suite.describe(&p.suite.Tasks[i], source)
	}
	return p.suite, nil
}

// describe sets the fields of a task that are those of its suite.
func (s Suite) describe(t *Task, source string) {
	t.Source, t.Suite = source, s.Name
	t.DisplayName, t.SuiteDocumentation, t.Supports = s.Metadata["Display Name"], s.Documentation, s.Supports
	if strings.EqualFold(path.Base(source), "sli.robot") { // the name that collections use for measurements
		t.Kind = KindSLI
	}
}

// prefix matches the part of a file name that only orders files in a directory.
var prefix = lazyregexp.New(`^.*?__`)

// suiteName derives the name of a suite from that of its file: "01__dns_health.robot" is
// "Dns Health".
func suiteName(source string) string {
	base := path.Base(source)
	base = prefix.ReplaceAllString(strings.TrimSuffix(base, path.Ext(base)), "")
	words := strings.Fields(strings.ReplaceAll(base, "_", " "))
	if strings.ToLower(base) == base {
		for i, word := range words {
			first, size := utf8.DecodeRuneInString(word)
			words[i] = strings.ToUpper(string(first)) + word[size:]
		}
	}
	return strings.Join(words, " ")
}

// tags returns the tags of a task: the tags of all tasks, and the task's own tags, or
// the default tags if it sets none. An own tag with a leading hyphen removes a tag of
// all tasks.
func (p *parser) tags(own []string, given bool) []string {
	if !given {
		own = p.defaultTags
	}
	tags, seen := []string{}, map[string]bool{}
	for _, tag := range own {
		if less, ok := strings.CutPrefix(tag, "-"); ok {
			seen[normal(less)] = true
		}
	}
	for _, tag := range slices.Concat(p.allTags, own) {
		key := normal(tag)
		if key == "" || key == "none" || strings.HasPrefix(tag, "-") || seen[key] {
			continue
		}
		seen[key] = true
		tags = append(tags, tag)
	}
	return tags
}

// normal returns a key by which names of settings and tags are compared.
func normal(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.TrimSuffix(s, ":")), ""))
}
