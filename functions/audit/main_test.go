package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const platformKeys = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/"

// fixture is a tenant whose log is read over HTTP.
type fixture struct {
	*cloudtest.Tenant
	db     *firestore.Client
	log    *auditlog.Log
	reader *auditlog.Reader
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	return fixtureOf(t, cloudtest.New(t, suite.Options{}))
}

func fixtureOf(t *testing.T, c *cloudtest.Cloud) fixture {
	t.Helper()
	config := auditlog.Config{AuditKeyName: platformKeys + "audit"}
	log, errLog := auditlog.Open(t.Context(), config, c.Operator, c.Clock.Now)
	reader, errReader := auditlog.OpenReader(t.Context(), config, c.Operator, c.Clock.Now)
	db, errDB := c.Operator.Default(t.Context())
	if err := errors.Join(errLog, errReader, errDB); err != nil {
		t.Fatal(err)
	}
	return fixture{Tenant: c.Tenant(t), db: db, log: log, reader: reader}
}

// append records n entries and returns their IDs.
func (f fixture) append(t *testing.T, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = f.appendEntry(t, auditlog.Entry{Actor: auditlog.Actor{Subject: fmt.Sprint(i)}, Action: auditlog.StartRun})
	}
	return ids
}

func (f fixture) appendEntry(t *testing.T, e auditlog.Entry) string {
	t.Helper()
	e.Tenant = f.ID
	id, err := f.log.Append(t.Context(), f.db, e)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// commit writes a prepared entry.
func (f fixture) commit(t *testing.T, p auditlog.Prepared) {
	t.Helper()
	err := f.db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error { return p.Write(tx) })
	if err != nil {
		t.Fatal(err)
	}
}

// integrate publishes all entries.
func (f fixture) integrate(t *testing.T) {
	t.Helper()
	if err := f.Cloud.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) logPath() string { return "/v1/tenants/" + string(f.ID) + "/audit/log/" }

// get sends a GET request below the log's path as the auditor.
func (f fixture) get(t *testing.T, path string) cloudtest.Response {
	t.Helper()
	return f.Do(t, "auditor", http.MethodGet, f.logPath()+path, nil)
}

// listing is a page of entries.
type listing struct {
	Entries []struct {
		Index *int64
		Entry json.RawMessage
	}
	NextPageToken string
	Size          int64
}

func (l listing) ids(t *testing.T) []string {
	t.Helper()
	ids := []string{}
	for _, e := range l.Entries {
		ids = append(ids, idOf(t, e.Entry))
	}
	return ids
}

func idOf(t *testing.T, leaf []byte) string {
	t.Helper()
	entry, err := auditlog.Stored{Leaf: leaf}.Entry()
	if err != nil {
		t.Fatal(err)
	}
	return entry.ID
}

// list returns one page of the tenant's entries. The query has names and values.
func (f fixture) list(t *testing.T, query ...string) listing {
	t.Helper()
	var l listing
	f.Do(t, "auditor", http.MethodGet, "/v1/audit/entries"+encode(query), nil).Want(t, http.StatusOK).JSON(t, &l)
	return l
}

func encode(query []string) string {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return strings.TrimSuffix("?"+values.Encode(), "?")
}

// listAll reads all pages.
func (f fixture) listAll(t *testing.T, query ...string) (ids []string, pages int) {
	t.Helper()
	for token := ""; ; {
		l := f.list(t, append(query, "pageToken", token)...)
		ids, pages = append(ids, l.ids(t)...), pages+1
		if token = l.NextPageToken; token == "" {
			return ids, pages
		}
	}
}
