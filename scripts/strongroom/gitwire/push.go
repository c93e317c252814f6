package gitwire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/filemode"
	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/plumbing/format/pktline"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/plumbing/protocol/packp"
	"github.com/go-git/go-git/v6/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// mainBranch is the only branch of a configuration.
const mainBranch = "refs/heads/main"

// Commit is a commit to push.
type Commit struct {
	Parent  string            // commit of main, or empty if there is no commit yet
	Known   map[string]string // SHA-256 of the files of Parent, by path: their objects are not sent again
	Tree    configtree.Tree
	Message string
	Time    time.Time
}

// author is the author of commits. The platform's audit log says who has pushed, so a
// commit has no name of a person.
const author = "strongroom"

// NewPush returns the body of a push that moves main to a commit, and the commit's hash.
func NewPush(c Commit) (body []byte, hash string, err error) {
	p := packer{st: memory.NewStorage(), known: map[string]bool{}, unchanged: sameDirectories(c)}
	for _, sum := range c.Known {
		p.known[sum] = true
	}
	root, err := p.addTree("", c.Tree.Files)
	if err != nil {
		return nil, "", err
	}
	by := object.Signature{Name: author, Email: author, When: c.Time.UTC()}
	commit := &object.Commit{TreeHash: root, Message: c.Message + "\n", Author: by, Committer: by}
	from := plumbing.ZeroHash
	if c.Parent != "" {
		from = plumbing.NewHash(c.Parent)
		commit.ParentHashes = []plumbing.Hash{from}
	}
	to, err := p.add(plumbing.CommitObject, commit.Encode, true)
	if err != nil {
		return nil, "", err
	}
	var out bytes.Buffer
	_, _ = pktline.Writef(&out, "%s %s %s\x00 report-status side-band-64k agent=strongroom\n", from, to, mainBranch) // a buffer does not fail
	_ = pktline.WriteFlush(&out)
	if _, err := packfile.NewEncoder(&out, p.st, false).Encode(p.hashes, 0); err != nil {
		return nil, "", fmt.Errorf("encode the pack: %w", err)
	}
	return out.Bytes(), to.String(), nil
}

// packer collects the objects of a pack.
type packer struct {
	st        *memory.Storage
	hashes    []plumbing.Hash
	known     map[string]bool // SHA-256 of contents that the platform has
	unchanged map[string]bool // directories that the platform has
}

// addTree adds the files below a directory, which are sorted by path, and returns the
// hash of its tree.
func (p *packer) addTree(dir string, files []configtree.File) (plumbing.Hash, error) {
	tree := &object.Tree{}
	for len(files) > 0 {
		name, rest, isDir := strings.Cut(strings.TrimPrefix(files[0].Path, dir), "/")
		entry := object.TreeEntry{Name: name, Mode: filemode.Regular}
		n := 1
		var err error
		if isDir && rest != "" {
			sub := dir + name + "/"
			if n = slices.IndexFunc(files, func(f configtree.File) bool { return !strings.HasPrefix(f.Path, sub) }); n < 0 {
				n = len(files)
			}
			entry.Mode = filemode.Dir
			entry.Hash, err = p.addTree(sub, files[:n])
		} else {
			entry.Hash, err = p.addFile(files[0])
		}
		if err != nil {
			return plumbing.ZeroHash, err
		}
		tree.Entries = append(tree.Entries, entry)
		files = files[n:]
	}
	slices.SortFunc(tree.Entries, compareEntries)
	return p.add(plumbing.TreeObject, tree.Encode, !p.unchanged[dir])
}

// compareEntries orders entries as git does: the name of a directory ends with a slash.
func compareEntries(a, b object.TreeEntry) int {
	key := func(e object.TreeEntry) string {
		if e.Mode == filemode.Dir {
			return e.Name + "/"
		}
		return e.Name
	}
	return strings.Compare(key(a), key(b))
}

func (p *packer) addFile(f configtree.File) (plumbing.Hash, error) {
	sum := sha256.Sum256(f.Data)
	return p.add(plumbing.BlobObject, func(o plumbing.EncodedObject) error {
		w, err := o.Writer()
		if err != nil {
			return err
		}
		_, err = w.Write(f.Data)
		return errors.Join(err, w.Close())
	}, !p.known[hex.EncodeToString(sum[:])])
}

// add encodes an object and returns its hash. It becomes part of the pack if send is true.
func (p *packer) add(kind plumbing.ObjectType, encode func(plumbing.EncodedObject) error, send bool) (plumbing.Hash, error) {
	o := p.st.NewEncodedObject()
	o.SetType(kind)
	if err := encode(o); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("encode an object: %w", err)
	}
	if !send || p.st.HasEncodedObject(o.Hash()) == nil {
		return o.Hash(), nil
	}
	hash, err := p.st.SetEncodedObject(o)
	p.hashes = append(p.hashes, hash)
	return hash, err
}

// sameDirectories returns the directories, with a slash at the end, that have the same
// files in the parent and in the commit.
func sameDirectories(c Commit) map[string]bool {
	before, after := map[string][]string{}, map[string][]string{}
	for path, sum := range c.Known {
		listInDirectories(before, path, sum)
	}
	for _, f := range c.Tree.Files {
		sum := sha256.Sum256(f.Data)
		listInDirectories(after, f.Path, hex.EncodeToString(sum[:]))
	}
	same := map[string]bool{}
	for dir, files := range after {
		old := before[dir]
		slices.Sort(old)
		slices.Sort(files)
		same[dir] = slices.Equal(old, files)
	}
	return same
}

func listInDirectories(in map[string][]string, path, sum string) {
	for at, c := range path {
		if c == '/' {
			in[path[:at+1]] = append(in[path[:at+1]], path+" "+sum)
		}
	}
	in[""] = append(in[""], path+" "+sum)
}

// RefusedError is why the platform refused a push.
type RefusedError struct{ Reason string }

// Error implements error.
func (e *RefusedError) Error() string { return e.Reason }

// ReadReport reads the response to a push. It writes the lines for people to progress,
// and returns a *RefusedError if the push was refused.
func ReadReport(response []byte, progress io.Writer) error {
	demuxer := sideband.NewDemuxer(sideband.Sideband64k, bytes.NewReader(response))
	demuxer.Progress = progress
	report := &packp.ReportStatus{}
	if err := report.Decode(demuxer); err != nil {
		return errors.New("the response to the push is not valid")
	}
	if report.UnpackStatus != "ok" {
		return &RefusedError{report.UnpackStatus}
	}
	for _, s := range report.CommandStatuses {
		if s.Status != "ok" {
			return &RefusedError{s.Status}
		}
	}
	if len(report.CommandStatuses) == 0 {
		return errors.New("the response to the push says nothing about main")
	}
	return nil
}
