package uploads_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const auditKey = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"

var hello = []byte("hello\n")

// mint requests parts as the runner and returns the response, whatever its status.
func mint(t testing.TB, tn *cloudtest.Tenant, id string, parts ...cloudtest.Part) cloudtest.Response {
	t.Helper()
	return tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/uploads", map[string]any{"parts": parts})
}

// grants returns the grants of the run, by output and part.
func grants(t testing.TB, tn *cloudtest.Tenant, id string) []grant.Grant {
	t.Helper()
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []grant.Grant
	err = records.GrantsOfRun(t.Context(), db, tn.ID, tn.Workspace, run.ID(id), records.GrantFilter{}, func(g grant.Grant) error {
		all = append(all, g)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func runOf(t testing.TB, tn *cloudtest.Tenant, id string) (run.Run, error) {
	t.Helper()
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return records.NewRunRef(db, tn.ID, tn.Workspace, run.ID(id)).Get(t.Context())
}

// countMints counts the mints in the tenant's audit log.
func countMints(t testing.TB, tn *cloudtest.Tenant) (n int) {
	t.Helper()
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: auditKey}, tn.Cloud.Operator, tn.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), db, tn.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == auditlog.MintUpload && e.Outcome == auditlog.Allowed {
			n++
		}
	}
	return n
}

