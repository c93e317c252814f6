package exports

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// errWithdrawn is the error of a bucket that the platform may not use.
var errWithdrawn = errors.New("the platform may not use the bucket of the export")

// bucketOf returns the bucket of an export. In a customer's bucket, it reads the first byte of the
// first of some files, as the holder of a URL would: who may read there is the customer's
// decision. It returns errWithdrawn if the platform may not, or if the bucket is not the tenant's.
func (h *Handler) bucketOf(ctx context.Context, s access.Session, e export.Export, files []export.File) (string, error) {
	name, customers, err := h.guard.Directory.BucketOf(ctx, s.Tenant, tenant.Exports, e.Bucket)
	if errors.Is(err, tenant.ErrForeignBucket) {
		api.Logger(ctx).ErrorContext(ctx, "find the bucket of an export", "export", e.ID, "error", err.Error())
		return "", errWithdrawn
	}
	if err != nil || !customers || len(files) == 0 {
		return name, err
	}
	signer, err := h.signer(ctx)
	if err != nil {
		return "", err
	}
	location, _, err := h.minter.MintRead(ctx, signer, signedurl.ReadPolicy{
		Bucket: name, Object: string(e.ID) + "/" + files[0].Name, Expires: h.deps.Now().Add(trialLifetime),
	})
	if err != nil {
		return "", err
	}
	answer := signedurl.Send(ctx, http.MethodGet, location, map[string]string{"Range": "bytes=0-0"}, nil)
	if bucket.IsForbidden(answer.Err()) {
		return "", errWithdrawn
	}
	return name, nil // other answers of the bucket are for the holder of the URL
}

// trialLifetime is how long the URL works that bucketOf uses.
const trialLifetime = 30 * time.Second

// refuseFiles records that the files of an export cannot be read, although the entry begun says
// that the caller may read them, and returns the problem.
func (h *Handler) refuseFiles(ctx context.Context, s access.Session, id export.ID, begun string) error {
	denied := entry(s, s.Tenant.ID, auditlog.ReadExportFiles, "exports/"+string(id))
	denied.Of, denied.Outcome, denied.Reason = begun, auditlog.Denied, string(export.BucketWithdrawn)
	if _, err := h.guard.Audit.Append(ctx, s.DB, denied); err != nil {
		return fmt.Errorf("record denial: %w", err)
	}
	return api.Refuse(http.StatusForbidden, api.StorageUnavailableText)
}
