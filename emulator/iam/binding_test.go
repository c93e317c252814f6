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
		"an object below the bucket":       {member: acme, permission: "storage.objects.create", resource: "buckets/acme/objects/a/b", want: true},
		"the bucket itself":                {member: acme, permission: "storage.objects.create", resource: "buckets/acme", want: true},
		"a bucket with the same prefix":    {member: acme, permission: "storage.objects.create", resource: "buckets/acme2/objects/a", want: false},
		"another bucket":                   {member: acme, permission: "storage.objects.create", resource: "buckets/globex/objects/a", want: false},
		"another account":                  {member: globex, permission: "storage.objects.create", resource: "buckets/acme/objects/a", want: false},
		"a creator does not delete":        {member: acme, permission: "storage.objects.delete", resource: "buckets/acme/objects/a", want: false},
		"a creator does not get":           {member: acme, permission: "storage.objects.get", resource: "buckets/acme/objects/a", want: false},
		"a creator does not list":          {member: acme, permission: "storage.objects.list", resource: "buckets/acme", want: false},
		"an encrypter encrypts":            {member: acme, permission: "cloudkms.cryptoKeyVersions.useToEncrypt", resource: key, want: true},
		"an encrypter does not decrypt":    {member: acme, permission: "cloudkms.cryptoKeyVersions.useToDecrypt", resource: key, want: false},
		"a key with the same prefix":       {member: acme, permission: "cloudkms.cryptoKeyVersions.useToEncrypt", resource: key + "2", want: false},
		"a database of the project":        {member: uploads, permission: "datastore.entities.update", resource: "projects/strongroom-local/databases/d", want: true},
		"a topic, by a binding of project": {member: uploads, permission: "pubsub.topics.publish", resource: "topics/object-events", want: true},
		"another project":                  {member: uploads, permission: "datastore.entities.get", resource: "projects/other/databases/d", want: false},
		"a project with the same prefix":   {member: uploads, permission: "datastore.entities.get", resource: "projects/strongroom-local2/databases/d", want: false},
		"no account":                       {member: "", permission: "storage.objects.create", resource: "buckets/acme", want: false},
		"no permission":                    {member: acme, permission: "", resource: "buckets/acme", want: false},
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
