package configs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/filemode"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/plumbing/storer"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

// maxCommits limits the new commits of one push, because each is checked.
const maxCommits = 10

// newCommits returns the commits of a push that main does not reach, newest first. It
// returns an error unless the new main reaches the old one.
func (p *push) newCommits(st *quarantine, to plumbing.Hash) (commits []*object.Commit, err error) {
	old := plumbing.NewHash(zeroIfEmpty(p.old.Commit))
	forward := old.IsZero()
	seen := map[plumbing.Hash]bool{}
	next := []plumbing.Hash{to}
	for len(next) > 0 {
		hash := next[0]
		next = next[1:]
		if hash == old {
			forward = true
		}
		if seen[hash] || st.base.HasEncodedObject(hash) == nil {
			continue
		}
		seen[hash] = true
		commit, err := object.GetCommit(st, hash)
		if err != nil {
			return nil, errors.New("main must be a commit whose history is complete; do not push from a shallow clone")
		}
		if commits = append(commits, commit); len(commits) > maxCommits {
			return nil, fmt.Errorf("the push has more than %d new commits; squash them into one", maxCommits)
		}
		next = append(next, commit.ParentHashes...)
	}
	switch {
	case !forward:
		return nil, errors.New("main can only move forward; run git pull and push again, without force")
	case len(commits) == 0:
		return nil, errors.New("main can only move to a new commit")
	}
	return commits, nil
}

// onlyReached returns an error if a pack has an object that its commits do not reach:
// nobody has reviewed it.
func onlyReached(st *quarantine, commits []*object.Commit) error {
	reached := map[plumbing.Hash]bool{}
	for _, c := range commits {
		reached[c.Hash] = true
		if err := reachTree(st, c.TreeHash, reached, 0); err != nil {
			return err
		}
	}
	for hash := range st.Objects {
		if !reached[hash] {
			return errors.New("the pack has objects that the commits do not need; push again")
		}
	}
	return nil
}

func reachTree(st *quarantine, hash plumbing.Hash, reached map[plumbing.Hash]bool, depth int) error {
	if reached[hash] {
		return nil
	}
	reached[hash] = true
	tree, err := object.GetTree(st, hash)
	if err != nil || depth > configtree.MaxDepth {
		return errors.New("a directory is missing or too deep; push again")
	}
	for _, e := range tree.Entries {
		if e.Mode == filemode.Dir {
			if err := reachTree(st, e.Hash, reached, depth+1); err != nil {
				return err
			}
			continue
		}
		reached[e.Hash] = true
	}
	return nil
}

// checkCommit returns why a commit is refused. An error is not the client's.
func (p *push) checkCommit(ctx context.Context, st *quarantine, c *object.Commit, found scanner, isLast bool) (faults []string, err error) {
	files, fault := treeFiles(st, c.TreeHash)
	if fault != nil {
		return []string{fault.Error()}, nil
	}
	if isLast {
		p.said = &slx.Collection{}
	}
	tree, wrong := configtree.NewFunc(files, func(f configtree.File) ([]configtree.Document, []configtree.Fault) {
		return found.read(f, p.said)
	})
	for _, f := range wrong {
		faults = append(faults, f.String())
	}
	if len(faults) > 0 {
		return faults, nil
	}
	for _, f := range findings.ScanText(c.Message) {
		faults = append(faults, fmt.Sprintf("the message of the commit has a secret (%s); change the message", f.Rule))
	}
	r, open, err := p.handler.unreviewed(ctx, p.session, tree, found.of(tree))
	p.digest, p.review = tree.Digest().String(), r
	p.reviewers = append(p.reviewers, r.Reviewer)
	return append(faults, open...), err
}

// scanner has the findings of the files of a push, so that a file that several commits have
// is scanned once.
type scanner map[configtree.FileSum][]findings.Finding

// read parses a file once for everything that needs its documents. If said is nil, it does
// not parse a file again.
func (found scanner) read(f configtree.File, said *slx.Collection) ([]configtree.Document, []configtree.Fault) {
	sum := configtree.SumOf(f)
	_, known := found[sum]
	if known && said == nil {
		return nil, nil
	}
	documents, faults := f.Read()
	if len(faults) > 0 {
		return nil, faults
	}
	if said != nil {
		said.Add(documents)
	}
	if !known {
		found[sum] = findings.ScanFile(f, documents)
	}
	return documents, nil
}

// of returns the findings of a tree whose files were read.
func (found scanner) of(tree configtree.Tree) (all []findings.Finding) {
	for _, f := range tree.Files {
		if all = append(all, found[configtree.SumOf(f)]...); len(all) > findings.MaxFindings {
			break
		}
	}
	return all
}

// treeFiles returns the files of a tree. It reads at most one file more than a
// configuration may have.
func treeFiles(st *quarantine, hash plumbing.Hash) (files []configtree.File, err error) {
	total := 0
	var walk func(hash plumbing.Hash, prefix string, depth int) error
	walk = func(hash plumbing.Hash, prefix string, depth int) error {
		tree, err := object.GetTree(st, hash)
		if err != nil || depth > configtree.MaxDepth {
			return errors.New("a directory is missing or too deep; push again")
		}
		if err := checkEntries(tree.Entries); err != nil {
			return err
		}
		for _, e := range tree.Entries {
			path := prefix + e.Name
			switch e.Mode {
			case filemode.Dir:
				if err := walk(e.Hash, path+"/", depth+1); err != nil {
					return err
				}
				continue
			case filemode.Regular:
			default:
				return fmt.Errorf("%s: only regular files are allowed: no links, submodules and programs", shownPath(path))
			}
			data, err := readBlob(st, e.Hash)
			if err != nil {
				return err
			}
			files = append(files, configtree.File{Path: path, Data: data})
			if total += len(data); len(files) > configtree.MaxFiles || total > configtree.MaxBytes {
				return nil // the tree is refused for it
			}
		}
		return nil
	}
	if err := walk(hash, "", 0); err != nil {
		return nil, err
	}
	return files, nil
}

// checkEntries rejects a directory that git would not write, and that a clone would refuse:
// a name with a slash, and names that are not sorted or appear twice.
func checkEntries(entries []object.TreeEntry) error {
	before := ""
	for _, e := range entries {
		key := e.Name
		if e.Mode == filemode.Dir {
			key += "/"
		}
		if e.Name == "" || strings.Contains(e.Name, "/") || key <= before {
			return errors.New("a directory has names that git does not allow, or that are not sorted; push with a current git")
		}
		before = key
	}
	return nil
}

// shownPath returns a path without what is not safe in git's output.
func shownPath(path string) string {
	if configtree.CheckPath(path) != nil {
		return "a file"
	}
	return path
}

// readBlob returns a file, which the caller must not change: it is not a copy.
func readBlob(st storer.EncodedObjectStorer, hash plumbing.Hash) ([]byte, error) {
	o, err := st.EncodedObject(plumbing.BlobObject, hash)
	if err != nil {
		return nil, errors.New("a file is missing in the pack; push again")
	}
	blob, ok := o.(*packedObject)
	if !ok {
		return nil, errors.New("a file is not in a pack")
	}
	return blob.data, nil
}
