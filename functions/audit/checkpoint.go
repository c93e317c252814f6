package audit

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/manifest"
)

type logRequest struct {
	Tenant string `path:"tenant" class:"operational"`
}

type platformLogRequest struct{}

func (h *Handler) tenantCheckpoint(ctx context.Context, _ *logRequest) (*textResponse, error) {
	return h.checkpoint(ctx)
}

func (h *Handler) platformCheckpoint(ctx context.Context, _ *platformLogRequest) (*textResponse, error) {
	return h.checkpoint(ctx)
}

// checkpoint returns the published checkpoint, with the cosignatures of its size.
func (h *Handler) checkpoint(ctx context.Context) (*textResponse, error) {
	tree, err := h.tree(ctx)
	if err != nil {
		return nil, err
	}
	if len(tree.Checkpoint) == 0 {
		return nil, api.Refuse(http.StatusNotFound, "nothing is published yet; try again in a minute").With("Retry-After", "60")
	}
	checkpoint, err := h.withCosignatures(ctx, tree)
	if err != nil {
		return nil, err
	}
	return text(checkpoint), nil
}

// cosignatures returns the newest cosignature of each registered witness.
func (h *Handler) cosignatures(ctx context.Context) ([]auditlog.Cosignature, error) {
	s := access.From(ctx)
	if len(s.Tenant.Witnesses) == 0 {
		return nil, nil
	}
	return auditlog.ReadCosignatures(ctx, s.DB, s.Tenant.ID, s.Tenant.Witnesses)
}

func (h *Handler) withCosignatures(ctx context.Context, tree auditlog.Tree) ([]byte, error) {
	cosignatures, err := h.cosignatures(ctx)
	if err != nil {
		return nil, err
	}
	return addCosignatures(tree.Checkpoint, tree.Size, cosignatures), nil
}

// addCosignatures adds the cosignatures of a size to a checkpoint of that size.
func addCosignatures(checkpoint []byte, size int64, cosignatures []auditlog.Cosignature) []byte {
	var b strings.Builder
	b.Write(checkpoint)
	for _, c := range cosignatures {
		if c.Size == size {
			b.WriteString(c.Line)
		}
	}
	return []byte(b.String())
}

// cosignedCheckpoint returns the largest checkpoint that a registered witness has
// cosigned, with all cosignatures of its size.
func (h *Handler) cosignedCheckpoint(ctx context.Context, _ *logRequest) (*textResponse, error) {
	cosignatures, err := h.cosignatures(ctx)
	if err != nil {
		return nil, err
	}
	var newest auditlog.Cosignature
	for _, c := range cosignatures {
		if c.Size > newest.Size {
			newest = c
		}
	}
	if newest.Size == 0 {
		return nil, api.Refuse(http.StatusNotFound, "no registered witness has cosigned a checkpoint yet")
	}
	return text(addCosignatures(newest.Checkpoint, newest.Size, cosignatures)), nil
}

// logKeys are the verifier keys of one version of the log key: of the log's
// signatures, and of the times of its checkpoints.
type logKeys struct{ log, time string }

// logKeys returns the verifier keys of the session's log, the oldest first.
func (h *Handler) logKeys(ctx context.Context) ([]logKeys, error) {
	client, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	versions, err := h.keys.Keys(ctx, client, h.config.LogKeyName, h.deps.Now())
	if err != nil {
		return nil, err
	}
	origin := h.origin(ctx)
	all := make([]logKeys, len(versions))
	for i, v := range versions {
		if all[i].log, err = v.VerifierKey(origin); err != nil {
			return nil, err
		}
		all[i].time = v.CosignerKey(auditlog.CosignerName(origin))
	}
	return all, nil
}

// tenantKeys returns the verifier keys of the tenant's log, and of the manifests of its
// exports.
func (h *Handler) tenantKeys(ctx context.Context, _ *logRequest) (*textResponse, error) {
	keys, err := h.listKeys(ctx)
	if err != nil {
		return nil, err
	}
	client, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	versions, err := h.manifestKeys.Keys(ctx, client, h.config.ManifestKeyName, h.deps.Now())
	if err != nil {
		return nil, err
	}
	origin := manifest.Origin(h.config.Host, string(access.From(ctx).Tenant.ID))
	for _, v := range versions {
		key, err := v.VerifierKey(origin)
		if err != nil {
			return nil, err
		}
		keys += key + "\n"
	}
	return text([]byte(keys)), nil
}

func (h *Handler) platformKeys(ctx context.Context, _ *platformLogRequest) (*textResponse, error) {
	keys, err := h.listKeys(ctx)
	return text([]byte(keys)), err
}

func (h *Handler) listKeys(ctx context.Context) (string, error) {
	keys, err := h.logKeys(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "%s\n%s\n", k.log, k.time)
	}
	return b.String(), nil
}

func (h *Handler) tenantPolicy(ctx context.Context, _ *logRequest) (*textResponse, error) {
	return h.policy(ctx)
}

func (h *Handler) platformPolicy(ctx context.Context, _ *platformLogRequest) (*textResponse, error) {
	return h.policy(ctx)
}

// policy returns the log's keys and witnesses in the format of c2sp.org/tlog-policy.
// One witness is enough, as cosigned-checkpoint promises no more.
func (h *Handler) policy(ctx context.Context) (*textResponse, error) {
	keys, err := h.logKeys(ctx)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "log %s https://%s\n", k.log, h.origin(ctx))
	}
	group := ""
	for i, w := range access.From(ctx).Tenant.Witnesses {
		fmt.Fprintf(&b, "witness w%d %s\n", i+1, w)
		group += fmt.Sprintf(" w%d", i+1)
	}
	if group == "" {
		b.WriteString("quorum none\n")
	} else {
		fmt.Fprintf(&b, "group witnesses any%s\nquorum witnesses\n", group)
	}
	return text([]byte(b.String())), nil
}
