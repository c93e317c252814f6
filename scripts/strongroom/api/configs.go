package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/strongroom-dev/strongroom/shared/findings"
)

// MaxReviewPage is the maximum size of a page of reviews.
const MaxReviewPage = 200

// MaxPush is the maximum size of the body of a push, in bytes.
const MaxPush = 8 << 20

// maxFetch limits the response to a fetch. It is larger than a repository.
const maxFetch = 64 << 20

// ConfigTree is the configuration in effect. The zero ConfigTree has no commit.
type ConfigTree struct {
	Commit  string       `json:"commit"`
	Digest  string       `json:"digest"`
	Updated time.Time    `json:"updated"`
	Files   []ConfigFile `json:"files"`

	Kinds map[string]int64 `json:"kinds,omitempty"` // number of documents of each kind
}

// ConfigFile is a file of the configuration in effect.
type ConfigFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (c *Client) configPath() string {
	return "/v1/workspaces/" + url.PathEscape(c.workspace) + "/config"
}

// ConfigTree reads which files the configuration in effect has. A workspace without a
// configuration has the zero ConfigTree.
func (c *Client) ConfigTree(ctx context.Context) (tree ConfigTree, err error) {
	err = c.call(ctx, request{what: "read the configuration", method: http.MethodGet, path: c.configPath()}, &tree)
	var problem *Problem
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		return ConfigTree{}, nil
	}
	return tree, err
}

// NewReview is a review to record.
type NewReview struct {
	Files   int               `json:"files"`
	Bytes   int64             `json:"bytes"`
	Waivers []findings.Waiver `json:"waivers,omitempty"`
}

// ConfigReview is a recorded review.
type ConfigReview struct {
	Digest   string    `json:"digest"`
	Reviewer string    `json:"reviewer"`
	Kind     string    `json:"kind"` // person or pipeline
	Files    int64     `json:"files"`
	Bytes    int64     `json:"bytes"`
	Created  time.Time `json:"created"`
	Push     *HeldPush `json:"push,omitempty"` // nil: no push of the tree waited for approval

	Waivers  []findings.Waiver `json:"waivers,omitempty"`  // only of one review
	InEffect string            `json:"inEffect,omitempty"` // digest of the tree in effect; only of one review
}

// HeldPush is a push that waits for approval, or did.
type HeldPush struct {
	State   string     `json:"state"`  // waiting, approved, rejected or expired
	Reason  string     `json:"reason"` // tenant or pipeline
	Pusher  string     `json:"pusher"`
	Created time.Time  `json:"created"`
	Decider string     `json:"decider,omitempty"`
	Decided *time.Time `json:"decided,omitempty"`

	Decisions []string `json:"decisions,omitempty"` // approve and reject, as far as the caller may now
}

// HeldChanges is what a push that waits changes.
type HeldChanges struct {
	Push      HeldPush     `json:"push"`
	Changes   []HeldChange `json:"changes"`
	Truncated bool         `json:"truncated"`
}

