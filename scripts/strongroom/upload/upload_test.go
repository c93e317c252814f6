package upload_test

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/upload"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// fixture is a tenant of the embedded cloud, and a client whose requests pass
// through an HTTP proxy.
type fixture struct {
	tenant *cloudtest.Tenant
	run    string
	client *api.Client
	mints  atomic.Int64
	stored sync.Map // part number to true
	moved  atomic.Int64

	mu      sync.Mutex
	secrets []string // the token and the signatures that were used
}

// newFixture passes requests through a proxy with config.
func newFixture(t *testing.T, tenant *cloudtest.Tenant, config faults.HTTPConfig) *fixture {
	t.Helper()
	f := &fixture{tenant: tenant, run: cloudtest.NewRun(t)}
	token := tenant.Token(t, "runner")
	f.secrets = []string{token}
	choose := config.Fault
	config.Fault = func(r *http.Request) faults.Fault {
		f.observe(r)
		if choose == nil {
			return faults.None
		}
		return choose(r)
	}
	c := tenant.Cloud
	proxy, err := faults.NewHTTP(config, c.URL, "http://"+c.Operator.Config.StorageHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	f.client, err = api.New(api.Config{
		URL: proxy.URL(c.URL), Workspace: string(tenant.Workspace),
		Token: func() (secret.String, error) { return secret.New(token), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// observe counts calls and collects signatures.
func (f *fixture) observe(r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if signature := r.URL.Query().Get("X-Goog-Signature"); signature != "" {
		f.secrets = append(f.secrets, signature)
	}
	if strings.HasSuffix(r.URL.Path, "/uploads") {
		f.mints.Add(1)
	}
}

// isPut reports whether a request uploads a part to the bucket.
func isPut(r *http.Request) bool { return r.URL.Query().Has("X-Goog-Signature") }

func (f *fixture) upload(t *testing.T, parts ...spool.Part) error {
	t.Helper()
	u := upload.Start(t.Context(), upload.Config{
		Client: f.client, Run: f.run, Parallel: 3,
		Start:  api.Start{Task: "t", Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		Retry:  retry.Policy{For: time.Hour, First: time.Millisecond},
		Stored: func(p spool.Part) error { f.stored.Store(p.Number, true); return nil },
		Moved:  func(n int64) { f.moved.Add(n) },
	})
	for _, p := range parts {
		u.Add(p)
	}
	err := u.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, secret := range f.secrets {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	return err
}

// A slow disk does not delay the uploads: a part is recorded while the next one is uploaded.
func TestAPartIsUploadedWhileTheOneBeforeItIsRecorded(t *testing.T) {
	t.Parallel()
	second := make(chan struct{})
	var puts atomic.Int64
	f := newFixture(t, cloudtest.Shared(t).Tenant(t), faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if isPut(r) && puts.Add(1) == 2 {
			close(second)
		}
		return faults.None
	}})
	u := upload.Start(t.Context(), upload.Config{
		Client: f.client, Run: f.run, Parallel: 1,
		Start: api.Start{Task: "t", Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		Stored: func(p spool.Part) error {
			select {
			case <-second:
				return nil
			case <-time.After(20 * time.Second):
				return fmt.Errorf("part %d is recorded: the other part waits", p.Number)
			}
		},
	})
	u.Add(newPart(t, 1, "first"))
	u.Add(newPart(t, 2, "second"))
	if err := u.Wait(); err != nil {
		t.Error(err)
	}
}

// newPart returns a part with its content in a file.
func newPart(t *testing.T, number int, content string) spool.Part {
	t.Helper()
	path := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return spool.Part{
		Output: "o.log", Number: number, ContentType: "text/plain", Path: path,
		Size: int64(len(content)), CRC32C: crc32.Checksum([]byte(content), crc32.MakeTable(crc32.Castagnoli)), SHA256: cloudtest.SHA256([]byte(content)),
	}
}

// wantStored fails the test unless the output has this content.
func (f *fixture) wantStored(t *testing.T, want string) {
	t.Helper()
	f.tenant.Cloud.Drain(t)
	got := f.tenant.Do(t, "viewer", http.MethodGet, f.tenant.RunPath(f.run)+"/outputs/o.log", nil).Want(t, http.StatusOK).Body
	if string(got) != want {
		t.Fatalf("the bucket has %q, not %q", got, want)
	}
}

func TestManyPartsNeedFewMints(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t).Tenant(t), faults.HTTPConfig{})
	var parts []spool.Part
	var want strings.Builder
	for number := 1; number <= 150; number++ {
		content := fmt.Sprintf("part %d\n", number)
		want.WriteString(content)
		parts = append(parts, newPart(t, number, content))
	}
	if err := f.upload(t, parts...); err != nil {
		t.Fatal(err)
	}
	f.wantStored(t, want.String())
	if mints := f.mints.Load(); mints > 20 {
		t.Errorf("150 parts needed %d mints", mints)
	}
	if moved := f.moved.Load(); moved != int64(want.Len()) {
		t.Errorf("%d bytes of %d are counted", moved, want.Len())
	}
}

// custody makes the platform record what the bucket has.
type custody struct {
	cloud   *cloudtest.Cloud
	binding iam.Binding
}

// newCustody is of a cloud for one test alone.
func newCustody(t *testing.T) *custody {
	t.Helper()
	c := cloudtest.New(t, suite.Options{Backoff: 5 * time.Millisecond})
	for _, b := range c.IAM.Bindings() {
		if b.Resource == "functions/custody" {
			return &custody{cloud: c, binding: b}
		}
	}
	t.Fatal("no account may call custody")
	return nil
}

// pause delays the bucket's notifications.
func (c *custody) pause(t *testing.T) {
	t.Helper()
	if err := c.cloud.IAM.Unbind(c.binding); err != nil {
		t.Fatal(err)
	}
}

// resumeAt resumes with the bucket's first response that has a status.
func (c *custody) resumeAt(status int) func(*http.Response) error {
	return func(res *http.Response) error {
		if isPut(res.Request) && res.StatusCode == status {
			return c.cloud.IAM.Bind(c.binding)
		}
		return nil
	}
}

// TestAPartThatIsAlreadyStored is about a runner that was killed after the bucket
// stored a part, and before the runner knew.
func TestAPartThatIsAlreadyStored(t *testing.T) {
	t.Parallel()
	for name, recorded := range map[string]bool{"and recorded": true, "and not yet recorded": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCustody(t)
			f := newFixture(t, c.cloud.Tenant(t), faults.HTTPConfig{Edit: c.resumeAt(http.StatusPreconditionFailed)})
			if !recorded {
				c.pause(t)
			}
			if err := f.upload(t, newPart(t, 1, "one\n")); err != nil {
				t.Fatal(err)
			}
			if recorded {
				c.cloud.Drain(t)
			}
			if err := f.upload(t, newPart(t, 1, "one\n"), newPart(t, 2, "two\n")); err != nil {
				t.Fatal(err)
			}
			f.wantStored(t, "one\ntwo\n")
			if moved := f.moved.Load(); moved != 12 {
				t.Errorf("%d bytes of 12 are counted", moved)
			}
		})
	}
}

func TestAPartThatIsStoredWithDifferentContent(t *testing.T) {
	t.Parallel()
	c := newCustody(t)
	f := newFixture(t, c.cloud.Tenant(t), faults.HTTPConfig{})
	if err := f.upload(t, newPart(t, 1, "mine")); err != nil {
		t.Fatal(err)
	}
	c.cloud.Drain(t)
	f.stored.Clear()
	err := f.upload(t, newPart(t, 1, "your"))
	if err == nil || !strings.Contains(err.Error(), "o.log part 1: the part is already stored with different content") {
		t.Errorf("error is %v", err)
	}
	if _, stored := f.stored.Load(1); stored {
		t.Error("the part counts as stored")
	}
}

// The platform has a grant for the part, but does not know yet that it is stored.
func TestAPartThatWasGrantedWithDifferentContent(t *testing.T) {
	t.Parallel()
	c := newCustody(t)
	f := newFixture(t, c.cloud.Tenant(t), faults.HTTPConfig{})
	c.pause(t)
	if err := f.upload(t, newPart(t, 1, "mine")); err != nil {
		t.Fatal(err)
	}
	f.stored.Clear()
	err := f.upload(t, newPart(t, 1, "your"))
	if err == nil || !strings.Contains(err.Error(), "request upload URLs: 409 ") {
		t.Errorf("error is %v", err)
	}
	if _, stored := f.stored.Load(1); stored {
		t.Error("the part counts as stored")
	}
}

func TestExpiredURLsAreMintedAgain(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	var puts atomic.Int64
	f := newFixture(t, c.Tenant(t), faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if isPut(r) && puts.Add(1) <= 2 {
			c.Clock.Advance(16 * time.Minute) // the URL expires before it arrives
		}
		return faults.None
	}})
	if err := f.upload(t, newPart(t, 1, "late")); err != nil {
		t.Fatal(err)
	}
	f.wantStored(t, "late")
	if f.mints.Load() < 3 {
		t.Errorf("minted %d times", f.mints.Load())
	}
}

