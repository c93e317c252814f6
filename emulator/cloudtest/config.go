package cloudtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/filemode"
	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/plumbing/format/pktline"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The content types of git's requests.
const (
	PushMedia  = "application/x-git-receive-pack-request"
	FetchMedia = "application/x-git-upload-pack-request"
)

// Media is a body with a content type of its own.
type Media struct {
	Type string
	Data []byte
}

// SLX returns a configuration with one file. Its text makes it different from others.
func SLX(text string) []configtree.File {
	const head = "apiVersion: runwhen.com/v1\nkind: ServiceLevelX\nmetadata: {name: ws--api}\nspec:\n  alias: "
	return []configtree.File{{Path: "slx.yaml", Data: []byte(head + text + "\n")}}
}

// ConfigPath returns the path of the configuration of a workspace.
func ConfigPath(w tenant.WorkspaceID) string { return "/v1/workspaces/" + string(w) + "/config" }

// MainOf returns the commit of main in a workspace, as git's first request shows it, or the
// zero hash.
func (tn *Tenant) MainOf(t testing.TB, w tenant.WorkspaceID) string {
	t.Helper()
	refs := tn.Do(t, "admin", http.MethodGet, ConfigPath(w)+".git/info/refs?service=git-upload-pack", nil).Want(t, http.StatusOK)
	before, _, found := bytes.Cut(refs.Body, []byte(" refs/heads/main\n"))
	if !found {
		return plumbing.ZeroHash.String()
	}
	return string(before[len(before)-40:])
}

// ReviewConfig reviews files for a workspace, as an admin, who may review in every workspace.
func (tn *Tenant) ReviewConfig(t testing.TB, w tenant.WorkspaceID, files []configtree.File) {
	t.Helper()
	tn.reviewConfig(t, "admin", w, files)
}

func (tn *Tenant) reviewConfig(t testing.TB, persona string, w tenant.WorkspaceID, files []configtree.File) string {
	t.Helper()
	tree, faults := configtree.New(files)
	if len(faults) > 0 {
		t.Fatalf("the configuration is not valid: %v", faults)
	}
	body := map[string]any{"files": len(files), "bytes": tree.Bytes()}
	tn.Do(t, persona, http.MethodPut, ConfigPath(w)+"/reviews/"+tree.Digest().String(), body).Want(t, http.StatusOK)
	return tree.Digest().String()
}

// HoldConfig reviews and pushes files as a pipeline, so that the push waits for approval. It
// returns the digest of the tree.
func (tn *Tenant) HoldConfig(t testing.TB, w tenant.WorkspaceID, files []configtree.File) string {
	t.Helper()
	digest := tn.reviewConfig(t, "pipeline", w, files)
	push := NewPush(t, tn.MainOf(t, w), files)
	r := tn.Do(t, "pipeline", http.MethodPost, ConfigPath(w)+".git/git-receive-pack", push).Want(t, http.StatusOK)
	if !bytes.Contains(r.Body, []byte("held for approval")) {
		t.Fatalf("the push is not held: %s", r.Body)
	}
	return digest
}

// PushConfig reviews and pushes files that are in one directory.
func (tn *Tenant) PushConfig(t testing.TB, w tenant.WorkspaceID, files []configtree.File) {
	t.Helper()
	tn.ReviewConfig(t, w, files)
	tn.push(t, w, NewPush(t, tn.MainOf(t, w), files))
}

// PushCommit reviews and pushes files that are in directories, with a message of its own.
func (tn *Tenant) PushCommit(t testing.TB, w tenant.WorkspaceID, message string, files []configtree.File) {
	t.Helper()
	tn.ReviewConfig(t, w, files)
	tn.push(t, w, NewCommit(t, tn.MainOf(t, w), message, files))
}

func (tn *Tenant) push(t testing.TB, w tenant.WorkspaceID, push Media) {
	t.Helper()
	r := tn.Do(t, "builder", http.MethodPost, ConfigPath(w)+".git/git-receive-pack", push).Want(t, http.StatusOK)
	if !bytes.Contains(r.Body, []byte("ok refs/heads/main")) {
		t.Fatalf("the push is refused: %s", r.Body)
	}
}