// HeldChange is a file that a push changes.
type HeldChange struct {
	Path   string `json:"path"`
	Change string `json:"change"` // new, changed or removed
	Before string `json:"before,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Text   string `json:"text,omitempty"`
}

func (c *Client) reviewPath(digest string) string {
	return c.configPath() + "/reviews/" + url.PathEscape(digest)
}

// ConfigReview reads a review with its waivers.
func (c *Client) ConfigReview(ctx context.Context, digest string) (r ConfigReview, err error) {
	err = c.call(ctx, request{what: "read the review", method: http.MethodGet, path: c.reviewPath(digest)}, &r)
	return r, err
}

// HeldChanges reads what a push that waits changes.
func (c *Client) HeldChanges(ctx context.Context, digest string) (h HeldChanges, err error) {
	err = c.call(ctx, request{what: "read the push", method: http.MethodGet, path: c.reviewPath(digest) + "/files"}, &h)
	return h, err
}

// ApproveConfig lets a push that waits take effect. It is safe to retry.
func (c *Client) ApproveConfig(ctx context.Context, digest string) (r ConfigReview, err error) {
	err = c.call(ctx, request{what: "approve the push", method: http.MethodPost, path: c.reviewPath(digest) + "/approve"}, &r)
	return r, err
}

// RejectConfig rejects a push that waits. It is safe to retry.
func (c *Client) RejectConfig(ctx context.Context, digest string) (r ConfigReview, err error) {
	err = c.call(ctx, request{what: "reject the push", method: http.MethodPost, path: c.reviewPath(digest) + "/reject"}, &r)
	return r, err
}

// MaxCommitPage is the maximum size of a page of commits.
const MaxCommitPage = 50

// ConfigCommit is a commit of main.
type ConfigCommit struct {
	Commit  string    `json:"commit"`
	Digest  string    `json:"digest"`
	Author  string    `json:"author"`
	Message string    `json:"message"`
	Time    time.Time `json:"time"`
	Files   int       `json:"files"`
}

// ConfigCommits lists the commits of main, newest first.
func (c *Client) ConfigCommits(ctx context.Context, size int, token string) (commits []ConfigCommit, next string, err error) {
	var page struct {
		Commits []ConfigCommit `json:"commits"`
		Next    string         `json:"nextPageToken"`
	}
	err = c.call(ctx, request{what: "list the commits", method: http.MethodGet, path: c.configPath() + "/log", query: pageQuery(size, token, nil)}, &page)
	return page.Commits, page.Next, err
}

// ConfigReset is the result of a reset.
type ConfigReset struct {
	Commit  string   `json:"commit"`
	Digest  string   `json:"digest"`
	Object  string   `json:"object"`  // that the repository uses
	Objects []string `json:"objects"` // that it has used until now
}

// ResetConfig drops the history before a commit, which must be main.
func (c *Client) ResetConfig(ctx context.Context, commit string) (r ConfigReset, err error) {
	in := struct {
		Commit string `json:"commit"`
	}{commit}
	err = c.call(ctx, request{what: "reset the history", method: http.MethodPost, path: c.configPath() + "/reset", in: in}, &r)
	return r, err
}

// RecordReview records the review of a tree. It is safe to retry.
func (c *Client) RecordReview(ctx context.Context, digest string, r NewReview) (recorded ConfigReview, err error) {
	err = c.call(ctx, request{what: "record the review", method: http.MethodPut, path: c.reviewPath(digest), in: r}, &recorded)
	return recorded, err
}

// WaitingPushes selects the reviews whose push waits for approval.
const WaitingPushes = "waiting"

// ConfigReviews lists reviews, newest first; or, with WaitingPushes, only some, by digest.
func (c *Client) ConfigReviews(ctx context.Context, size int, token, push string) (reviews []ConfigReview, next string, err error) {
	var page struct {
		Reviews []ConfigReview `json:"reviews"`
		Next    string         `json:"nextPageToken"`
	}
	err = c.call(ctx, request{what: "list the reviews", method: http.MethodGet, path: c.configPath() + "/reviews", query: pageQuery(size, token, map[string]string{"push": push})}, &page)
	return page.Reviews, page.Next, err
}

// PushConfig sends the body of a push and returns git's response. It is safe to retry.
func (c *Client) PushConfig(ctx context.Context, body []byte) ([]byte, error) {
	return c.git(ctx, "push the configuration", "git-receive-pack", body)
}

// FetchConfig sends the body of a fetch and returns git's response.
func (c *Client) FetchConfig(ctx context.Context, body []byte) ([]byte, error) {
	return c.git(ctx, "fetch the configuration", "git-upload-pack", body)
}

func (c *Client) git(ctx context.Context, what, service string, body []byte) ([]byte, error) {
	timeout := 2*callTimeout + time.Duration(len(body)/minRate)*time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errSlow)
	defer cancel()
	r := request{what: what, method: http.MethodPost, path: c.configPath() + ".git/" + service, header: http.Header{"Content-Type": {"application/x-" + service + "-request"}}}
	return c.readAll(ctx, r, body, maxFetch)
}
