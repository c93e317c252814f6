package suite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	locationName   = "projects/" + ProjectID + "/locations/" + Location
	platformRing   = locationName + "/keyRings/platform"
	auditKey       = platformRing + "/cryptoKeys/audit"
	logKey         = platformRing + "/cryptoKeys/log"
	manifestKey    = platformRing + "/cryptoKeys/manifest"
	consentKey     = platformRing + "/cryptoKeys/consent"
	certificateKey = platformRing + "/cryptoKeys/certificate"
	signInKey      = platformRing + "/cryptoKeys/sign-in"
	auditBucket    = ProjectID + "-audit"
	databases      = "projects/" + ProjectID + "/databases/"
)

// createPlatform creates the resources that exist before any tenant. It then
// grants the roles on the tenants that an earlier start stored.
func (c *Cloud) createPlatform(ctx context.Context) error {
	if err := c.createKey(ctx, platformRing, "audit"); err != nil {
		return err
	}
	for _, id := range []string{"log", "manifest", "consent", "certificate"} {
		if err := c.createNoteKey(ctx, id); err != nil {
			return err
		}
	}
	if err := c.createSignInKey(ctx); err != nil {
		return err
	}
	if err := c.createAuditBucket(auditBucket); err != nil {
		return err
	}
	return c.Directory.Each(ctx, func(record tenant.Record) error { return c.grantTenantRoles(record) })
}

// AddTenant creates a tenant with everything that Terraform creates: keys,
// buckets, signing account, roles, record and workspaces. It is safe to call
// again for the same tenant, which keeps its database.
func (c *Cloud) AddTenant(ctx context.Context, id tenant.ID, workspaces ...tenant.WorkspaceID) (tenant.Record, error) {
	return c.addTenant(ctx, id, c.options.OwnDatabases, workspaces)
}

// AddTenantWithDatabase is like AddTenant, but a new tenant has a database of its own.
func (c *Cloud) AddTenantWithDatabase(ctx context.Context, id tenant.ID, workspaces ...tenant.WorkspaceID) (tenant.Record, error) {
	return c.addTenant(ctx, id, true, workspaces)
}

func (c *Cloud) addTenant(ctx context.Context, id tenant.ID, ownDatabase bool, workspaces []tenant.WorkspaceID) (tenant.Record, error) {
	record, err := c.newRecord(id, workspaces)
	if err != nil {
		return tenant.Record{}, err
	}
	stored, err := c.storedRecord(ctx, id)
	if err != nil {
		return tenant.Record{}, err
	}
	if stored.OutputsBucket != "" {
		record.OutputsBucket, record.EarlierOutputsBuckets = stored.OutputsBucket, stored.EarlierOutputsBuckets
		record.ExportsBucket, record.EarlierExportsBuckets = stored.ExportsBucket, stored.EarlierExportsBuckets
		record.CustomerBuckets, record.StorageKeyName = stored.CustomerBuckets, stored.StorageKeyName
	}
	record.Witnesses, record.DatabaseID, record.Retention = stored.Witnesses, stored.DatabaseID, stored.Retention
	if stored.ID == "" && ownDatabase {
		record.DatabaseID = shortenName("tenant-"+string(id), 63) // Firestore creates it when it is first used
	}
	if err := c.createKey(ctx, keyRing(id), "data"); err != nil {
		return tenant.Record{}, err
	}
	if err := c.IAM.CreateServiceAccount(record.SigningAccount); err != nil {
		return tenant.Record{}, err
	}
	if err := c.grantTenantRoles(record); err != nil {
		return tenant.Record{}, err
	}
	for _, bucket := range []gcs.Bucket{
		{Name: record.Buckets(tenant.Outputs)[0], NotificationTopic: objectEvents, Labels: labels(id, "outputs")},
		{Name: record.Buckets(tenant.Exports)[0], Labels: labels(id, "exports")},
		{Name: record.ConfigsBucket, Labels: labels(id, "configs")},
	} {
		bucket.Location, bucket.DefaultKMSKeyName, bucket.ProjectID = Location, record.KeyName, ProjectID
		if _, err := c.GCS.Bucket(bucket.Name); err == nil {
			continue
		}
		if err := c.GCS.CreateBucket(bucket); err != nil {
			return tenant.Record{}, err
		}
	}
	if err := c.createAuditBucket(record.AuditBucket); err != nil {
		return tenant.Record{}, err
	}
	if err := c.PubSub.CreateTopic(ctx, record.AuditTopic); err != nil {
		return tenant.Record{}, err
	}
	if err := c.addConsoleClient(id, workspaces, "admin", "auditor", "builder", "viewer"); err != nil {
		return tenant.Record{}, err
	}
	return record, c.writeRecord(ctx, record, workspaces)
}