// NewPush returns the request of git that moves main from a commit to a new one with files.
func NewPush(t testing.TB, from string, files []configtree.File) Media {
	t.Helper()
	b := builder{Storage: memory.NewStorage(), t: t}
	return b.push(from, "change\n", b.flat(files))
}

// NewCommit returns the request of git that moves main from a commit to a new one with a message
// and with files that are in directories.
func NewCommit(t testing.TB, from, message string, files []configtree.File) Media {
	t.Helper()
	b := builder{Storage: memory.NewStorage(), t: t}
	return b.push(from, message, b.directory(files))
}

// builder collects the objects of a push.
type builder struct {
	*memory.Storage
	t      testing.TB
	hashes []plumbing.Hash
}

func (b *builder) add(kind plumbing.ObjectType, encode func(plumbing.EncodedObject) error) plumbing.Hash {
	b.t.Helper()
	o := b.NewEncodedObject()
	o.SetType(kind)
	if err := encode(o); err != nil {
		b.t.Fatal(err)
	}
	hash, err := b.SetEncodedObject(o)
	if err != nil {
		b.t.Fatal(err)
	}
	if !slices.Contains(b.hashes, hash) {
		b.hashes = append(b.hashes, hash)
	}
	return hash
}

func (b *builder) blob(f configtree.File) plumbing.Hash {
	return b.add(plumbing.BlobObject, func(o plumbing.EncodedObject) error {
		w, err := o.Writer()
		if err == nil {
			_, err = w.Write(f.Data)
		}
		return err
	})
}

// flat adds one tree whose names are the paths of the files, whatever they are.
func (b *builder) flat(files []configtree.File) plumbing.Hash {
	tree := rawTree{}
	for _, f := range files {
		tree = append(tree, object.TreeEntry{Name: f.Path, Mode: filemode.Regular, Hash: b.blob(f)})
	}
	return b.add(plumbing.TreeObject, tree.encode)
}

// directory adds a tree for each directory.
func (b *builder) directory(files []configtree.File) plumbing.Hash {
	tree, below := rawTree{}, map[string][]configtree.File{}
	for _, f := range files {
		if name, rest, ok := strings.Cut(f.Path, "/"); ok {
			below[name] = append(below[name], configtree.File{Path: rest, Data: f.Data})
		} else {
			tree = append(tree, object.TreeEntry{Name: f.Path, Mode: filemode.Regular, Hash: b.blob(f)})
		}
	}
	for name, files := range below {
		tree = append(tree, object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: b.directory(files)})
	}
	slices.SortFunc(tree, func(x, y object.TreeEntry) int { return strings.Compare(sortName(x), sortName(y)) })
	return b.add(plumbing.TreeObject, tree.encode)
}

// sortName is by what git sorts the entries of a tree.
func sortName(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

// push returns the request of git that moves main from a commit to a new one with a tree.
func (b *builder) push(from, message string, tree plumbing.Hash) Media {
	b.t.Helper()
	commit := &object.Commit{TreeHash: tree, Message: message, Author: author(), Committer: author()}
	if old := plumbing.NewHash(from); !old.IsZero() {
		commit.ParentHashes = []plumbing.Hash{old}
	}
	to := b.add(plumbing.CommitObject, commit.Encode)
	var body bytes.Buffer
	_, _ = pktline.Writef(&body, "%s %s refs/heads/main\x00 report-status\n", from, to) // a buffer does not fail
	_ = pktline.WriteFlush(&body)
	if _, err := packfile.NewEncoder(&body, b.Storage, false).Encode(b.hashes, 0); err != nil {
		b.t.Fatal(err)
	}
	return Media{PushMedia, body.Bytes()}
}

// rawTree is a tree whose names are not checked, so that a test can push what git would not.
type rawTree []object.TreeEntry

func (t rawTree) encode(o plumbing.EncodedObject) error {
	o.SetType(plumbing.TreeObject)
	w, err := o.Writer()
	if err != nil {
		return err
	}
	for _, e := range t {
		if _, err := fmt.Fprintf(w, "%o %s\x00%s", uint32(e.Mode), e.Name, e.Hash.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func author() object.Signature {
	return object.Signature{Name: "Ann", Email: "ann@example.com", When: time.Now().UTC()}
}
