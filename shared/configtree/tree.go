package configtree

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// Limits of a tree.
const (
	MaxFiles     = 20_000
	MaxBytes     = 32 << 20
	MaxFileBytes = 1 << 20
	MaxPathBytes = 400
	MaxDepth     = 8
)

// MaxFaults limits how many faults of a tree are listed.
const MaxFaults = 50

// File is one file of a tree.
type File struct {
	Path string `class:"configuration"` // relative, with slashes
	Data []byte `class:"configuration"`
}

// Fault says why a tree is refused.
type Fault struct {
	Path    string `json:"path" class:"configuration"`            // empty: the fault is of the whole tree
	Line    int    `json:"line,omitempty" class:"configuration"`  // from 1; 0: the fault is of the whole file
	Field   string `json:"field,omitempty" class:"configuration"` // such as spec.configProvided[0].value
	Message string `json:"message" class:"operational"`           // what to change; it has nothing of the file's content
}

func (f Fault) String() string {
	where := f.Path
	if f.Line > 0 {
		where += fmt.Sprintf(":%d", f.Line)
	}
	if f.Field != "" {
		where += " " + f.Field
	}
	if where == "" {
		return f.Message
	}
	return where + ": " + f.Message
}

// Tree is a valid tree. The zero Tree has no files.
type Tree struct {
	Files  []File           // sorted by path
	Counts map[string]int64 // documents of each kind
}

// New checks files and returns their tree. If there is a fault, it returns the first
// MaxFaults of them and no tree. It sorts files.
func New(files []File) (Tree, []Fault) { return NewFunc(files, File.Read) }

// NewFunc is New for a caller that needs the documents too, so that each file is parsed once.
// It calls read for the files in the order of their paths. read returns what File.Read does;
// for a file that it has read before, it may return nothing.
func NewFunc(files []File, read func(File) ([]Document, []Fault)) (Tree, []Fault) {
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	if faults := checkSizes(files); faults != nil {
		return Tree{}, faults
	}
	faults := checkPaths(files)
	t := Tree{Files: files, Counts: map[string]int64{}}
	for _, f := range files {
		if len(faults) >= MaxFaults {
			break
		}
		documents, more := read(f)
		for _, d := range documents {
			t.Counts[d.Kind]++
		}
		faults = append(faults, more...)
	}
	if len(faults) > 0 {
		return Tree{}, faults[:min(len(faults), MaxFaults)]
	}
	return t, nil
}

func checkSizes(files []File) []Fault {
	if len(files) > MaxFiles {
		return []Fault{{Message: fmt.Sprintf("the tree has %d files; at most %d are allowed", len(files), MaxFiles)}}
	}
	total := 0
	for _, f := range files {
		if total += len(f.Data); len(f.Data) > MaxFileBytes {
			return []Fault{{Path: printable(f.Path), Message: fmt.Sprintf("the file has %d bytes; at most %d are allowed", len(f.Data), MaxFileBytes)}}
		}
	}
	if total > MaxBytes {
		return []Fault{{Message: fmt.Sprintf("the tree has %d bytes; at most %d are allowed", total, MaxBytes)}}
	}
	return nil
}

// Digest names one exact tree.
type Digest [sha256.Size]byte

// String returns the digest as 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest parses 64 lowercase hexadecimal digits.
func ParseDigest(s string) (d Digest, err error) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != len(d) || hex.EncodeToString(raw) != s {
		return d, errors.New("a digest has 64 digits of 0-9 and a-f")
	}
	return Digest(raw), nil
}

// Digest returns the digest of the tree; see the package's documentation.
func (t Tree) Digest() Digest {
	sums := make([]FileSum, 0, len(t.Files))
	for _, f := range t.Files {
		sums = append(sums, SumOf(f))
	}
	return DigestOf(sums)
}

// FileSum is a file without its content.
type FileSum struct {
	Path   string            `class:"configuration"`
	Size   int64             `class:"operational"` // in bytes
	SHA256 [sha256.Size]byte `class:"operational"`
}

// Hash returns the SHA-256 as 64 hexadecimal digits.
func (f FileSum) Hash() string { return hex.EncodeToString(f.SHA256[:]) }

// SumOf returns a file without its content.
func SumOf(f File) FileSum {
	return FileSum{Path: f.Path, Size: int64(len(f.Data)), SHA256: sha256.Sum256(f.Data)}
}

// DigestOf returns the digest of the tree with these files, which are sorted by path.
func DigestOf(files []FileSum) Digest {
	h := sha256.New()
	fmt.Fprint(h, "strongroom-config-tree/v1\n")
	for _, f := range files {
		fmt.Fprintf(h, "100644 %x %d %s\n", f.SHA256, f.Size, f.Path)
	}
	return Digest(h.Sum(nil))
}

// Bytes returns the number of bytes of all files.
func (t Tree) Bytes() (n int64) {
	for _, f := range t.Files {
		n += int64(len(f.Data))
	}
	return n
}
