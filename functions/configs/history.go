package configs

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/filemode"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/configtree"
)

type logRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"50" default:"20"`
	PageToken string `query:"pageToken" class:"operational"`
}

type logResponse struct {
	Body struct {
		Commits []CommitBody `json:"commits"`
		Next    string       `json:"nextPageToken,omitempty" class:"operational" doc:"Token for the next page; absent on the last page"`
	}
}

// CommitBody is a commit of main.
type CommitBody struct {
	Commit  string    `json:"commit" class:"operational"`
	Digest  string    `json:"digest" class:"operational" doc:"Of its tree, and so the ID of its review"`
	Author  string    `json:"author" class:"configuration" doc:"As the commit says; the audit log says who has pushed"`
	Message string    `json:"message" class:"configuration"`
	Time    time.Time `json:"time" class:"operational" doc:"As the commit says"`
	Files   int       `json:"files" class:"operational"`
}

// logPosition is the position of the last commit of a page. A push does not change the pages
// that follow, because they start at the same main.
type logPosition struct {
	Main string `json:"m"`
	Last string `json:"l"`
}

// log lists the commits of main, newest first.
func (h *Handler) log(ctx context.Context, in *logRequest) (*logResponse, error) {
	s := access.From(ctx)
	key := "configuration of " + string(s.Workspace)
	last, err := access.ParsePageToken[logPosition](ctx, in.PageToken, key)
	if err != nil {
		return nil, err
	}
	r, err := readRepository(ctx, s)
	if err != nil {
		return nil, err
	}
	st, err := h.loadForReading(ctx, s, r, readMemory)
	if err != nil {
		return nil, err
	}
	if last.Main == "" {
		last.Main = r.Commit
	}
	commits, err := commitsFrom(st, plumbing.NewHash(last.Main))
	if err != nil {
		return nil, api.Refuse(http.StatusConflict, "the history was reset; start again without pageToken")
	}
	start := 1 + slices.IndexFunc(commits, func(c *object.Commit) bool { return c.Hash.String() == last.Last })
	out := &logResponse{}
	out.Body.Commits = []CommitBody{}
	sums := map[plumbing.Hash]configtree.FileSum{}
	end := min(start+in.PageSize, len(commits))
	for _, c := range commits[start:end] {
		body, err := showCommit(st, c, sums)
		if err != nil {
			return nil, err
		}
		out.Body.Commits = append(out.Body.Commits, body)
		last.Last = body.Commit
	}
	if end < len(commits) {
		out.Body.Next = access.PageToken(ctx, last, key)
	}
	return out, nil
}

// commitsFrom returns the commits that a commit reaches: itself first, and each before its
// parents.
func commitsFrom(st *memory.Storage, from plumbing.Hash) (commits []*object.Commit, err error) {
	first, err := object.GetCommit(st, from)
	if err != nil {
		return nil, fmt.Errorf("read commit: %w", err)
	}
	all := object.NewCommitIterCTime(first, nil, nil)
	defer all.Close()
	err = all.ForEach(func(c *object.Commit) error {
		commits = append(commits, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return commits, nil
}

// maxMessage limits how much of a message is shown, in bytes.
const maxMessage = 4096

// showCommit returns a commit with the digest of its tree. sums caches files by the hash of
// their blobs.
func showCommit(st *memory.Storage, c *object.Commit, sums map[plumbing.Hash]configtree.FileSum) (CommitBody, error) {
	files, err := treeSums(st, c.TreeHash, "", sums)
	if err != nil {
		return CommitBody{}, err
	}
	slices.SortFunc(files, func(a, b configtree.FileSum) int { return strings.Compare(a.Path, b.Path) })
	message := strings.ToValidUTF8(c.Message, "\uFFFD")
	return CommitBody{
		Commit: c.Hash.String(), Digest: configtree.DigestOf(files).String(), Author: strings.ToValidUTF8(c.Author.Name, "\uFFFD"),
		Message: message[:min(len(message), maxMessage)], Time: c.Author.When.UTC(), Files: len(files),
	}, nil
}

func treeSums(st *memory.Storage, hash plumbing.Hash, prefix string, sums map[plumbing.Hash]configtree.FileSum) (files []configtree.FileSum, err error) {
	tree, err := object.GetTree(st, hash)
	if err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	for _, e := range tree.Entries {
		if e.Mode == filemode.Dir {
			below, err := treeSums(st, e.Hash, prefix+e.Name+"/", sums)
			if err != nil {
				return nil, err
			}
			files = append(files, below...)
			continue
		}
		sum, ok := sums[e.Hash]
		if !ok {
			data, err := readBlob(st, e.Hash)
			if err != nil {
				return nil, err
			}
			sum = configtree.SumOf(configtree.File{Data: data})
			sums[e.Hash] = sum
		}
		sum.Path = prefix + e.Name
		files = append(files, sum)
	}
	return files, nil
}
