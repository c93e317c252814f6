package gitbundle

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/filemode"
	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// The lines of a bundle before its pack.
const (
	signature  = "# v2 git bundle\n"
	headRef    = "HEAD"
	mainRef    = "refs/heads/main"
	hashDigits = 40
)

// Content is what a bundle has.
type Content struct {
	Commit  string            // of main: 40 hexadecimal digits
	Digest  configtree.Digest // of the files of main
	Commits int64             // that main reaches, with itself
	Files   int64             // of main
}

// ErrIncomplete is the error of a repository that does not have every object of main, or
// whose main is no configuration.
var ErrIncomplete = errors.New("the repository is not complete")

// Write writes a bundle of a commit of a repository, which becomes main.
func Write(w io.Writer, repository *memory.Storage, commit string) (Content, error) {
	content, reached, err := inspect(repository, commit)
	if err != nil {
		return Content{}, err
	}
	if _, err := fmt.Fprintf(w, "%s%s %s\n%[2]s %[4]s\n\n", signature, commit, headRef, mainRef); err != nil {
		return Content{}, fmt.Errorf("write the references: %w", err)
	}
	hashes := slices.SortedFunc(maps.Keys(reached), func(a, b plumbing.Hash) int { return cmp.Compare(a.String(), b.String()) })
	if _, err := packfile.NewEncoder(w, repository, false).Encode(hashes, 0); err != nil {
		return Content{}, fmt.Errorf("write the pack: %w", err)
	}
	return content, nil
}

// inspect returns what the bundle of a commit has, and the objects that the commit reaches.
func inspect(repository *memory.Storage, commit string) (c Content, reached map[plumbing.Hash]bool, err error) {
	reached = map[plumbing.Hash]bool{}
	next := []plumbing.Hash{plumbing.NewHash(commit)}
	for len(next) > 0 {
		hash := next[len(next)-1]
		next = next[:len(next)-1]
		if reached[hash] {
			continue
		}
		found, err := object.GetCommit(repository, hash)
		if err != nil {
			return c, nil, fmt.Errorf("%w: read commit: %w", ErrIncomplete, err)
		}
		reached[hash] = true
		c.Commits++
		if err := reach(repository, found.TreeHash, reached, 0); err != nil {
			return c, nil, err
		}
		next = append(next, found.ParentHashes...)
	}
	sums, err := filesOf(repository, commit)
	c.Commit, c.Files, c.Digest = commit, int64(len(sums)), configtree.DigestOf(sums)
	return c, reached, err
}

// reach adds a directory and what is below it to reached.
func reach(repository *memory.Storage, hash plumbing.Hash, reached map[plumbing.Hash]bool, depth int) error {
	if reached[hash] {
		return nil
	}
	tree, err := object.GetTree(repository, hash)
	if err != nil || depth > configtree.MaxDepth {
		return fmt.Errorf("%w: a directory is missing or too deep", ErrIncomplete)
	}
	reached[hash] = true
	for _, e := range tree.Entries {
		if e.Mode == filemode.Dir {
			if err := reach(repository, e.Hash, reached, depth+1); err != nil {
				return err
			}
			continue
		}
		if e.Mode != filemode.Regular || repository.HasEncodedObject(e.Hash) != nil {
			return fmt.Errorf("%w: a file is missing, or is no regular file", ErrIncomplete)
		}
		reached[e.Hash] = true
	}
	return nil
}

// maxEntries limits the entries of all directories of a configuration: its files, and the
// directories that they are in.
const maxEntries = configtree.MaxFiles * (configtree.MaxDepth + 1)

// lister lists the files of a commit.
type lister struct {
	repository *memory.Storage
	entries    int // seen so far
	sums       []configtree.FileSum
}

// filesOf returns the files of a commit, sorted by path.
func filesOf(repository *memory.Storage, commit string) ([]configtree.FileSum, error) {
	found, err := object.GetCommit(repository, plumbing.NewHash(commit))
	if err != nil {
		return nil, fmt.Errorf("%w: read commit: %w", ErrIncomplete, err)
	}
	l := &lister{repository: repository}
	if err := l.list(found.TreeHash, ""); err != nil {
		return nil, err
	}
	slices.SortFunc(l.sums, func(a, b configtree.FileSum) int { return cmp.Compare(a.Path, b.Path) })
	return l.sums, nil
}

// list adds the files of a directory. All of its objects are there.
func (l *lister) list(hash plumbing.Hash, prefix string) error {
	tree, err := object.GetTree(l.repository, hash)
	if err != nil {
		return fmt.Errorf("%w: read directory: %w", ErrIncomplete, err)
	}
	for _, e := range tree.Entries {
		if l.entries++; l.entries > maxEntries {
			return fmt.Errorf("%w: main has more than %d files and directories", ErrIncomplete, maxEntries)
		}
		if e.Mode == filemode.Dir {
			err = l.list(e.Hash, prefix+e.Name+"/")
		} else {
			err = l.add(e.Hash, prefix+e.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) add(hash plumbing.Hash, path string) error {
	blob, err := object.GetBlob(l.repository, hash)
	if err != nil {
		return fmt.Errorf("%w: read file: %w", ErrIncomplete, err)
	}
	in, err := blob.Reader()
	if err != nil {
		return fmt.Errorf("%w: read file: %w", ErrIncomplete, err)
	}
	defer in.Close()
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("%w: read file: %w", ErrIncomplete, err)
	}
	l.sums = append(l.sums, configtree.SumOf(configtree.File{Path: path, Data: data}))
	return nil
}
