package custody_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/custody"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

var auditConfig = auditlog.Config{
	AuditKeyName: "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit",
}

// fixture is a tenant, and the function running as a service account.
type fixture struct {
	*cloudtest.Tenant
	handler *custody.Handler
	db      *firestore.Client
	run     run.ID
}

func newFixture(t *testing.T, c *cloudtest.Cloud, account string) fixture {
	t.Helper()
	clients := gcp.NewClients(c.As(account))
	t.Cleanup(func() { _ = clients.Close() })
	h, err := custody.New(t.Context(), auditConfig,
		function.Deps{Clients: clients, Now: c.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return fixture{Tenant: c.Tenant(t), handler: h, db: db, run: run.ID(cloudtest.NewRun(t))}
}

func (f fixture) object(part int) grant.Object {
	return grant.Object{Workspace: f.Workspace, Run: f.run, Output: "out.log", Part: part}
}

// grant writes a grant of 5 bytes of plain text with the CRC32C 7.
func (f fixture) grant(t *testing.T, part int, state grant.State) {
	t.Helper()
	size, sum := int64(5), uint32(7)
	o := f.object(part)
	_, err := records.GrantRef(f.db, f.ID, o).Set(t.Context(), grant.Grant{
		Workspace: o.Workspace, Run: o.Run, Output: o.Output, Part: o.Part, State: state,
		Declared: grant.Declared{ContentType: "text/plain", Size: &size, CRC32C: &sum},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f fixture) read(t *testing.T, part int) grant.Grant {
	t.Helper()
	doc, err := records.GrantRef(f.db, f.ID, f.object(part)).Get(t.Context())
	if doc == nil {
		t.Fatal(err)
	}
	g, err := records.Decode[grant.Grant](doc)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// message is the notification of a complete object, with the fields in change replaced.
func (f fixture) message(t *testing.T, name string, generation int64, change map[string]any) event.Message {
	t.Helper()
	resource := map[string]any{
		"bucket": f.OutputsBucket, "name": name, "generation": strconv.FormatInt(generation, 10), "size": "5",
		"crc32c": crc32c.Encode(7), "contentType": "text/plain", "timeCreated": "2026-01-02T03:04:05Z",
	}
	for key, value := range change {
		resource[key] = value
	}
	data, err := json.Marshal(resource)
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: "1", Data: data, Attributes: map[string]string{
		"eventType": "OBJECT_FINALIZE", "bucketId": f.OutputsBucket, "objectId": name,
	}}
}

func (f fixture) handle(t *testing.T, m event.Message) {
	t.Helper()
	if err := f.handler.Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// quarantineReasons returns the reasons in the audit log, one per entry, and checks
// that the quarantine has as many records.
func (f fixture) quarantineReasons(t *testing.T) []string {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditConfig, f.Cloud.Operator, f.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	reasons := []string{}
	for e, err := range log.Entries(t.Context(), f.db, f.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == auditlog.QuarantineObject {
			reasons = append(reasons, e.Reason)
		}
	}
	objects, err := f.db.Collection("tenants").Doc(string(f.ID)).Collection("quarantine").Documents(t.Context()).GetAll()
	if err != nil || len(objects) != len(reasons) {
		t.Errorf("%d objects in quarantine, but the audit log has %v (%v)", len(objects), reasons, err)
	}
	return reasons
}

func TestFinalizedObjectMakesItsGrantStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t), suite.FunctionAccount("custody"))
	for part, state := range map[int]grant.State{1: grant.Pending, 2: grant.Expired, 3: grant.Missing} {
		f.grant(t, part, state)
		m := f.message(t, f.object(part).Name(), 42, nil)
		f.handle(t, m)
		first := f.read(t, part)
		if first.State != grant.Stored || first.Stored.Generation != 42 || first.Stored.Size != 5 || first.Stored.CRC32C != 7 {
			t.Errorf("the %s grant is %+v", state, first.Stored)
		}
		f.handle(t, m)
		f.handle(t, f.message(t, f.object(part).Name(), 42, map[string]any{"timeCreated": "2026-02-02T03:04:05Z"}))
		if again := f.read(t, part); !again.Stored.Time.Equal(first.Stored.Time) {
			t.Errorf("a repeated message changed it to %+v", again.Stored)
		}
	}
	if got := f.quarantineReasons(t); len(got) > 0 {
		t.Errorf("quarantined: %v", got)
	}
}

func TestUnexpectedObjectIsQuarantinedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grant   grant.State
		object  string // empty: part 1's
		change  map[string]any
		reason  string
		becomes grant.State
	}{
		"an object without a grant":            {reason: "no-grant"},
		"an object with another name":          {object: "prod/readme.txt", reason: "invalid-name"},
		"an object of another type":            {grant: grant.Pending, change: map[string]any{"contentType": "text/html"}, reason: "mismatch", becomes: grant.Quarantined},
		"an object of another size":            {grant: grant.Pending, change: map[string]any{"size": "6"}, reason: "mismatch", becomes: grant.Quarantined},
		"an object of another sum":             {grant: grant.Expired, change: map[string]any{"crc32c": "AAAACA=="}, reason: "mismatch", becomes: grant.Quarantined},
		"an object with a content encoding":    {grant: grant.Pending, change: map[string]any{"contentEncoding": "gzip"}, reason: "metadata", becomes: grant.Quarantined},
		"an object with a disposition":         {grant: grant.Pending, change: map[string]any{"contentDisposition": "attachment"}, reason: "metadata", becomes: grant.Quarantined},
		"an object with a cache control":       {grant: grant.Expired, change: map[string]any{"cacheControl": "public"}, reason: "metadata", becomes: grant.Quarantined},
		"an object with a language":            {grant: grant.Pending, change: map[string]any{"contentLanguage": "de"}, reason: "metadata", becomes: grant.Quarantined},
		"an object with custom metadata":       {grant: grant.Pending, change: map[string]any{"metadata": map[string]any{"a": "b"}}, reason: "metadata", becomes: grant.Quarantined},
		"an object with a custom time":         {grant: grant.Pending, change: map[string]any{"customTime": "2026-01-02T03:04:05Z"}, reason: "metadata", becomes: grant.Quarantined},
		"the stored generation with metadata":  {grant: grant.Stored, change: map[string]any{"contentEncoding": "gzip"}, reason: "contradiction", becomes: grant.Stored},
		"the stored generation, of other size": {grant: grant.Stored, change: map[string]any{"size": "6"}, reason: "contradiction", becomes: grant.Stored},
		"a second generation":                  {grant: grant.Stored, change: map[string]any{"generation": "43"}, reason: "second-generation", becomes: grant.Stored},
		"a second generation that mismatches":  {grant: grant.Stored, change: map[string]any{"generation": "41", "size": "9"}, reason: "second-generation", becomes: grant.Stored},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cloudtest.Shared(t), suite.FunctionAccount("custody"))
			object := f.object(1).Name()
			if c.grant != "" {
				f.grant(t, 1, grant.Pending)
			}
			if c.grant == grant.Stored {
				f.handle(t, f.message(t, object, 42, nil))
			}
			if c.object != "" {
				object = c.object
			}
			for range 3 {
				f.handle(t, f.message(t, object, 42, c.change))
			}
			if got := f.quarantineReasons(t); len(got) != 1 || got[0] != c.reason {
				t.Errorf("the audit log has %v", got)
			}
			if g := f.read(t, 1); g.State != c.becomes || (g.State == grant.Stored && g.Stored.Generation != 42) {
				t.Errorf("the grant is %+v", g)
			}
		})
	}
}