// objectEvents is the topic to which buckets publish that an object is complete.
const objectEvents = "projects/" + ProjectID + "/topics/object-events"

// labels returns the labels of a bucket as Terraform sets them.
func labels(id tenant.ID, component string) map[string]string {
	return map[string]string{"tenant": string(id), "component": component}
}

// Workspaces returns the workspaces of a tenant. One that does not exist yet has none.
func (c *Cloud) Workspaces(ctx context.Context, id tenant.ID) ([]tenant.WorkspaceID, error) {
	db, err := c.Directory.Client(ctx)
	if err != nil {
		return nil, err
	}
	docs, err := directory.Workspace(db, id, "any").Parent.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list the workspaces of %s: %w", id, err)
	}
	var all []tenant.WorkspaceID
	for _, doc := range docs {
		all = append(all, tenant.WorkspaceID(doc.Ref.ID))
	}
	return all, nil
}

// SetWitnesses registers the witnesses of a tenant's audit log by their verifier
// keys, in place of those before, as Terraform does. Functions that have cached the
// record see it after a minute.
func (c *Cloud) SetWitnesses(ctx context.Context, id tenant.ID, verifierKeys ...string) error {
	db, err := c.Directory.Client(ctx)
	if err != nil {
		return err
	}
	_, err = db.Collection("tenants").Doc(string(id)).Update(ctx, []firestore.Update{{Path: "witnesses", Value: verifierKeys}})
	if err != nil {
		return fmt.Errorf("register witnesses: %w", err)
	}
	return nil
}

// storedRecord returns the record of a tenant that an earlier start has written, with what
// tests and demonstrations have changed since. It is the zero value if no earlier start did.
func (c *Cloud) storedRecord(ctx context.Context, id tenant.ID) (record tenant.Record, err error) {
	db, err := c.Directory.Client(ctx)
	if err != nil {
		return record, err
	}
	docs, err := db.GetAll(ctx, []*firestore.DocumentRef{db.Collection("tenants").Doc(string(id))})
	if err != nil {
		return record, fmt.Errorf("read the record of a tenant: %w", err)
	}
	if !docs[0].Exists() {
		return record, nil
	}
	if err := docs[0].DataTo(&record); err != nil {
		return record, fmt.Errorf("read the record of a tenant: %w", err)
	}
	return record, nil
}

// auditRetention is how long an audit bucket keeps every object. Terraform locks
// it for years; a day is longer than any test.
const auditRetention = 24 * time.Hour

// createAuditBucket creates a bucket for an audit log, under the platform's key,
// unless it exists.
func (c *Cloud) createAuditBucket(name string) error {
	if _, err := c.GCS.Bucket(name); err == nil {
		return nil
	}
	return c.GCS.CreateBucket(gcs.Bucket{
		Name: name, ProjectID: ProjectID, Location: Location, DefaultKMSKeyName: auditKey, RetentionPeriod: auditRetention,
	})
}

