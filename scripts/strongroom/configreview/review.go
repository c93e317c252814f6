package configreview

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// The kinds of changes.
const (
	New       = "new"
	Changed   = "changed"
	Removed   = "removed"
	Unchanged = "unchanged"
)

// Review says what an upload of a directory would send, and what it finds there.
type Review struct {
	Digest   string             `json:"digest" doc:"of the exact tree, which names its review"`
	Files    int                `json:"files"`
	Bytes    int64              `json:"bytes"`
	Ignored  int                `json:"ignored" doc:"files and directories that a pattern excludes"`
	Kinds    []Kind             `json:"kinds" doc:"what leaves, by kind of document"`
	Changes  Changes            `json:"changes" doc:"number of files, compared with the configuration in effect"`
	Entries  []Entry            `json:"entries"`
	Findings []Finding          `json:"findings"`
	Unused   []findings.Waiver  `json:"unusedWaivers,omitempty" doc:"waivers that cover no finding"`
	Faults   []configtree.Fault `json:"faults,omitempty" doc:"why the platform would refuse the tree"`

	Tree    configtree.Tree   `json:"-"`
	Waivers []findings.Waiver `json:"-"`
}

// Kind is what leaves in the documents of one kind.
type Kind struct {
	Kind      string   `json:"kind"`
	Documents int      `json:"documents"`
	Fields    []string `json:"fields,omitempty" doc:"names; [] stands for every element"`
}

// Changes counts files.
type Changes struct {
	New       int `json:"new"`
	Changed   int `json:"changed"`
	Removed   int `json:"removed"`
	Unchanged int `json:"unchanged"`
}

// Entry is a file of the directory or of the configuration in effect.
type Entry struct {
	Path   string   `json:"path"`
	Change string   `json:"change" doc:"new, changed, removed or unchanged"`
	Size   int      `json:"size" doc:"bytes; 0 if it is removed"`
	Fields []string `json:"fields,omitempty" doc:"names of the fields that leave; absent if it is unchanged"`
}

// Finding is a finding and the waiver that covers it.
type Finding struct {
	findings.Finding
	Waived string `json:"waived,omitempty" doc:"the reason of the waiver"`
}

// FileHash names the content of a file of the configuration in effect.
type FileHash struct {
	Path   string
	SHA256 string
}

// Read reviews a directory. inEffect is the configuration in effect. An error means
// that the directory or its waivers cannot be read.
func Read(dir string, inEffect []FileHash) (Review, error) {
	d, err := readDirectory(dir)
	if err != nil {
		return Review{}, err
	}
	tree, faults := configtree.New(d.files)
	r := Review{Tree: tree, Ignored: d.ignored, Faults: append(d.faults, faults...), Kinds: []Kind{}, Entries: []Entry{}, Findings: []Finding{}}
	if len(r.Faults) > 0 {
		return r, nil
	}
	if r.Waivers, err = readWaivers(tree.Files); err != nil {
		return Review{}, err
	}
	r.Digest, r.Files, r.Bytes = tree.Digest().String(), len(tree.Files), tree.Bytes()
	r.compare(inEffect)
	r.listKinds()
	r.find()
	return r, nil
}

// Open returns the findings without a waiver.
func (r Review) Open() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Waived != "" })
}

// Waive adds waivers to those of the directory.
func (r *Review) Waive(waivers []findings.Waiver) {
	r.Waivers = append(slices.Clip(r.Waivers), waivers...)
	r.find()
}

// compare fills Entries and Changes.
func (r *Review) compare(inEffect []FileHash) {
	before := map[string]string{}
	for _, f := range inEffect {
		before[f.Path] = f.SHA256
	}
	for _, f := range r.Tree.Files {
		e := Entry{Path: f.Path, Change: New, Size: len(f.Data)}
		if old, ok := before[f.Path]; ok {
			if e.Change = Changed; old == HashOf(f) {
				e.Change = Unchanged
			}
		}
		if e.Change != Unchanged {
			e.Fields = fieldsOf(f)
		}
		delete(before, f.Path)
		r.Entries = append(r.Entries, e)
	}
	for _, path := range slices.Sorted(maps.Keys(before)) {
		r.Entries = append(r.Entries, Entry{Path: path, Change: Removed})
	}
	for _, e := range r.Entries {
		switch e.Change {
		case New:
			r.Changes.New++
		case Changed:
			r.Changes.Changed++
		case Removed:
			r.Changes.Removed++
		case Unchanged:
			r.Changes.Unchanged++
		}
	}
}

// HashOf returns the SHA-256 of a file, in hexadecimal digits.
func HashOf(f configtree.File) string {
	sum := sha256.Sum256(f.Data)
	return hex.EncodeToString(sum[:])
}

// Text is the kind of files that have no documents.
const Text = "text"

// listKinds fills Kinds. It parses one file at a time, because documents need much memory.
func (r *Review) listKinds() {
	counts, fields := map[string]int{}, map[string]fieldNames{}
	for _, f := range r.Tree.Files {
		documents := f.Documents()
		if len(documents) == 0 {
			counts[Text]++
		}
		for _, d := range documents {
			if fields[d.Kind] == nil {
				fields[d.Kind] = fieldNames{}
			}
			counts[d.Kind]++
			fields[d.Kind].add(d)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		r.Kinds = append(r.Kinds, Kind{Kind: kind, Documents: counts[kind], Fields: slices.Sorted(maps.Keys(fields[kind]))})
	}
}

// fieldNames are names of fields, without the positions of elements.
type fieldNames map[string]bool

// position is the position of an element.
var position = lazyregexp.New(`\[[0-9]+\]`)

func (n fieldNames) add(d configtree.Document) {
	for v := range d.Values() {
		if v.Key != "" {
			n[position.ReplaceAllString(v.Field, "[]")] = true
		}
	}
}

// fieldsOf returns the names of the fields of a file.
func fieldsOf(f configtree.File) []string {
	names := fieldNames{}
	for _, d := range f.Documents() {
		names.add(d)
	}
	return slices.Sorted(maps.Keys(names))
}

// find fills Findings and Unused.
func (r *Review) find() {
	found := findings.Scan(r.Tree)
	r.Findings, r.Unused = []Finding{}, nil
	used := map[findings.Waiver]bool{}
	for _, f := range found {
		shown := Finding{Finding: f}
		for _, w := range r.Waivers {
			if w.Covers(f) {
				used[w] = true
				shown.Waived = cmp.Or(shown.Waived, w.Reason)
			}
		}
		r.Findings = append(r.Findings, shown)
	}
	for _, w := range r.Waivers {
		if !used[w] {
			r.Unused = append(r.Unused, w)
		}
	}
}
