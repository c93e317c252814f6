package suite_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const (
	platformKeys = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/"
	auditKeyName = platformKeys + "audit"
	logKeyName   = platformKeys + "log"
)

// auditEntries returns a tenant's audit log. An empty ID means the platform's log.
func auditEntries(t testing.TB, c *cloudtest.Cloud, id tenant.ID) []auditlog.Entry {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: auditKeyName}, c.Operator, c.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	var all []auditlog.Entry
	for e, err := range log.Entries(t.Context(), operatorDB(t, c), id) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func operatorDB(t testing.TB, c *cloudtest.Cloud) *firestore.Client {
	t.Helper()
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// writtenPaths returns the paths of all documents that a tenant's functions wrote,
// except the audit log: runs, run IDs and grants.
func writtenPaths(t testing.TB, tn *cloudtest.Tenant) []string {
	t.Helper()
	record := operatorDB(t, tn.Cloud).Collection("tenants").Doc(string(tn.ID))
	found := paths(t, record.Collection("runIds"))
	workspaces, err := record.Collection("workspaces").DocumentRefs(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range workspaces {
		found = append(found, paths(t, w.Collection("runs"))...)
		found = append(found, paths(t, w.Collection("grants"))...)
	}
	slices.Sort(found)
	return found
}

func paths(t testing.TB, c *firestore.CollectionRef) []string {
	t.Helper()
	docs, err := c.Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, doc := range docs {
		_, path, _ := strings.Cut(doc.Ref.Path, "/documents/")
		all = append(all, path)
	}
	return all
}

// bucketContents returns the content of each object in a bucket, by name.
func bucketContents(t testing.TB, c *cloudtest.Cloud, name string) map[string]string {
	t.Helper()
	bucket := bucketAs(t, c, suite.OperatorAccount, name)
	all := map[string]string{}
	objects := bucket.Objects(t.Context(), nil)
	for {
		attrs, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := bucket.Object(attrs.Name).NewReader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		all[attrs.Name] = string(text)
	}
}

func bucketAs(t testing.TB, c *cloudtest.Cloud, account, name string) *storage.BucketHandle {
	t.Helper()
	config := c.As(account)
	client, err := storage.NewClient(t.Context(), option.WithEndpoint("http://"+config.StorageHost+"/storage/v1/"),
		option.WithHTTPClient(&http.Client{Transport: config.Transport()}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client.Bucket(name)
}

// problem is an error response of the API.
type problem struct {
	Title  string
	Code   string
	Status int
	Detail string
	Errors []struct{ Message, Location string }
	Stored []struct {
		Output string
		Part   int
		Size   int64
		CRC32C string
	}
}

// wantProblem checks that r is a problem with this status that contains no URL and
// says what to change.
func wantProblem(t testing.TB, r cloudtest.Response, status int) problem {
	t.Helper()
	r.Want(t, status)
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q: %s", got, r.Body)
	}
	var p problem
	r.JSON(t, &p)
	if p.Status != status || p.Title != http.StatusText(status) || len(p.Detail) < 10 {
		t.Errorf("problem %s", r.Body)
	}
	if strings.Contains(string(r.Body), "X-Goog-") || strings.Contains(string(r.Body), "http://") {
		t.Errorf("the problem contains a URL: %s", r.Body)
	}
	return p
}

func serve(t testing.TB, h http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}
