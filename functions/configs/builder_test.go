package configs_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
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
	"github.com/go-git/go-git/v6/plumbing/revlist"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

const mainRef = plumbing.ReferenceName("refs/heads/main")

// builder is a clone in memory, which go-git packs and unpacks. It is much faster than a process
// of git for each step.
type builder struct {
	tenant *cloudtest.Tenant
	name   string // so that two builders never make the same commit
	token  string
	st     *memory.Storage
	head   plumbing.Hash     // the newest commit
	pulled plumbing.Hash     // main at the last pull; zero: none yet
	files  map[string]string // of the newest commit, by path
}

func newBuilder(t *testing.T, tn *cloudtest.Tenant, name string) *builder {
	t.Helper()
	return &builder{tenant: tn, name: name, token: tn.Token(t, "builder"), st: memory.NewStorage(), files: map[string]string{}}
}

// treeOf returns files as a valid tree, or a zero one.
func treeOf(files map[string]string) configtree.Tree {
	var all []configtree.File
	for path, text := range files {
		all = append(all, configtree.File{Path: path, Data: []byte(text)})
	}
	tree, _ := configtree.New(all)
	return tree
}

// commit makes a commit of the files after the newest one.
func (b *builder) commit(t *testing.T, message string) plumbing.Hash {
	t.Helper()
	by := object.Signature{Name: b.name, Email: b.name + "@example.com", When: time.Now().UTC()}
	c := &object.Commit{TreeHash: b.tree(t, b.files), Message: message, Author: by, Committer: by}
	if !b.head.IsZero() {
		c.ParentHashes = []plumbing.Hash{b.head}
	}
	b.head = b.encode(t, c.Encode)
	return b.head
}

// tree stores files and their directories.
func (b *builder) tree(t *testing.T, files map[string]string) plumbing.Hash {
	t.Helper()
	below := map[string]map[string]string{} // by directory
	tree := &object.Tree{}
	for path, text := range files {
		directory, rest, nested := strings.Cut(path, "/")
		if !nested {
			blob := b.encode(t, func(o plumbing.EncodedObject) error { return write(o, plumbing.BlobObject, text) })
			tree.Entries = append(tree.Entries, object.TreeEntry{Name: path, Mode: filemode.Regular, Hash: blob})
			continue
		}
		if below[directory] == nil {
			below[directory] = map[string]string{}
		}
		below[directory][rest] = text
	}
	for _, name := range slices.Sorted(maps.Keys(below)) {
		tree.Entries = append(tree.Entries, object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: b.tree(t, below[name])})
	}
	slices.SortFunc(tree.Entries, func(a, b object.TreeEntry) int { return strings.Compare(sortKey(a), sortKey(b)) })
	return b.encode(t, tree.Encode)
}

// sortKey orders the entries of a directory as git does.
func sortKey(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

func write(o plumbing.EncodedObject, kind plumbing.ObjectType, text string) error {
	o.SetType(kind)
	w, err := o.Writer()
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	return err
}

func (b *builder) encode(t *testing.T, encode func(plumbing.EncodedObject) error) plumbing.Hash {
	t.Helper()
	o := b.st.NewEncodedObject()
	if err := encode(o); err != nil {
		t.Fatal(err)
	}
	hash, err := b.st.SetEncodedObject(o)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// push pushes the newest commit to a function. Its pack has deltas, as that of git. The error
// has the report.
func (b *builder) push(t *testing.T, address string) error {
	t.Helper()
	var body bytes.Buffer
	_, _ = pktline.Writef(&body, "%s %s %s\x00 report-status\n", b.pulled, b.head, mainRef) // a buffer does not fail
	_ = pktline.WriteFlush(&body)
	if _, err := packfile.NewEncoder(&body, b.st, false).Encode(b.fresh(t), 10); err != nil {
		t.Fatal(err)
	}
	status, answer, err := b.send(t, address, "/git-receive-pack", cloudtest.PushMedia, body.Bytes())
	if err == nil && (status != http.StatusOK || !bytes.Contains(answer, []byte("ok refs/heads/main"))) {
		err = fmt.Errorf("status %d: %s", status, answer)
	}
	return err
}

// fresh returns the objects of a push, as git chooses them: the new commits and what their
// files have, without what main has. It does not leave out what only older commits have.
func (b *builder) fresh(t *testing.T) (hashes []plumbing.Hash) {
	t.Helper()
	seen := map[plumbing.Hash]bool{plumbing.ZeroHash: true}
	if !b.pulled.IsZero() {
		seen[b.pulled] = true
		for _, hash := range b.reach(t, b.commitOf(t, b.pulled).TreeHash) {
			seen[hash] = true
		}
	}
	add := func(hash plumbing.Hash) {
		if !seen[hash] {
			seen[hash], hashes = true, append(hashes, hash)
		}
	}
	for next := b.head; !seen[next]; {
		c := b.commitOf(t, next)
		add(next)
		for _, hash := range b.reach(t, c.TreeHash) {
			add(hash)
		}
		if next = plumbing.ZeroHash; len(c.ParentHashes) > 0 {
			next = c.ParentHashes[0]
		}
	}
	return hashes
}

func (b *builder) commitOf(t *testing.T, hash plumbing.Hash) *object.Commit {
	t.Helper()
	c, err := object.GetCommit(b.st, hash)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reach returns the objects that a commit or a directory reaches.
func (b *builder) reach(t *testing.T, from plumbing.Hash) []plumbing.Hash {
	t.Helper()
	hashes, err := revlist.Objects(b.st, []plumbing.Hash{from}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return hashes
}

// pull makes main the newest commit. It fetches only what is new since the last pull.
func (b *builder) pull(t *testing.T) {
	t.Helper()
	main := b.tenant.MainOf(t, b.tenant.Workspace)
	b.fetch(t, b.tenant.Cloud.URL, main)
	b.head = plumbing.NewHash(main)
	b.pulled, b.files = b.head, b.filesOf(t, b.head)
}

// fetch gets the objects of a commit from a function.
func (b *builder) fetch(t *testing.T, address, commit string) {
	t.Helper()
	var body bytes.Buffer
	_, _ = pktline.Writef(&body, "want %s ofs-delta\n", commit) // a buffer does not fail
	_ = pktline.WriteFlush(&body)
	if !b.pulled.IsZero() {
		_, _ = pktline.Writef(&body, "have %s\n", b.pulled)
	}
	_, _ = pktline.Writef(&body, "done\n")
	status, answer, err := b.send(t, address, "/git-upload-pack", cloudtest.FetchMedia, body.Bytes())
	_, pack, found := bytes.Cut(answer, []byte("PACK"))
	if err != nil || !found {
		t.Fatalf("fetch: status %d: %v %s", status, err, answer)
	}
	pack = append([]byte("PACK"), pack...)
	if binary.BigEndian.Uint32(pack[8:12]) == 0 {
		return
	}
	if _, err := packfile.NewParser(bytes.NewReader(pack), packfile.WithStorage(b.st)).Parse(); err != nil {
		t.Fatal(err)
	}
}

// send sends a request of git to a function.
func (b *builder) send(t *testing.T, address, path, media string, body []byte) (status int, answer []byte, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+configPath(b.tenant)+".git"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("token", b.token)
	r.Header.Set("Content-Type", media)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// filesOf returns the files of a commit.
func (b *builder) filesOf(t *testing.T, commit plumbing.Hash) map[string]string {
	t.Helper()
	all, err := b.commitOf(t, commit).Files()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = all.ForEach(func(f *object.File) error {
		text, err := f.Contents()
		files[f.Name] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