func (c *Cloud) newRecord(id tenant.ID, workspaces []tenant.WorkspaceID) (tenant.Record, error) {
	jwks := c.Issuer.JWKS()
	if jwks == nil {
		return tenant.Record{}, errors.New("the issuer has no keys")
	}
	trust := []tenant.Trust{{Issuer: c.Issuer.URL(), JWKS: string(jwks), ClientIDs: []string{consoleClient(id), commandLineClient(id)}, Rules: []tenant.Rule{
		{Claims: map[string]string{"persona": "runner"}, Role: tenant.Runner, Workspaces: workspaces},
		{Claims: map[string]string{"persona": "builder"}, Role: tenant.Builder, Workspaces: workspaces},
		{Claims: map[string]string{"persona": "pipeline"}, Role: tenant.Builder, Workspaces: workspaces, Pipeline: true},
		{Claims: map[string]string{"persona": "viewer"}, Role: tenant.Viewer},
		{Claims: map[string]string{"persona": "auditor"}, Role: tenant.Auditor},
		{Claims: map[string]string{"persona": "admin"}, Role: tenant.Admin},
	}}}
	return tenant.Record{
		ID:             id,
		State:          tenant.Active,
		ProjectID:      ProjectID,
		Location:       Location,
		OutputsBucket:  shortenName(ProjectID+"-"+string(id)+"-outputs", 63),
		ExportsBucket:  shortenName(ProjectID+"-"+string(id)+"-exports", 63),
		ConfigsBucket:  shortenName(ProjectID+"-"+string(id)+"-configs", 63),
		AuditBucket:    shortenName(ProjectID+"-"+string(id)+"-audit", 63),
		KeyName:        keyRing(id) + "/cryptoKeys/data",
		AuditTopic:     "projects/" + ProjectID + "/topics/audit-" + string(id),
		SigningAccount: Account(shortenName("sign-"+string(id), 30)),
		Trust:          trust,
		Clients:        tenant.ClientKeys(trust),
	}, nil
}

// writeRecord writes the record and the workspaces. The viewer persona is a
// member of each workspace.
func (c *Cloud) writeRecord(ctx context.Context, record tenant.Record, workspaces []tenant.WorkspaceID) error {
	if err := c.Directory.Put(ctx, record); err != nil {
		return err
	}
	db, err := c.Directory.Client(ctx)
	if err != nil {
		return err
	}
	if err := c.writeStaffTrust(ctx, record.Trust[0]); err != nil {
		return err
	}
	for _, w := range workspaces {
		ref := directory.Workspace(db, record.ID, w)
		if _, err := ref.Set(ctx, map[string]any{"id": string(w)}); err != nil {
			return fmt.Errorf("write workspace: %w", err)
		}
		member := directory.Member(db, record.ID, w, c.Issuer.URL(), subject(record.ID, "viewer"))
		if _, err := member.Set(ctx, map[string]any{"issuer": c.Issuer.URL(), "subject": subject(record.ID, "viewer")}); err != nil {
			return fmt.Errorf("write member: %w", err)
		}
	}
	return nil
}

// writeStaffTrust makes the tenants' issuer also the issuer of staff tokens.
func (c *Cloud) writeStaffTrust(ctx context.Context, trust tenant.Trust) error {
	db, err := c.Directory.Client(ctx)
	if err != nil {
		return err
	}
	trust.ClientIDs = []string{consoleClient(""), commandLineClient("")}
	trust.Rules = []tenant.Rule{{Claims: map[string]string{"persona": "platform"}, Role: tenant.Platform}}
	_, err = directory.Staff(db).Set(ctx, map[string]any{"trust": []tenant.Trust{trust}})
	return err
}

// grantTenantRoles grants every account the roles that the table lists for it on
// this tenant's resources.
func (c *Cloud) grantTenantRoles(record tenant.Record) error {
	on := tenantResources(record)
	errs := []error{
		c.grantCustomerRoles(record),
		c.allow(cloud.StorageAgent, c.Suite.Agents["storage"], on),
		c.allow(record.SigningAccount, c.Suite.Agents["signing"], on),
		c.allow(exportReader, c.Suite.Agents["exportReader"], on),
	}
	for name, function := range c.Suite.Functions {
		errs = append(errs, c.allow(FunctionAccount(name), function.Roles, on))
	}
	return errors.Join(errs...)
}

// platformResources returns the resources that exist once, by their names in the table.
func (c *Cloud) platformResources() map[string]string {
	on := map[string]string{
		"database":  databases + firestore.DefaultDatabaseID,
		"directory": databases + directory.DatabaseID,
		"auditKey":  auditKey,
		"logKey":    logKey,

		"manifestKey":  manifestKey,
		"exportReader": "serviceAccounts/" + exportReader,
		"auditBucket":  "buckets/" + auditBucket,
		"consentKey":   consentKey,
		"signInKey":    signInKey,

		"certificateKey": certificateKey,
		"modelProject":   "projects/" + SharedModel.ProjectID,
	}
	for _, topic := range c.Suite.Topics() {
		on["topic."+topic] = "topics/" + topic
		on["deadLetters."+topic] = "subscriptions/" + infra.DeadLetters(topic)
	}
	return on
}

