package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// AuditLog names an audit log: that of a tenant, or the platform's own one, which
// has no tenant.
type AuditLog struct{ Tenant string }

// Path returns the path of the log's files.
func (l AuditLog) Path() string {
	if l.Tenant == "" {
		return "/v1/platform/audit/log"
	}
	return "/v1/tenants/" + url.PathEscape(l.Tenant) + "/audit/log"
}

func (l AuditLog) entriesPath() string {
	if l.Tenant == "" {
		return "/v1/platform/audit/entries"
	}
	return "/v1/audit/entries"
}

// AuditFilter selects entries of an audit log. Empty fields match every entry.
type AuditFilter struct {
	From, To  time.Time // recorded in [From, To)
	ActorID   string    // see ActorID
	Action    string
	Outcome   string
	Workspace string
	Resource  string
	Run       string
	IDPrefix  string  // start of the ID; without other filters, and for the first page only
	After     *uint64 // index: only later entries
	Oldest    bool    // the oldest entry is the first, otherwise the newest
}

// ActorID returns the ID by which the platform finds the entries of an actor.
func ActorID(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return hex.EncodeToString(sum[:16])
}

// AuditEntry is an entry of an audit log.
type AuditEntry struct {
	Index   *uint64         `json:"index,omitempty" doc:"in the log; absent: none yet"`
	ActorID string          `json:"actorId" doc:"of the actor's issuer and subject; --actor accepts it"`
	Entry   json.RawMessage `json:"entry" doc:"id, time, tenant, actor, action, outcome, workspace, resource and more; its canonical form (RFC 8785) is the leaf of the Merkle tree"`
}

// MaxAuditPage is the maximum number of entries that this program requests on one
// page.
const MaxAuditPage = 500

// AuditPage is one page of a list. It can be empty and have a next page.
type AuditPage struct {
	Entries       []AuditEntry `json:"entries"`
	NextPageToken string       `json:"nextPageToken,omitempty"` // empty: this is the last page
	Size          uint64       `json:"size"`                    // entries of the published log
}

// AuditEntries reads one page of at most size entries. An empty token reads the
// first page.
func (c *Client) AuditEntries(ctx context.Context, log AuditLog, filter AuditFilter, size int, token string) (AuditPage, error) {
	order := "newest"
	if filter.Oldest {
		order = "oldest"
	}
	query := pageQuery(size, token, map[string]string{
		"order": order, "from": stamp(filter.From), "to": stamp(filter.To), "actor": filter.ActorID, "action": filter.Action,
		"outcome": filter.Outcome, "workspace": filter.Workspace, "resource": filter.Resource, "run": filter.Run, "idPrefix": filter.IDPrefix,
	})
	query.Del("pageSize")
	query.Set("limit", strconv.Itoa(size))
	if filter.After != nil {
		query.Set("after", strconv.FormatUint(*filter.After, 10))
	}
	var page AuditPage
	err := c.call(ctx, request{what: "list audit entries", method: http.MethodGet, path: log.entriesPath(), query: query}, &page)
	return page, err
}

// AuditEntry reads one entry.
func (c *Client) AuditEntry(ctx context.Context, log AuditLog, id string) (AuditEntry, error) {
	var entry AuditEntry
	r := request{what: "read the audit entry", method: http.MethodGet, path: log.entriesPath() + "/" + url.PathEscape(id)}
	err := c.call(ctx, r, &entry)
	return entry, err
}

// maxProof is the most bytes of a proof: 62 hashes, and a checkpoint of 64 KiB.
const maxProof = 128 << 10

// AuditProof reads the proof that an entry is in the published log
// (c2sp.org/tlog-proof).
func (c *Client) AuditProof(ctx context.Context, log AuditLog, id string) ([]byte, error) {
	r := request{what: "read the proof of the audit entry", method: http.MethodGet, path: log.entriesPath() + "/" + url.PathEscape(id) + "/proof"}
	return c.readAll(ctx, r, nil, maxProof)
}

// LogFile reads a file of a log, of at most limit bytes. The path is relative, as
// in c2sp.org/tlog-tiles.
func (c *Client) LogFile(ctx context.Context, log AuditLog, path string, limit int) ([]byte, error) {
	r := request{what: "read " + path + " of the audit log", method: http.MethodGet, path: log.Path() + "/" + path}
	return c.readAll(ctx, r, nil, limit)
}

// Cosign sends a checkpoint with a witness's signature. Errors: ErrOlderSize,
// ErrFork.
func (c *Client) Cosign(ctx context.Context, log AuditLog, signed []byte) error {
	r := request{
		what: "send the cosignature", method: http.MethodPost, path: log.Path() + "/cosignatures",
		header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
	}
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errSlow)
	defer cancel()
	res, err := c.send(ctx, r, signed)
	var refused *RefusedError
	switch {
	case err == nil:
		closeBody(res.Body)
		return nil
	case errors.As(err, &refused) && refused.Status == http.StatusConflict:
		return fmt.Errorf("%w (%w)", ErrOlderSize, err)
	case errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w (%w)", ErrFork, err)
	}
	return err
}

// Errors of Cosign.
var (
	ErrOlderSize = errors.New("the platform has this witness's signature on a larger checkpoint")
	ErrFork      = errors.New("the platform has published another checkpoint of this size")
)

// IsNotFound reports whether the platform does not have what was requested.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsNotIntegrated reports whether an entry is not in the published log yet.
func IsNotIntegrated(err error) bool { return hasStatus(err, http.StatusConflict) }

func hasStatus(err error, status int) bool {
	var problem *Problem
	return errors.As(err, &problem) && problem.Status == status
}
