package iam_test

import (
	"path/filepath"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/iam"
)

func keyFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestABindingCoversItsResourceAndItsChildren(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	const key = "projects/strongroom-local/locations/l/keyRings/r/cryptoKeys/acme"
	bind(t, s, acme, "roles/storage.objectCreator", "buckets/acme")
	bind(t, s, acme, "roles/cloudkms.cryptoKeyEncrypter", key)
	bind(t, s, uploads, "roles/datastore.user", "projects/strongroom-local")
	bind(t, s, uploads, "roles/pubsub.publisher", "projects/strongroom-local")
	for name, c := range map[string]struct {
		member, permission, resource string
		want                         bool
	}{
		"an object below the bucket":       {acme, "storage.objects.create", "buckets/acme/objects/a/b", true},
		"the bucket itself":                {acme, "storage.objects.create", "buckets/acme", true},
		"a bucket with the same prefix":    {acme, "storage.objects.create", "buckets/acme2/objects/a", false},
		"another bucket":                   {acme, "storage.objects.create", "buckets/globex/objects/a", false},
		"another account":                  {globex, "storage.objects.create", "buckets/acme/objects/a", false},
		"a creator does not delete":        {acme, "storage.objects.delete", "buckets/acme/objects/a", false},
		"a creator does not get":           {acme, "storage.objects.get", "buckets/acme/objects/a", false},
		"a creator does not list":          {acme, "storage.objects.list", "buckets/acme", false},
		"an encrypter encrypts":            {acme, "cloudkms.cryptoKeyVersions.useToEncrypt", key, true},
		"an encrypter does not decrypt":    {acme, "cloudkms.cryptoKeyVersions.useToDecrypt", key, false},
		"a key with the same prefix":       {acme, "cloudkms.cryptoKeyVersions.useToEncrypt", key + "2", false},
		"a database of the project":        {uploads, "datastore.entities.update", "projects/strongroom-local/databases/d", true},
		"a topic, by a binding of project": {uploads, "pubsub.topics.publish", "topics/object-events", true},
		"another project":                  {uploads, "datastore.entities.get", "projects/other/databases/d", false},
		"a project with the same prefix":   {uploads, "datastore.entities.get", "projects/strongroom-local2/databases/d", false},
		"no account":                       {"", "storage.objects.create", "buckets/acme", false},
		"no permission":                    {acme, "", "buckets/acme", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := s.Allowed(c.member, c.permission, c.resource); got != c.want {
				t.Errorf("Allowed(%q, %q, %q) = %v", c.member, c.permission, c.resource, got)
			}
		})
	}
}

func TestUnbindRevokes(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	b := iam.Binding{Member: acme, Role: "roles/storage.objectCreator", Resource: "buckets/acme"}
	bind(t, s, b.Member, b.Role, b.Resource)
	if err := s.Unbind(b); err != nil {
		t.Fatal(err)
	}
	if s.Allowed(acme, "storage.objects.create", "buckets/acme") || len(s.Bindings()) != 0 {
		t.Error("the role is still there")
	}
}

func TestABindingWithoutAccountGrantsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	const later = "later@strongroom-local.iam.gserviceaccount.com"
	bind(t, s, later, "roles/run.invoker", "functions/sweep")
	if s.Allowed(later, "run.routes.invoke", "functions/sweep") {
		t.Error("an account that does not exist may do something")
	}
	if err := s.CreateServiceAccount(later); err != nil {
		t.Fatal(err)
	}
	if !s.Allowed(later, "run.routes.invoke", "functions/sweep") {
		t.Error("the account may not do what it was given before it was made")
	}
}

func TestAnOwnerDoesNotSignForAccounts(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	bind(t, s, uploads, "roles/owner", "projects/strongroom-local")
	if !s.Allowed(uploads, "storage.objects.delete", "buckets/acme/objects/a") {
		t.Error("an owner may not delete an object")
	}
	if s.Allowed(uploads, "iam.serviceAccounts.signBlob", "serviceAccounts/"+acme) {
		t.Error("an owner may sign as an account")
	}
}

func TestInvalidBindingsAreErrors(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	for name, b := range map[string]iam.Binding{
		"an unknown role":        {Member: acme, Role: "roles/storage.everything", Resource: "buckets/acme"},
		"a member with a prefix": {Member: "serviceAccount:" + acme, Role: "roles/storage.objectCreator", Resource: "buckets/acme"},
		"everybody":              {Member: "allUsers", Role: "roles/storage.objectCreator", Resource: "buckets/acme"},
		"no resource":            {Member: acme, Role: "roles/storage.objectCreator"},
		"an empty part":          {Member: acme, Role: "roles/storage.objectCreator", Resource: "buckets//acme"},
		"a slash at the end":     {Member: acme, Role: "roles/storage.objectCreator", Resource: "buckets/acme/"},
	} {
		if err := s.Bind(b); err == nil {
			t.Errorf("%s is bound", name)
		}
	}
}
