package iam

import (
	"fmt"
	"regexp"
	"slices"
)

// roles are the predefined roles in use, with the permissions that the embedded
// cloud checks. Permissions that no part checks are omitted, and none is added.
// Source: cloud.google.com/iam/docs/roles-permissions.
var roles = map[string][]string{
	"roles/storage.objectCreator": storageWrite,
	"roles/storage.objectViewer":  storageRead,
	"roles/storage.objectUser":    slices.Concat(storageRead, storageWrite, storageChange),
	"roles/storage.objectAdmin":   slices.Concat(storageRead, storageWrite, storageChange, storageObjectPolicy),
	"roles/storage.admin":         slices.Concat(storageRead, storageWrite, storageChange, storageObjectPolicy, storageBuckets),

	"roles/storage.legacyBucketReader": {"storage.buckets.get", "storage.objects.list", "storage.multipartUploads.list"},
	"roles/storage.legacyObjectReader": {"storage.objects.get"},

	"roles/cloudkms.cryptoKeyEncrypter":          {kmsVersion + "useToEncrypt"},
	"roles/cloudkms.cryptoKeyDecrypter":          {kmsVersion + "useToDecrypt"},
	"roles/cloudkms.cryptoKeyEncrypterDecrypter": {kmsVersion + "useToEncrypt", kmsVersion + "useToDecrypt"},
	"roles/cloudkms.signer":                      {kmsVersion + "useToSign"},
	"roles/cloudkms.signerVerifier":              {kmsVersion + "useToSign", kmsVersion + "useToVerify", kmsVersion + "viewPublicKey"},
	"roles/cloudkms.publicKeyViewer":             {kmsVersion + "viewPublicKey"},
	"roles/cloudkms.viewer":                      kmsView,
	"roles/cloudkms.admin":                       slices.Concat(kmsView, kmsAdministration),

	"roles/iam.serviceAccountTokenCreator": {
		"iam.serviceAccounts.get", "iam.serviceAccounts.list",
		"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken",
		"iam.serviceAccounts.implicitDelegation",
		signBlobPermission, "iam.serviceAccounts.signJwt",
	},

	"roles/datastore.viewer": datastoreRead,
	"roles/datastore.user":   slices.Concat(datastoreRead, datastoreWrite),

	"roles/pubsub.publisher":  {"pubsub.topics.publish"},
	"roles/pubsub.subscriber": {"pubsub.subscriptions.consume", "pubsub.snapshots.seek", "pubsub.topics.attachSubscription"},

	"roles/aiplatform.user": {"aiplatform.endpoints.predict"},

	"roles/run.invoker": {"run.routes.invoke", "run.jobs.run"},
}

// owner has every permission except those on an account's own keys.
const owner = "roles/owner"

var ownerExceptions = []string{
	"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken",
	"iam.serviceAccounts.implicitDelegation", signBlobPermission, "iam.serviceAccounts.signJwt",
}

const kmsVersion = "cloudkms.cryptoKeyVersions."

var (
	storageRead  = []string{"storage.objects.get", "storage.objects.list"}
	storageWrite = []string{
		"storage.objects.create",
		"storage.multipartUploads.create", "storage.multipartUploads.abort", "storage.multipartUploads.listParts",
	}
	storageChange = []string{
		"storage.objects.delete", "storage.objects.update", "storage.objects.move", "storage.objects.restore",
		"storage.multipartUploads.list",
	}
	storageObjectPolicy = []string{
		"storage.objects.getIamPolicy", "storage.objects.setIamPolicy",
		"storage.objects.setRetention", "storage.objects.overrideUnlockedRetention",
	}
	storageBuckets = []string{
		"storage.buckets.create", "storage.buckets.delete", "storage.buckets.get", "storage.buckets.list",
		"storage.buckets.update", "storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy",
	}

	kmsView = []string{
		"cloudkms.keyRings.get", "cloudkms.keyRings.list",
		"cloudkms.cryptoKeys.get", "cloudkms.cryptoKeys.list",
		kmsVersion + "get", kmsVersion + "list",
		"cloudkms.locations.get", "cloudkms.locations.list",
	}
	kmsAdministration = []string{
		"cloudkms.keyRings.create", "cloudkms.keyRings.getIamPolicy", "cloudkms.keyRings.setIamPolicy",
		"cloudkms.cryptoKeys.create", "cloudkms.cryptoKeys.update",
		"cloudkms.cryptoKeys.getIamPolicy", "cloudkms.cryptoKeys.setIamPolicy",
		kmsVersion + "create", kmsVersion + "update", kmsVersion + "destroy", kmsVersion + "restore",
	}

	datastoreRead = []string{
		"datastore.databases.get", "datastore.databases.getMetadata", "datastore.databases.list",
		"datastore.entities.get", "datastore.entities.list",
		"datastore.indexes.get", "datastore.indexes.list",
	}
	datastoreWrite = []string{
		"datastore.entities.allocateIds", "datastore.entities.create",
		"datastore.entities.delete", "datastore.entities.update",
	}
)

// customRole is the name of a role that a project defines itself:
// cloud.google.com/iam/docs/creating-custom-roles.
var customRole = regexp.MustCompile(`^projects/[a-z][a-z0-9-]*/roles/[a-zA-Z0-9_.]{3,64}$`)

// CreateRole creates or replaces a custom role, projects/P/roles/R, with these
// permissions.
func (s *Server) CreateRole(name string, permissions ...string) error {
	if !customRole.MatchString(name) || len(permissions) == 0 {
		return fmt.Errorf("iam: create role: %q is not the name of a custom role, or the role has no permissions", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.customRoles[name] = slices.Clone(permissions)
	return s.save()
}

// knownRole reports whether a role exists. The caller holds mu.
func (s *Server) knownRole(role string) bool {
	return role == owner || roles[role] != nil || s.customRoles[role] != nil
}

// grants reports whether role has permission. The caller holds mu.
func (s *Server) grants(role, permission string) bool {
	if role == owner {
		return !slices.Contains(ownerExceptions, permission)
	}
	return slices.Contains(roles[role], permission) || slices.Contains(s.customRoles[role], permission)
}