// tenantResources returns the resources that exist once for each tenant, by their names in the table.
func tenantResources(record tenant.Record) map[string]string {
	key, _, _ := strings.Cut(record.SigningKeyName, "/cryptoKeyVersions/")
	return map[string]string{
		"tenant.database":       ownDatabase(record),
		"tenant.key":            record.KeyName,
		"tenant.signingKey":     key,
		"tenant.signingAccount": "serviceAccounts/" + record.SigningAccount,
		"tenant.outputsBucket":  "buckets/" + record.Buckets(tenant.Outputs)[0], // the one of the platform
		"tenant.exportsBucket":  "buckets/" + record.Buckets(tenant.Exports)[0],
		"tenant.configsBucket":  "buckets/" + record.ConfigsBucket,
		"tenant.auditBucket":    "buckets/" + record.AuditBucket,
		"tenant.modelProject":   modelProject(record.Model),
		"tenant.auditTopic":     "topics/" + record.AuditTopic[strings.LastIndexByte(record.AuditTopic, '/')+1:],
	}
}

// ownDatabase returns the tenant's own database, or "" if its documents are in the platform's.
func ownDatabase(record tenant.Record) string {
	if record.DatabaseID == "" {
		return ""
	}
	return "projects/" + record.ProjectID + "/databases/" + record.DatabaseID
}

func keyRing(id tenant.ID) string {
	return locationName + "/keyRings/" + shortenName("tenant-"+string(id), 63)
}

// createKey creates a key that encrypts. A version is erased a day after its
// destruction is requested, which is the least that Google allows.
func (c *Cloud) createKey(ctx context.Context, ring, id string) error {
	return c.createKeyLike(ctx, ring, id, &kmspb.CryptoKey{Purpose: kmspb.CryptoKey_ENCRYPT_DECRYPT})
}

// createNoteKey creates a key that signs notes, with its first version.
func (c *Cloud) createNoteKey(ctx context.Context, id string) error {
	return c.createKeyLike(ctx, platformRing, id, &kmspb.CryptoKey{
		Purpose:         kmspb.CryptoKey_ASYMMETRIC_SIGN,
		VersionTemplate: &kmspb.CryptoKeyVersionTemplate{Algorithm: kmspb.CryptoKeyVersion_EC_SIGN_ED25519},
	})
}

// createSignInKey creates the key with which the console proves itself to identity providers.
func (c *Cloud) createSignInKey(ctx context.Context) error {
	return c.createKeyLike(ctx, platformRing, "sign-in", &kmspb.CryptoKey{
		Purpose:         kmspb.CryptoKey_ASYMMETRIC_SIGN,
		VersionTemplate: &kmspb.CryptoKeyVersionTemplate{Algorithm: kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256},
	})
}

func (c *Cloud) createKeyLike(ctx context.Context, ring, id string, key *kmspb.CryptoKey) error {
	ctx = kms.As(ctx, OperatorAccount)
	slash := strings.LastIndex(ring, "/")
	_, err := c.KMS.CreateKeyRing(ctx, &kmspb.CreateKeyRingRequest{Parent: locationName, KeyRingId: ring[slash+1:]})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("create key ring: %w", err)
	}
	key.DestroyScheduledDuration = durationpb.New(24 * time.Hour)
	_, err = c.KMS.CreateCryptoKey(ctx, &kmspb.CreateCryptoKeyRequest{Parent: ring, CryptoKeyId: id, CryptoKey: key})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("create key: %w", err)
	}
	return nil
}

// shortenName returns a name of at most maxLength bytes. A hash keeps shortened
// names distinct.
func shortenName(name string, maxLength int) string {
	if len(name) <= maxLength {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:maxLength-9] + "-" + hex.EncodeToString(sum[:4])
}

// PlatformKey returns the name of a KMS key of the platform: audit, log, manifest,
// consent or sign-in.
func (c *Cloud) PlatformKey(id string) string { return platformRing + "/cryptoKeys/" + id }
