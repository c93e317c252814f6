package custody

import (
	"context"
	"errors"
	"strings"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/storageprobe"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// receiveProbe records that the probe of a verification has arrived. The bucket need not be in
// a tenant's record yet. It returns false for every object that is not the probe of the last
// verification of its tenant, in the bucket that is verified.
func (h *Handler) receiveProbe(ctx context.Context, o finalizedObject) (bool, error) {
	id, verification, ok := storageprobe.Parse(o.name)
	if !ok {
		return false, nil
	}
	t, err := h.directory.Tenant(ctx, id)
	if errors.Is(err, tenant.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	db, err := h.directory.Database(ctx, t)
	if err != nil {
		return false, err
	}
	expected := false
	err = gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		v, err := storageprobe.ReadIn(tx, db, t.ID, tenant.Outputs)
		if expected = err == nil && v.ID == verification && v.Bucket == o.bucket; !expected {
			return err
		}
		key, _, _ := strings.Cut(o.keyName, "/cryptoKeyVersions/")
		arrived := storageprobe.Arrival{Time: h.deps.Now(), KeyName: key, Matches: storageprobe.Matches(verification, o.Size, o.CRC32C, o.ContentType) && !o.unsigned}
		if v.Arrived != nil && (v.Arrived.Matches || !arrived.Matches) {
			return nil // notifications arrive in any order: that of another object must not hide that of the probe
		}
		return tx.Update(storageprobe.Ref(db, t.ID, tenant.Outputs), []firestore.Update{{Path: "arrived", Value: arrived}})
	})
	return expected, err
}