func TestABucketThatReturnsNoChecksum(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t).Tenant(t), faults.HTTPConfig{Edit: func(res *http.Response) error {
		if isPut(res.Request) {
			res.Header.Del("X-Goog-Hash")
		}
		return nil
	}})
	if err := f.upload(t, newPart(t, 1, "trusted?")); err != nil {
		t.Fatal(err)
	}
	if f.mints.Load() < 2 {
		t.Error("the part counts as stored although the platform was not asked")
	}
}

func TestADamagedPartIsRejectedByTheBucket(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t).Tenant(t), faults.HTTPConfig{})
	p := newPart(t, 1, "as it was")
	if err := os.WriteFile(p.Path, []byte("as it is!"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := f.upload(t, p)
	if err == nil || !strings.Contains(err.Error(), "the bucket returned 400 BadDigest") {
		t.Errorf("error is %v", err)
	}
}

func TestRetriesOfAnUnreachablePlatformEnd(t *testing.T) {
	t.Parallel()
	client, err := api.New(api.Config{URL: "http://127.0.0.1:1", Workspace: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	u := upload.Start(t.Context(), upload.Config{
		Client: client, Run: "r", Retry: retry.Policy{For: 20 * time.Millisecond, First: time.Millisecond},
	})
	err = u.Wait()
	if err == nil || !strings.Contains(err.Error(), "gave up") || strings.Contains(err.Error(), "/v1/") {
		t.Errorf("error is %v", err)
	}
}