func TestInvalidNotificationIsPermanentlyRejected(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t), suite.FunctionAccount("custody"))
	good := f.message(t, f.object(1).Name(), 42, nil)
	for name, m := range map[string]event.Message{
		"no JSON":                    {Data: []byte("hello"), Attributes: good.Attributes},
		"no data":                    {Attributes: good.Attributes},
		"an attribute that differs":  {Data: good.Data, Attributes: map[string]string{"eventType": "OBJECT_FINALIZE", "bucketId": "b", "objectId": "o"}},
		"a generation of zero":       f.message(t, f.object(1).Name(), 0, nil),
		"a generation not in digits": f.message(t, f.object(1).Name(), 1, map[string]any{"generation": "x"}),
		"a size below zero":          f.message(t, f.object(1).Name(), 1, map[string]any{"size": "-1"}),
		"a name twice":               {Data: append([]byte(`{"size":"5",`), good.Data[1:]...), Attributes: good.Attributes},
		"a known name in upper case": {Data: append([]byte(`{"BUCKET":"x",`), good.Data[1:]...), Attributes: good.Attributes},
		"an unknown name twice":      {Data: append([]byte(`{"x":1,"x":2,`), good.Data[1:]...), Attributes: good.Attributes},
		"text after the object":      {Data: append(append([]byte{}, good.Data...), "{}"...), Attributes: good.Attributes},
		"another generation":         withAttribute(good, "objectGeneration", "43"),
		"another payload":            withAttribute(good, "payloadFormat", "NONE"),
		"no checksum":                f.message(t, f.object(1).Name(), 1, map[string]any{"crc32c": ""}),
	} {
		if err := f.handler.Handle(t.Context(), m); !event.IsPermanent(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.handle(t, event.Message{Attributes: map[string]string{"eventType": "OBJECT_DELETE"}}) // ignored
}

func withAttribute(m event.Message, name, value string) event.Message {
	m.Attributes = maps.Clone(m.Attributes)
	m.Attributes[name] = value
	return m
}

// TestAForgedNotificationNeverVoidsAGenuinePart sends a forged message before or
// after the bucket's own. In the end the grant describes the genuine object, or is
// disputed, so that outputs asks the bucket.
func TestAForgedNotificationNeverVoidsAGenuinePart(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t), suite.FunctionAccount("custody"))
	part := 0
	for name, forged := range map[string]map[string]any{
		"another generation":                 {"generation": "777"},
		"another generation that mismatches": {"generation": "777", "size": "9"},
		"another generation with metadata":   {"generation": "777", "contentEncoding": "gzip"},
		"the same one with another size":     {"size": "0"},
		"the same one with another sum":      {"crc32c": "AAAACA=="},
		"the same one with metadata":         {"cacheControl": "public"},
	} {
		for order, first := range map[string]bool{"before": true, "after": false} {
			part++
			o := f.object(part)
			_, err := records.GrantRef(f.db, f.ID, o).Set(t.Context(), grant.Grant{
				Workspace: o.Workspace, Run: o.Run, Output: o.Output, Part: o.Part, State: grant.Pending,
				Declared: grant.Declared{ContentType: "text/plain"},
			})
			if err != nil {
				t.Fatal(err)
			}
			messages := []event.Message{f.message(t, o.Name(), 42, nil), f.message(t, o.Name(), 42, forged)}
			if first {
				slices.Reverse(messages)
			}
			for _, m := range messages {
				f.handle(t, m)
			}
			g := f.read(t, part)
			genuine := g.State == grant.Stored && g.Stored.Generation == 42 && g.Stored.Size == 5 && g.Stored.CRC32C == 7
			if !genuine && !g.Disputed {
				t.Errorf("%s %s: the grant is %+v of %+v", name, order, g, g.Stored)
			}
		}
	}
}

func TestTransientFailureIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	nobody := suite.Account("no-rights-yet")
	if err := c.IAM.CreateServiceAccount(nobody); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, c, nobody)
	f.grant(t, 1, grant.Pending)
	if err := f.handler.Handle(t.Context(), f.message(t, f.object(1).Name(), 42, nil)); err == nil || event.IsPermanent(err) {
		t.Errorf("without Firestore: %v", err)
	}
	working := newFixture(t, c, suite.FunctionAccount("custody"))
	m := working.message(t, "prod/x", 1, map[string]any{"bucket": "nobodys-bucket"})
	m.Attributes["bucketId"] = "nobodys-bucket"
	if err := working.handler.Handle(t.Context(), m); err == nil || event.IsPermanent(err) {
		t.Errorf("a bucket that no tenant has yet: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := working.handler.Handle(ended, working.message(t, working.object(1).Name(), 1, nil)); err == nil || event.IsPermanent(err) {
		t.Errorf("after the deadline: %v", err)
	}
}

func TestEveryDeliveryTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{Redeliver: 2})
	f := newFixture(t, c, suite.FunctionAccount("custody"))
	u := f.Mint(t, string(f.run), cloudtest.PartOf("out.log", 1, []byte("hello")))
	u[0].Put(t, []byte("hello")).Want(t, http.StatusOK)
	w := f.bucketAs(t, suite.OperatorAccount).Object("planted.txt").NewWriter(t.Context())
	if _, err := w.Write([]byte("planted")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c.Drain(t)
	if g := f.read(t, 1); g.State != grant.Stored || g.Stored.Size != 5 {
		t.Errorf("the grant is %+v", g)
	}
	if got := f.quarantineReasons(t); len(got) != 1 || got[0] != "invalid-name" {
		t.Errorf("the audit log has %v", got)
	}
}

