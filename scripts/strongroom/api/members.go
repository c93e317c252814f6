package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"
)

// Member is a user who may read a workspace.
type Member struct {
	ID      string     `json:"id"`
	Issuer  string     `json:"issuer,omitempty"` // empty: an older Terraform module wrote it
	Subject string     `json:"subject"`
	Owner   string     `json:"owner"` // terraform or api: who can remove it
	Added   *time.Time `json:"added,omitempty"`
	Entry   string     `json:"entry,omitempty"` // ID of the audit entry of the addition
}

// MemberPage is one page of members.
type MemberPage struct {
	Members       []Member `json:"members"`
	NextPageToken string   `json:"nextPageToken,omitempty"`
}

// MaxMemberPage is the largest page of members.
const MaxMemberPage = 200

func (c *Client) membersPath() string {
	return "/v1/tenant/workspaces/" + url.PathEscape(c.workspace) + "/members"
}

// Members lists the members of the workspace.
func (c *Client) Members(ctx context.Context, size int, token string) (p MemberPage, err error) {
	err = c.call(ctx, request{what: "list the members", method: http.MethodGet, path: c.membersPath(), query: pageQuery(size, token, nil)}, &p)
	return p, err
}

// AddMember lets a user read the workspace. It is safe to retry.
func (c *Client) AddMember(ctx context.Context, issuer, subject string) (m Member, err error) {
	r := request{what: "add the member", method: http.MethodPost, path: c.membersPath()}
	r.in = struct {
		Issuer  string `json:"issuer"`
		Subject string `json:"subject"`
	}{issuer, subject}
	err = c.call(ctx, r, &m)
	return m, err
}

// RemoveMember ends a user's membership of the workspace.
func (c *Client) RemoveMember(ctx context.Context, issuer, subject string) (m Member, err error) {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	err = c.call(ctx, request{what: "remove the member", method: http.MethodDelete, path: c.membersPath() + "/" + hex.EncodeToString(sum[:])}, &m)
	return m, err
}
