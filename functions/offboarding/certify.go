package offboarding

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/offboard"
	"github.com/strongroom-dev/strongroom/shared/signednote"
)

// issue signs and stores a certificate. One that exists stays as it is.
func (j *job) issue(ctx context.Context, kind string) error {
	ref := offboard.CertificateRef(j.db, j.tenant.ID, kind)
	if stored, err := offboard.ReadCertificate(ctx, ref); err != nil || stored.Start == j.leaving.Start {
		return err
	}
	c, err := j.certificate(ctx, kind)
	if err != nil {
		return err
	}
	keys, err := signednote.Keys(ctx, j.kms, j.config.CertificateKey)
	if err != nil {
		return fmt.Errorf("read the certificate key: %w", err)
	}
	origin := certificate.Origin(j.config.Host, string(j.tenant.ID))
	text, err := c.Text(origin)
	if err != nil {
		return err
	}
	signed, err := keys[len(keys)-1].Sign(ctx, j.kms, origin, text)
	if err != nil {
		return fmt.Errorf("sign the certificate: %w", err)
	}
	stored := offboard.Certificate{Start: j.leaving.Start, Note: signed}
	for _, key := range keys {
		verifier, err := key.VerifierKey(origin)
		if err != nil {
			return err
		}
		stored.Keys = append(stored.Keys, verifier)
	}
	if _, err := ref.Set(ctx, stored); err != nil {
		return fmt.Errorf("store the certificate: %w", err)
	}
	return nil
}

func (j *job) certificate(ctx context.Context, kind string) (certificate.Certificate, error) {
	c := certificate.Certificate{
		Format: certificate.Format, Kind: kind, Tenant: string(j.tenant.ID), Issued: j.now(),
		Request: j.leaving.ID, Start: j.leaving.Start, Started: j.leaving.Started.UTC(), Tool: "Strongroom, function offboarding",
		Stores: []certificate.Store{}, Keys: []certificate.Key{}, Remains: remains(kind, j),
		Verification: "each store was listed again when the certificate was issued, and each key version was read from Cloud KMS",
	}
	for _, s := range j.progress.Stores {
		c.Stores = append(c.Stores, showStore(kind, s))
	}
	versions, err := j.versions(ctx)
	if err != nil {
		return c, err
	}
	for _, v := range versions {
		k := certificate.Key{Version: v.GetName(), State: v.GetState().String()}
		if at := v.GetDestroyEventTime(); at != nil {
			k.Destroyed = instant(at.AsTime())
		}
		c.Keys = append(c.Keys, k)
	}
	c.Checkpoint, err = j.checkpoint(ctx)
	return c, err
}

func showStore(kind string, s offboard.Store) certificate.Store {
	shown := certificate.Store{
		Name: s.Name, What: s.What, Method: certificate.CryptographicErase, Found: s.Found, Bytes: s.Bytes, Digest: s.Digest, Present: s.Present,
	}
	if s.Documents { // their IDs and times are not encrypted with the tenant's key
		shown.Method = certificate.Purge
	}
	if kind == certificate.Interim {
		shown.Present = s.Found
	}
	if !s.Erased.IsZero() {
		shown.Erased = instant(s.Erased)
	}
	return shown
}

func instant(t time.Time) *time.Time {
	utc := t.UTC()
	return &utc
}

// remains lists what a certificate does not say is erased.
func remains(kind string, j *job) []certificate.Left {
	all := []certificate.Left{
		{What: "the audit log in " + j.tenant.AuditBucket + " and in the collections audit, auditTrees, auditCosignatures and auditDelivery",
			Why: "it proves what was done, and is encrypted with the platform's audit key; its retention is locked"},
		{What: "the record, trust, workspaces and members of the tenant in the directory",
			Why: "no function may delete them; the platform's staff removes them with the empty buckets, the accounts and the name of the key"},
		{What: "this certificate and the steps of the offboarding, in the collection " + offboard.Collection,
			Why: "they prove what was done"},
	}
	for _, name := range j.tenant.CustomerBuckets {
		all = append(all, certificate.Left{
			What: "everything in the bucket " + name + " of the customer's project: " + j.what(name),
			Why:  "the platform may neither list nor delete anything there; whoever administers the project can, and if the key " + j.tenant.KeyName + " encrypts it, nobody can read it once that is destroyed",
		})
	}
	if j.tenant.DatabaseID != "" {
		all = append(all, certificate.Left{What: "the tenant's own database " + j.tenant.DatabaseID + ", with these collections and no others, and its key",
			Why: "Terraform owns it, and removes it with the empty buckets; the audit log in the bucket remains"})
	}
	if kind == certificate.Interim {
		all = append(all, certificate.Left{What: "everything that stores lists as present", Why: "the offboarding has only begun"})
	}
	return all
}

// checkpoint returns the newest published checkpoint of the tenant's audit log.
func (j *job) checkpoint(ctx context.Context) (string, error) {
	ref := j.db.Collection("tenants").Doc(string(j.tenant.ID)).Collection(auditlog.TreesCollection).Doc("tree")
	docs, err := j.db.GetAll(ctx, []*firestore.DocumentRef{ref})
	if err != nil {
		return "", fmt.Errorf("read the checkpoint of the audit log: %w", err)
	}
	if !docs[0].Exists() {
		return "", nil
	}
	var tree auditlog.Tree
	if err := docs[0].DataTo(&tree); err != nil {
		return "", fmt.Errorf("read the checkpoint of the audit log: %w", err)
	}
	return string(tree.Checkpoint), nil
}