func (f fixture) bucketAs(t *testing.T, account string) *storage.BucketHandle {
	t.Helper()
	config := f.Cloud.As(account)
	client, err := storage.NewClient(t.Context(), option.WithEndpoint("http://"+config.StorageHost+"/storage/v1/"),
		option.WithHTTPClient(&http.Client{Transport: config.Transport()}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client.Bucket(f.OutputsBucket)
}

func TestCustodyCannotReadObjects(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t), suite.FunctionAccount("custody"))
	f.Store(t, string(f.run), "out.log", []byte("hello"))
	name := f.object(1).Name()
	if r, err := f.bucketAs(t, suite.OperatorAccount).Object(name).NewReader(t.Context()); err != nil {
		t.Fatalf("the operator cannot read the object: %v", err)
	} else {
		_ = r.Close()
	}
	bucket := f.bucketAs(t, suite.FunctionAccount("custody"))
	if _, err := bucket.Object(name).NewReader(t.Context()); err == nil {
		t.Error("custody can read objects")
	}
	if _, err := bucket.Object(name).Attrs(t.Context()); err == nil {
		t.Error("custody can read object metadata")
	}
	if _, err := bucket.Objects(t.Context(), nil).Next(); err == nil {
		t.Error("custody can list objects")
	}
	if err := bucket.Object(name).Delete(t.Context()); err == nil {
		t.Error("custody can delete objects")
	}
}

func TestOnlyThePushAccountMayCall(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	endpoint := c.LoadBalancer.Endpoint("custody")
	sign := func(email, audience string) string {
		token, err := c.IAM.SignJWT(email, map[string]any{"aud": audience})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	push := suite.Account("pubsub-push")
	good := sign(push, endpoint)
	for name, row := range map[string]struct {
		token string
		want  int
	}{
		"no token":                       {"", http.StatusUnauthorized},
		"a malformed token":              {"hello", http.StatusUnauthorized},
		"a token with a short signature": {good[:len(good)-10], http.StatusUnauthorized},
		"a token for another function":   {sign(push, c.LoadBalancer.Endpoint("sweep")), http.StatusUnauthorized},
		"a tenant's token":               {c.Tenant(t).Token(t, "admin"), http.StatusUnauthorized},
		"another account's token":        {sign(suite.Account("scheduler"), endpoint), http.StatusForbidden},
		"the push account's token":       {good, http.StatusOK}, // authorized; what is no message is quarantined
	} {
		if got := c.Do(t, row.token, http.MethodPost, "/functions/custody", map[string]any{}); got.Status != row.want {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}
