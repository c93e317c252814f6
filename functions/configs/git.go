package configs

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/plumbing/transport"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// maxFetchBytes limits the request of a fetch: what a client has and wants.
const maxFetchBytes = 1 << 20

type refsRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Service   string `query:"service" class:"operational" required:"true" enum:"git-upload-pack,git-receive-pack" doc:"What git is going to do"`
	Protocol  string `header:"Git-Protocol" class:"operational" doc:"version=2, if the client knows it"`
}

// gitResponse is a response in git's own format.
type gitResponse struct {
	ContentType string `header:"Content-Type" class:"operational"`
	Body        []byte `class:"configuration"`
}

// refs answers the first request of git. It shows hashes, and nothing of the
// configuration.
func (h *Handler) refs(ctx context.Context, in *refsRequest) (*gitResponse, error) {
	r, err := readRepository(ctx, access.From(ctx))
	if err != nil {
		return nil, err
	}
	out := &buffer{}
	st := r.references()
	if in.Service == transport.ReceivePackService {
		err = transport.ReceivePack(ctx, st, nil, out, &transport.ReceivePackRequest{AdvertiseRefs: true, StatelessRPC: true})
	} else {
		err = transport.UploadPack(ctx, st, nil, out, &transport.UploadPackRequest{GitProtocol: version(in.Protocol), AdvertiseRefs: true, StatelessRPC: true})
	}
	if err != nil {
		return nil, fmt.Errorf("advertise references: %w", err)
	}
	return &gitResponse{"application/x-" + in.Service + "-advertisement", out.Bytes()}, nil
}

// version returns the version of git's protocol: 2 if the client asks for it.
func version(header string) string {
	for field := range strings.SplitSeq(header, ":") {
		if field == "version=2" {
			return field
		}
	}
	return ""
}

// buffer is the response of go-git, which closes it.
type buffer struct{ bytes.Buffer }

// Close implements io.Closer.
func (*buffer) Close() error { return nil }

type fetchRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Protocol  string `header:"Git-Protocol" class:"operational" doc:"version=2, if the client knows it"`
	Encoding  string `header:"Content-Encoding" class:"operational" doc:"gzip, or absent"`
	RawBody   []byte `contentType:"application/x-git-upload-pack-request" class:"operational"`
}

// fetch sends objects. It is recorded first, unless it only lists references.
func (h *Handler) fetch(ctx context.Context, in *fetchRequest) (*gitResponse, error) {
	s := access.From(ctx)
	body, err := decompress(in.Encoding, in.RawBody)
	if err != nil {
		return nil, err
	}
	r, err := readRepository(ctx, s)
	if err != nil {
		return nil, err
	}
	if r.allFresh() && isClone(in.Protocol, body, r.Commit) {
		if err := h.recordRead(ctx, s, r); err != nil {
			return nil, err
		}
		out, err := h.clone(ctx, s, r)
		return &gitResponse{uploadResult, out}, err
	}
	st := r.references()
	if !bytes.Contains(body[:min(len(body), 40)], []byte("command=ls-refs")) {
		if st, err = h.open(ctx, s, r, body); err != nil {
			return nil, err
		}
	}
	out := &buffer{}
	request := &transport.UploadPackRequest{GitProtocol: version(in.Protocol), StatelessRPC: true, SkipDeltaCompression: true}
	if err := transport.UploadPack(ctx, st, io.NopCloser(bytes.NewReader(body)), out, request); err != nil {
		api.Logger(ctx).InfoContext(ctx, "a fetch is not valid")
		return nil, api.Refuse(http.StatusUnprocessableEntity, "this is not a request of git that the repository can answer; use a current git")
	}
	return &gitResponse{uploadResult, out.Bytes()}, nil
}

const uploadResult = "application/x-git-upload-pack-result"

