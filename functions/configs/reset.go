package configs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

type resetRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Body      struct {
		Commit string `json:"commit" class:"operational" minLength:"40" maxLength:"40" pattern:"^[0-9a-f]{40}$" doc:"Commit of main, so that nothing is dropped that the caller does not know"`
	}
}

type resetResponse struct {
	Body struct {
		Commit  string   `json:"commit" class:"operational" doc:"The only commit of main"`
		Digest  string   `json:"digest" class:"operational" doc:"Of the tree in effect, which did not change"`
		Object  string   `json:"object" class:"operational" doc:"Name of the only object that the repository uses"`
		Objects []string `json:"objects" class:"operational" doc:"Names of the objects that the repository has used until now. The platform may not delete them. In the configs bucket, delete every object of the workspace except the one that is used: older packs may be there, too"`
	}
}

// reset drops the history: main becomes one commit with the same tree, in a pack of its
// own. What only older commits have, such as a leaked secret, cannot be fetched any more.
func (h *Handler) reset(ctx context.Context, in *resetRequest) (*resetResponse, error) {
	s := access.From(ctx)
	old, err := readRepository(ctx, s)
	if err != nil {
		return nil, err
	}
	if old.Commit == "" {
		return nil, api.Refuse(http.StatusNotFound, noConfigText)
	}
	if old.Commit != in.Body.Commit {
		return nil, api.Refuse(http.StatusConflict, "main is at another commit; read the configuration and try again")
	}
	if err := h.guard.RefuseUnderHold(ctx, s.Tenant.ID, s.Workspace); err != nil {
		return nil, err
	}
	if err := old.reserve(ctx, pushMemory); err != nil {
		return nil, err
	}
	if err := h.checkKey(ctx, s); err != nil {
		return nil, err
	}
	st, err := h.load(ctx, s, old)
	if err != nil {
		return nil, err
	}
	m, data, err := h.squash(st, old)
	if err != nil {
		return nil, err
	}
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, entry(s, auditlog.ResetConfig, old.Digest))
	if err != nil {
		return nil, err
	}
	if err := h.storePack(ctx, s, m.Pack, data); err != nil {
		return nil, keyLocked(err)
	}
	if err := h.moveMain(ctx, s, prepared, m, nil); errors.Is(err, errMoved) {
		return nil, api.Refuse(http.StatusConflict, "somebody has pushed meanwhile; read the configuration and try again")
	} else if err != nil {
		return nil, err
	}
	out := &resetResponse{}
	out.Body.Commit, out.Body.Digest, out.Body.Object, out.Body.Objects = m.To, m.Digest, m.Pack.object(s), []string{}
	for _, p := range old.Packs {
		if p != m.Pack {
			out.Body.Objects = append(out.Body.Objects, p.object(s))
		}
	}
	return out, nil
}

// squash returns a commit without parents that has the tree of main, and its pack.
func (h *Handler) squash(st *memory.Storage, old repository) (m move, data []byte, err error) {
	head, err := object.GetCommit(st, plumbing.NewHash(old.Commit))
	if err != nil {
		return move{}, nil, fmt.Errorf("read commit: %w", err)
	}
	by := object.Signature{Name: "strongroom", Email: "strongroom", When: h.deps.Now().UTC()}
	commit := &object.Commit{TreeHash: head.TreeHash, Message: "Reset the history\n", Author: by, Committer: by}
	o := st.NewEncodedObject()
	if err := commit.Encode(o); err != nil {
		return move{}, nil, fmt.Errorf("encode commit: %w", err)
	}
	to, err := st.SetEncodedObject(o)
	if err != nil {
		return move{}, nil, fmt.Errorf("store commit: %w", err)
	}
	reached := map[plumbing.Hash]bool{to: true}
	if err := reachTree(&quarantine{Storage: st}, head.TreeHash, reached, 0); err != nil {
		return move{}, nil, err
	}
	files, err := treeFiles(&quarantine{Storage: st}, head.TreeHash)
	if err != nil {
		return move{}, nil, err
	}
	tree, faults := configtree.New(files)
	if len(faults) > 0 { // the limits of a tree are stricter now
		tree = configtree.Tree{}
	}
	m = move{From: old.Commit, To: to.String(), Digest: old.Digest, Said: slx.Collect(tree), Reset: true}
	for hash := range reached {
		size, err := st.EncodedObjectSize(hash)
		if err != nil {
			return move{}, nil, fmt.Errorf("read object: %w", err)
		}
		m.Bytes += size
	}
	var out bytes.Buffer
	hashes := slices.SortedFunc(maps.Keys(reached), func(a, b plumbing.Hash) int { return a.Compare(b.Bytes()) })
	if _, err := packfile.NewEncoder(&out, st, false).Encode(hashes, 0); err != nil {
		return move{}, nil, fmt.Errorf("encode pack: %w", err)
	}
	m.Pack = newPack(out.Bytes())
	m.Pack.Fresh = true // it is the only one
	return m, out.Bytes(), nil
}
