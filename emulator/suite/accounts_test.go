package suite_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// thief is somebody who has taken over a function and acts as its account.
type thief struct {
	cloud        *cloudtest.Cloud
	victim       *cloudtest.Tenant
	withDatabase *cloudtest.Tenant
	account      string
	db           *firestore.Client // the platform's database
	directory    *firestore.Client
	bucket       *storage.BucketHandle
	clients      *gcp.Clients
}

// theft is an attempt to do something, and the roles of suite.json that allow it.
// Nobody may do a theft without roles. Errors with the status of a missing
// permission mean that the attempt failed.
type theft struct {
	try   func(context.Context, thief) error
	roles []infra.Role
}

// directoryWriters may change who may do what.
var directoryWriters = []infra.Role{{Role: "roles/datastore.user", On: "directory"}}

var thefts = map[string]theft{
	"make a stranger an admin": {try: func(ctx context.Context, s thief) error {
		stolen := s.victim.Record
		stolen.Trust = []tenant.Trust{{Issuer: "https://thief.example", JWKSURL: "https://thief.example/keys", Rules: []tenant.Rule{
			{Claims: map[string]string{"sub": "thief"}, Role: tenant.Admin},
		}}}
		_, err := s.directory.Collection("tenants").Doc(string(s.victim.ID)).Set(ctx, stolen)
		return err
	}, roles: directoryWriters},
	"create a tenant": {try: func(ctx context.Context, s thief) error {
		_, err := s.directory.Collection("tenants").Doc("new-tenant").Create(ctx, tenant.Record{ID: "new-tenant"})
		return err
	}, roles: directoryWriters},
	"make a stranger platform staff": {try: func(ctx context.Context, s thief) error {
		_, err := directory.Staff(s.directory).Set(ctx, map[string]any{"trust": []tenant.Trust{}})
		return err
	}, roles: directoryWriters},
	"add a member": {try: func(ctx context.Context, s thief) error {
		_, err := directory.Member(s.directory, s.victim.ID, s.victim.Workspace, "i", "thief").Set(ctx, map[string]any{"subject": "thief"})
		return err
	}, roles: directoryWriters},
	"remove a tenant": {try: func(ctx context.Context, s thief) error {
		_, err := s.directory.Collection("tenants").Doc(string(s.victim.ID)).Delete(ctx)
		return err
	}, roles: directoryWriters},
	"delete an audit entry": {
		try: func(ctx context.Context, s thief) error {
			_, err := s.db.Collection("tenants").Doc(string(s.victim.ID)).Collection("audit").Doc("no-such-entry").Delete(ctx)
			return err
		},
		roles: []infra.Role{{Role: "roles/datastore.user", On: "database"}},
	},
	"delete documents in a transaction": {
		try: func(ctx context.Context, s thief) error {
			return s.db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
				return tx.Delete(s.db.Collection("tenants").Doc(string(s.victim.ID)).Collection("audit").Doc("no-such-entry"))
			})
		},
		roles: []infra.Role{{Role: "roles/datastore.user", On: "database"}},
	},
	"delete an entry in a tenant's own database": permission("datastore.entities.delete", ownDatabase,
		infra.Role{Role: "roles/datastore.user", On: "tenant.database"}),
	"write into a tenant's own database": permission("datastore.entities.create", ownDatabase,
		infra.Role{Role: "roles/datastore.user", On: "tenant.database"}, infra.Role{Role: "strongroom.documentWriter", On: "tenant.database"}),
	"list a tenant's output": {try: func(ctx context.Context, s thief) error {
		_, err := s.bucket.Objects(ctx, nil).Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		return err
	}, roles: []infra.Role{{Role: "strongroom.objectHolder", On: "tenant.outputsBucket"}, {Role: "strongroom.objectEraser", On: "tenant.outputsBucket"}}},
	"read a tenant's output": {
		try: func(ctx context.Context, s thief) error {
			_, err := s.bucket.Object("prod/no-such-run/stdout.log/00001").Attrs(ctx)
			if err != nil && strings.Contains(err.Error(), "storage.objects.list") {
				return nil // it may get objects, and this one does not exist
			}
			return err
		},
		roles: []infra.Role{{Role: "roles/storage.legacyObjectReader", On: "tenant.outputsBucket"}},
	},
	"write output without a URL": {try: func(ctx context.Context, s thief) error {
		w := s.bucket.Object("planted.log").NewWriter(ctx)
		_, err := w.Write([]byte("planted"))
		return errors.Join(err, w.Close())
	}},
	"delete output": {try: func(ctx context.Context, s thief) error {
		err := s.bucket.Object("kept.log").Delete(ctx)
		if errors.Is(err, storage.ErrObjectNotExist) {
			return nil
		}
		return err
	}, roles: []infra.Role{{Role: "strongroom.objectEraser", On: "tenant.outputsBucket"}}},
	"encrypt under a tenant's key": {
		try: func(ctx context.Context, s thief) error { return encrypt(ctx, s.clients, s.victim.KeyName) },
		roles: []infra.Role{
			{Role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", On: "tenant.key"}, {Role: "roles/cloudkms.cryptoKeyEncrypter", On: "tenant.key"},
			{Role: "strongroom.keyAdministrator", On: "tenant.key"},
		},
	},
	"encrypt under the audit key": {
		try:   func(ctx context.Context, s thief) error { return encrypt(ctx, s.clients, auditKeyName) },
		roles: []infra.Role{{Role: "roles/cloudkms.cryptoKeyEncrypter", On: "auditKey"}},
	},
	"read an audit entry": {
		try: func(ctx context.Context, s thief) error {
			return errors.Join(appendAudit(ctx, s), readAudit(ctx, s))
		},
		roles: []infra.Role{{Role: "roles/cloudkms.cryptoKeyDecrypter", On: "auditKey"}},
	},
	"disable a version of a tenant's key": permission("cloudkms.cryptoKeyVersions.update", func(s thief) string { return s.victim.KeyName },
		infra.Role{Role: "strongroom.keyAdministrator", On: "tenant.key"}),
	"destroy a version of a tenant's key": permission("cloudkms.cryptoKeyVersions.destroy", func(s thief) string { return s.victim.KeyName },
		infra.Role{Role: "strongroom.keyAdministrator", On: "tenant.key"}, infra.Role{Role: "strongroom.keyDestroyer", On: "tenant.key"}),

	"sign as a tenant's signing account": permission("iam.serviceAccounts.signBlob", signingAccount,
		infra.Role{Role: "strongroom.blobSigner", On: "tenant.signingAccount"}),
	"create an access token of a tenant's signing account": permission("iam.serviceAccounts.getAccessToken", signingAccount),
	"create an ID token of a tenant's signing account":     permission("iam.serviceAccounts.getOpenIdToken", signingAccount),
	"sign a JWT as a tenant's signing account":             permission("iam.serviceAccounts.signJwt", signingAccount),
	"act through a tenant's signing account":               permission("iam.serviceAccounts.implicitDelegation", signingAccount),
	"decrypt under a tenant's key": permission("cloudkms.cryptoKeyVersions.useToDecrypt", func(s thief) string { return s.victim.KeyName },
		infra.Role{Role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", On: "tenant.key"}, infra.Role{Role: "roles/cloudkms.cryptoKeyDecrypter", On: "tenant.key"},
		infra.Role{Role: "strongroom.keyAdministrator", On: "tenant.key"}),
	"decide who may use a tenant's key": permission("cloudkms.cryptoKeys.setIamPolicy", func(s thief) string { return s.victim.KeyName },
		infra.Role{Role: "strongroom.keyAdministrator", On: "tenant.key"}),
	"decide who may use the audit key":        permission("cloudkms.cryptoKeys.setIamPolicy", func(thief) string { return auditKeyName }),
	"decide who may use the ring of a tenant": permission("cloudkms.cryptoKeys.setIamPolicy", func(s thief) string { return s.victim.KeyName[:strings.LastIndex(s.victim.KeyName, "/cryptoKeys/")] }),
	"read a tenant's export":                  permission("storage.objects.get", exportsBucket),
	"list a tenant's exports": permission("storage.objects.list", exportsBucket,
		infra.Role{Role: "strongroom.objectHolder", On: "tenant.exportsBucket"}, infra.Role{Role: "strongroom.objectEraser", On: "tenant.exportsBucket"}),
	"sign a certificate": permission("cloudkms.cryptoKeyVersions.useToSign", func(s thief) string { return s.cloud.PlatformKey("certificate") },
		infra.Role{Role: "roles/cloudkms.signer", On: "certificateKey"}),
	"release the object hold of an output": permission("storage.objects.update", func(s thief) string { return "buckets/" + s.victim.OutputsBucket },
		infra.Role{Role: "strongroom.objectHolder", On: "tenant.outputsBucket"}),
	"write into a tenant's exports": permission("storage.objects.create", exportsBucket,
		infra.Role{Role: "roles/storage.objectCreator", On: "tenant.exportsBucket"}),
	"delete a tenant's export": permission("storage.objects.delete", exportsBucket,
		infra.Role{Role: "strongroom.objectEraser", On: "tenant.exportsBucket"}),
	"sign as the reader of exports": permission("iam.serviceAccounts.signBlob", exportReader,
		infra.Role{Role: "strongroom.blobSigner", On: "exportReader"}),
	"create an access token of the reader of exports": permission("iam.serviceAccounts.getAccessToken", exportReader),
	"sign a manifest": permission("cloudkms.cryptoKeyVersions.useToSign", func(s thief) string { return s.cloud.PlatformKey("manifest") },
		infra.Role{Role: "roles/cloudkms.signer", On: "manifestKey"}),
	"forge a half of a consent": permission("cloudkms.cryptoKeyVersions.useToSign", func(s thief) string { return s.cloud.PlatformKey("consent") },
		infra.Role{Role: "roles/cloudkms.signer", On: "consentKey"}),
	"prove to be the console": permission("cloudkms.cryptoKeyVersions.useToSign", func(s thief) string { return s.cloud.PlatformKey("sign-in") },
		infra.Role{Role: "roles/cloudkms.signer", On: "signInKey"}),
	"send data to the platform's model": permission("aiplatform.endpoints.predict", func(thief) string { return "projects/" + suite.SharedModel.ProjectID },
		infra.Role{Role: "roles/aiplatform.user", On: "modelProject"}),
	"publish events of configurations": permission("pubsub.topics.publish", func(thief) string { return "topics/config-events" },
		infra.Role{Role: "roles/pubsub.publisher", On: "topic.config-events"}),
	"publish parts of exports": permission("pubsub.topics.publish", func(thief) string { return "topics/export-parts" },
		infra.Role{Role: "roles/pubsub.publisher", On: "topic.export-parts"}),
	"forge notifications of Cloud Storage": permission("pubsub.topics.publish", func(thief) string { return "topics/object-events" }),
	"forge replayed notifications": permission("pubsub.topics.publish", func(thief) string { return "topics/replayed-object-events" },
		infra.Role{Role: "roles/pubsub.publisher", On: "topic.replayed-object-events"}),
	"send messages to a tenant's audit topic": permission("pubsub.topics.publish", func(s thief) string { return "topics/audit-" + string(s.victim.ID) },
		infra.Role{Role: "roles/pubsub.publisher", On: "tenant.auditTopic"}),
	"sign a checkpoint": permission("cloudkms.cryptoKeyVersions.useToSign", func(thief) string { return logKeyName },
		infra.Role{Role: "roles/cloudkms.signer", On: "logKey"}),
	"create an object in a tenant's audit bucket": permission("storage.objects.create", func(s thief) string { return "buckets/" + s.victim.AuditBucket },
		infra.Role{Role: "roles/storage.objectCreator", On: "tenant.auditBucket"}),
	"publish run events": permission("pubsub.topics.publish", func(thief) string { return "topics/run-events" },
		infra.Role{Role: "roles/pubsub.publisher", On: "topic.run-events"}),
	"read dead letters": permission("pubsub.subscriptions.consume", func(thief) string { return "subscriptions/run-events-dead" },
		infra.Role{Role: "roles/pubsub.subscriber", On: "deadLetters.run-events"}),
	"call sweep":                       permission("run.routes.invoke", func(thief) string { return "functions/sweep" }),
	"call custody with a forged event": permission("run.routes.invoke", func(thief) string { return "functions/custody" }),
}

func ownDatabase(s thief) string {
	return "projects/" + s.victim.ProjectID + "/databases/" + s.withDatabase.DatabaseID
}

func exportsBucket(s thief) string { return "buckets/" + s.victim.ExportsBucket }

func exportReader(thief) string { return "serviceAccounts/" + suite.Account("export-reader") }

// appendAudit appends an entry to the victim's audit log, as the operator.
func appendAudit(ctx context.Context, s thief) error {
	log, err := auditlog.Open(ctx, auditlog.Config{AuditKeyName: auditKeyName}, s.cloud.Operator, s.cloud.Clock.Now)
	if err != nil {
		return err
	}
	_, err = log.Append(ctx, s.db, auditlog.Entry{Tenant: s.victim.ID})
	return err
}

// readAudit opens the victim's audit log, as the thief.
func readAudit(ctx context.Context, s thief) error {
	reader, err := auditlog.OpenReader(ctx, auditlog.Config{AuditKeyName: auditKeyName}, s.clients, s.cloud.Clock.Now)
	if err != nil {
		return err
	}
	for _, err := range reader.Entries(ctx, s.db, s.victim.ID) {
		if err != nil {
			return err
		}
	}
	return nil
}

func signingAccount(s thief) string { return "serviceAccounts/" + s.victim.SigningAccount }

// permission is a theft that no part of the embedded cloud serves to functions, so
// IAM is asked.
func permission(name string, resource func(thief) string, roles ...infra.Role) theft {
	return theft{roles: roles, try: func(_ context.Context, s thief) error {
		if s.cloud.IAM.Allowed(s.account, name, resource(s)) {
			return nil
		}
		return status.Error(codes.PermissionDenied, name)
	}}
}

func encrypt(ctx context.Context, clients *gcp.Clients, key string) error {
	kms, err := clients.KMS(ctx)
	if err != nil {
		return err
	}
	_, err = kms.Encrypt(ctx, &kmspb.EncryptRequest{Name: key, Plaintext: []byte("x")})
	return err
}

// TestNoAccountCanDoMoreThanTheTableSays tries every theft as the account of every
// function. A theft succeeds exactly if suite.json lists for the function one of the
// theft's roles.
func TestNoAccountCanDoMoreThanTheTableSays(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	if c.Firestore == nil {
		t.Skip("Google's emulator asks for no role")
	}
	for function, f := range c.Suite.Functions {
		s := newThief(t, c, suite.FunctionAccount(function))
		for name, attempt := range thefts {
			want := slices.ContainsFunc(attempt.roles, func(r infra.Role) bool { return slices.Contains(f.Roles, r) })
			err := attempt.try(t.Context(), s)
			if err != nil && !isDenied(err) {
				t.Errorf("%s tries to %s: %v", function, name, err)
			}
			if (err == nil) != want {
				t.Errorf("%s tries to %s: succeeds is %v, want %v (%v)", function, name, err == nil, want, err)
			}
		}
	}
	// The victim's own people notice nothing.
	v := newThief(t, c, suite.OperatorAccount).victim
	v.Search(t, "admin", "/v1/workspaces/"+string(v.Workspace)+"/runs", "").Want(t, http.StatusOK)
}

func newThief(t *testing.T, c *cloudtest.Cloud, account string) thief {
	t.Helper()
	s := thief{cloud: c, victim: c.Tenant(t), withDatabase: c.TenantWithDatabase(t), account: account, clients: gcp.NewClients(c.As(account))}
	t.Cleanup(func() { _ = s.clients.Close() })
	var errDB, errDirectory error
	s.db, errDB = s.clients.Default(t.Context())
	s.directory, errDirectory = directory.New(s.clients, c.Clock.Now).Client(t.Context())
	if err := errors.Join(errDB, errDirectory); err != nil {
		t.Fatal(err)
	}
	s.bucket = bucketAs(t, c, account, s.victim.OutputsBucket)
	return s
}

// isDenied reports whether an error says that a permission is missing.
func isDenied(err error) bool {
	return status.Code(err) == codes.PermissionDenied || strings.Contains(fmt.Sprint(err), "403")
}