// loadForReading records a read of the configuration, and then loads its repository. The
// error is a 404 if the workspace has no configuration. It reserves more memory than for the
// repository alone.
func (h *Handler) loadForReading(ctx context.Context, s access.Session, r repository, more int64) (*memory.Storage, error) {
	if err := r.reserve(ctx, more); err != nil {
		return nil, err
	}
	if err := h.recordRead(ctx, s, r); err != nil {
		return nil, err
	}
	return h.load(ctx, s, r)
}

// recordRead records a read of the configuration. It returns a problem if it has none, or
// the tenant's key cannot be used.
func (h *Handler) recordRead(ctx context.Context, s access.Session, r repository) error {
	if r.Commit == "" {
		return api.Refuse(http.StatusNotFound, noConfigText)
	}
	if _, err := h.guard.Audit.Append(ctx, s.DB, entry(s, auditlog.ReadConfig, r.Digest)); err != nil {
		return err
	}
	return h.checkKey(ctx, s)
}

// open records a fetch and loads the repository for it. A client gets commits of main and
// what they reach.
func (h *Handler) open(ctx context.Context, s access.Session, r repository, body []byte) (*memory.Storage, error) {
	st, err := h.loadForReading(ctx, s, r, packMemory)
	if err != nil {
		return nil, err
	}
	reached, err := history(st, plumbing.NewHash(r.Commit))
	if err != nil {
		return nil, err
	}
	for _, want := range wants(body) {
		if !reached[want] {
			return nil, api.Refuse(http.StatusNotFound, "main does not reach a commit that the request wants; fetch main")
		}
	}
	return st, nil
}

const noConfigText = "this workspace has no configuration; push one"

func entry(s access.Session, action auditlog.Action, digest string) auditlog.Entry {
	e := auditlog.Entry{Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: action, Outcome: auditlog.Allowed, Workspace: s.Workspace}
	if digest != "" {
		e.Resource = "config-reviews/" + digest
	}
	return e
}

// checkKey returns a problem if the tenant's key cannot be used. The bucket notices it
// later than KMS.
func (h *Handler) checkKey(ctx context.Context, s access.Session) error {
	client, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return err
	}
	if err = keys.CheckUsable(ctx, client, s.Tenant.KeyName); errors.Is(err, keys.ErrKeyUnavailable) {
		return api.Refuse(http.StatusForbidden, api.KeyLockedText)
	}
	return err
}

// history returns the commits that a commit reaches, with itself.
func history(st *memory.Storage, from plumbing.Hash) (map[plumbing.Hash]bool, error) {
	reached := map[plumbing.Hash]bool{}
	next := []plumbing.Hash{from}
	for len(next) > 0 {
		hash := next[len(next)-1]
		next = next[:len(next)-1]
		if reached[hash] {
			continue
		}
		reached[hash] = true
		commit, err := object.GetCommit(st, hash)
		if err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		next = append(next, commit.ParentHashes...)
	}
	return reached, nil
}

// wants returns what a request wants: its lines want HASH.
func wants(body []byte) (hashes []plumbing.Hash) {
	for {
		at := bytes.Index(body, []byte("want "))
		if at < 0 || len(body) < at+45 {
			return hashes
		}
		hashes = append(hashes, plumbing.NewHash(string(body[at+5:at+45])))
		body = body[at+45:]
	}
}

// decompress returns the body of a request. git compresses long ones.
func decompress(encoding string, body []byte) ([]byte, error) {
	switch encoding {
	case "":
		return body, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, api.Refuse(http.StatusBadRequest, "the body is not compressed with gzip")
		}
		plain, err := io.ReadAll(io.LimitReader(z, maxPushBytes+1))
		if err != nil || len(plain) > maxPushBytes {
			return nil, api.Refuse(http.StatusBadRequest, "the body is not compressed with gzip, or it is too large")
		}
		return plain, nil
	}
	return nil, api.Refuse(http.StatusUnsupportedMediaType, "send the body with the Content-Encoding gzip, or without one")
}