func TestGrantsAreCommittedBeforeAnyURL(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	id := cloudtest.NewRun(t)
	err := c.IAM.Unbind(iam.Binding{
		Member: suite.FunctionAccount("uploads"), Role: infra.RoleName("strongroom.blobSigner", suite.ProjectID), Resource: "serviceAccounts/" + tn.SigningAccount,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := mint(t, tn, id, cloudtest.PartOf("a", 1, hello)).Want(t, http.StatusInternalServerError)
	if strings.Contains(string(r.Body), "http") {
		t.Errorf("the response has a URL: %s", r.Body)
	}
	if got := grants(t, tn, id); len(got) != 1 || got[0].State != grant.Pending {
		t.Errorf("grants: %+v", got)
	}
	if got := countMints(t, tn); got != 1 {
		t.Errorf("%d entries in the audit log, want 1", got)
	}
}

func TestMintRecordsTheGrant(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id, began := cloudtest.NewRun(t), time.Now()
	free := cloudtest.Part{Output: "b.log", Part: 2, ContentType: "text/plain; charset=utf-8"}
	minted := tn.Mint(t, id, free, cloudtest.PartOf("a.log", 1, hello))
	if minted[0].Output != "b.log" || minted[0].Part != 2 || minted[1].Output != "a.log" {
		t.Errorf("not in the order of the request: %v", minted)
	}
	want := []map[string]string{
		{"content-type": "text/plain; charset=utf-8", "x-goog-if-generation-match": "0", "x-goog-content-length-range": "0,8388608"},
		{"content-type": "text/plain", "x-goog-if-generation-match": "0", "x-goog-content-length-range": "0,6", "x-goog-hash": "crc32c=" + cloudtest.CRC32C(hello)},
	}
	if diff := cmp.Diff(want, []map[string]string{minted[0].Headers, minted[1].Headers}); diff != "" {
		t.Errorf("headers: %s", diff)
	}
	got := grants(t, tn, id)
	size, lines := int64(6), int64(1)
	wantGrants := []grant.Grant{
		{Workspace: "prod", Run: run.ID(id), Output: "a.log", Part: 1, Bucket: tn.OutputsBucket, State: grant.Pending, Declared: grant.Declared{ContentType: "text/plain", Size: &size, CRC32C: got[0].Declared.CRC32C, SHA256: cloudtest.SHA256(hello), Lines: &lines}},
		{Workspace: "prod", Run: run.ID(id), Output: "b.log", Part: 2, Bucket: tn.OutputsBucket, State: grant.Pending, Declared: grant.Declared{ContentType: "text/plain; charset=utf-8"}},
	}
	if diff := cmp.Diff(wantGrants, got, cmpopts.IgnoreFields(grant.Grant{}, "Created", "Expires", "Issuer", "Subject")); diff != "" {
		t.Errorf("grants: %s", diff)
	}
	for i, g := range got {
		if g.Issuer == "" || g.Subject != "runner@"+string(tn.ID)+".example" {
			t.Errorf("the grant is to %q of %q", g.Subject, g.Issuer)
		}
		if minted[1-i].Expires.After(g.Expires) || g.Expires.After(time.Now().Add(15*time.Minute)) || g.Created.Before(began.Add(-time.Second)) {
			t.Errorf("the URL expires at %s, its grant at %s", minted[1-i].Expires, g.Expires)
		}
	}
	if r, err := runOf(t, tn, id); err != nil || r.State != run.Running || r.Start.Known() {
		t.Errorf("the run: %+v, %v", r, err)
	}
}

func TestMintAgainBeforeThePartIsStored(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	id, part := cloudtest.NewRun(t), cloudtest.PartOf("a", 1, hello)
	first := tn.Mint(t, id, part)[0]
	before := grants(t, tn, id)
	c.Clock.Advance(time.Minute)
	second := tn.Mint(t, id, part)[0]
	after := grants(t, tn, id)
	if first.URL == second.URL || !second.Expires.After(first.Expires) {
		t.Errorf("no new URL: it expires at %s, the first at %s", second.Expires, first.Expires)
	}
	if len(after) != 1 || !after[0].Created.Equal(before[0].Created) || !after[0].Expires.After(before[0].Expires) {
		t.Errorf("not the same grant: %+v, then %+v", before, after)
	}
	second.Put(t, hello).Want(t, http.StatusOK)
	if got := countMints(t, tn); got != 2 {
		t.Errorf("%d entries in the audit log, want 2", got)
	}
}

// conflict is the problem of a part that cannot be granted.
type conflict struct {
	Detail string
	Errors []struct{ Message, Location string }
	Stored []storedPart
}

type storedPart struct {
	Output string
	Part   int
	Size   int64
	CRC32C string
}

func TestMintAgainAfterThePartIsStored(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	id, part := cloudtest.NewRun(t), cloudtest.PartOf("a", 1, hello)
	tn.Mint(t, id, part)[0].Put(t, hello).Want(t, http.StatusOK)
	c.Drain(t)
	before := countMints(t, tn)
	for name, requested := range map[string][]cloudtest.Part{
		"the same part":              {part},
		"the same part, other bytes": {cloudtest.PartOf("a", 1, []byte("other"))},
		"it and a free part":         {cloudtest.PartOf("b", 1, hello), part},
		"it in a batch of a hundred": append(hundredParts("c")[:99], part),
	} {
		t.Run(name, func(t *testing.T) {
			r := mint(t, tn, id, requested...).Want(t, http.StatusConflict)
			var p conflict
			r.JSON(t, &p)
			if diff := cmp.Diff([]storedPart{{Output: "a", Part: 1, Size: 6, CRC32C: cloudtest.CRC32C(hello)}}, p.Stored); diff != "" {
				t.Errorf("stored: %s", diff)
			}
			if got := grants(t, tn, id); len(got) != 1 || strings.Contains(string(r.Body), "X-Goog-") {
				t.Errorf("%d grants, and the response is %s", len(got), r.Body)
			}
		})
	}
	if got := countMints(t, tn); got != before {
		t.Errorf("%d entries in the audit log, want %d: a rejected mint grants nothing", got, before)
	}
}

func hundredParts(output string) []cloudtest.Part {
	parts := make([]cloudtest.Part, 100)
	for i := range parts {
		parts[i] = cloudtest.PartOf(output, i+1, hello)
	}
	return parts
}

func TestMintWithOtherPropertiesWhilePending(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	id, part := cloudtest.NewRun(t), cloudtest.PartOf("a", 1, hello)
	tn.Mint(t, id, part)
	size, lines := int64(7), int64(0)
	for name, change := range map[string]struct {
		change func(*cloudtest.Part)
		status int
	}{
		"another size":         {func(p *cloudtest.Part) { p.Size = &size }, http.StatusConflict},
		"no size":              {func(p *cloudtest.Part) { p.Size = nil }, http.StatusConflict},
		"another checksum":     {func(p *cloudtest.Part) { p.CRC32C = "AAAAAA==" }, http.StatusConflict},
		"another SHA-256":      {func(p *cloudtest.Part) { p.SHA256 = strings.Repeat("0", 64) }, http.StatusConflict},
		"no SHA-256":           {func(p *cloudtest.Part) { p.SHA256 = "" }, http.StatusConflict},
		"no checksum":          {func(p *cloudtest.Part) { p.CRC32C = "" }, http.StatusConflict},
		"another content type": {func(p *cloudtest.Part) { p.ContentType = "text/html" }, http.StatusConflict},
		"other lines":          {func(p *cloudtest.Part) { p.Lines = &lines }, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			requested := part
			change.change(&requested)
			before := grants(t, tn, id)
			r := mint(t, tn, id, cloudtest.PartOf("free-"+strings.ReplaceAll(name, " ", "-"), 1, hello), requested).Want(t, change.status)
			if change.status == http.StatusOK {
				return
			}
			var p conflict
			r.JSON(t, &p)
			if len(p.Errors) != 1 || p.Errors[0].Location != "body.parts[1]" || len(p.Stored) != 0 {
				t.Errorf("problem %s", r.Body)
			}
			if diff := cmp.Diff(before, grants(t, tn, id)); diff != "" {
				t.Errorf("grants changed: %s", diff)
			}
		})
	}
	c.Clock.Advance(15 * time.Minute)
	part.ContentType = "text/html"
	tn.Mint(t, id, part) // the first URL has expired
}

func TestConcurrentMintsAreOneGrant(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	id, part := cloudtest.NewRun(t), cloudtest.PartOf("a", 1, hello)
	const callers = 12
	responses := make([]cloudtest.Response, callers)
	var group sync.WaitGroup
	for i := range responses {
		group.Go(func() {
			for responses[i].Status == 0 || responses[i].Status == http.StatusServiceUnavailable {
				responses[i] = mint(t, tn, id, part) // contended: 503 means retry
			}
		})
	}
	group.Wait()
	created := 0
	for _, r := range responses {
		var out struct{ Parts []cloudtest.Upload }
		r.Want(t, http.StatusOK).JSON(t, &out)
		if out.Parts[0].Put(t, hello).Status == http.StatusOK {
			created++
		}
	}
	if got := grants(t, tn, id); len(got) != 1 || created != 1 {
		t.Errorf("%d grants and %d creations by %d URLs, want 1 of each", len(got), created, callers)
	}
	if got := countMints(t, tn); got != callers {
		t.Errorf("%d entries in the audit log, want %d", got, callers)
	}
}

func TestMintAcceptsAHundredParts(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := cloudtest.NewRun(t)
	minted := tn.Mint(t, id, hundredParts("a")...)
	seen := map[string]bool{}
	for i, u := range minted {
		seen[u.URL] = true
		if u.Part != i+1 {
			t.Errorf("URL %d is for part %d", i, u.Part)
		}
	}
	if len(seen) != 100 || len(grants(t, tn, id)) != 100 {
		t.Errorf("%d URLs, %d grants", len(seen), len(grants(t, tn, id)))
	}
	minted[99].Put(t, hello).Want(t, http.StatusOK)
}
