package gcs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/googleapi"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
)

const (
	exports   = "acme-exports"
	copier    = "copier@p.iam.gserviceaccount.com" // may read outputs and create exports
	exportKey = ring + "/cryptoKeys/exports"
)

// newCopyFixture adds a bucket for exports to a fixture. A call of a rewrite copies
// at most 1 MiB, because the client cannot set maxBytesRewrittenPerCall.
func newCopyFixture(t *testing.T, changes ...func(*gcs.Bucket)) *fixture {
	t.Helper()
	f := newFixture(t, func(_ *gcs.Bucket, c *gcs.Config) { c.RewriteBytes = 1 << 20 })
	check(t, f.iam.CreateServiceAccount(copier))
	check(t, f.iam.Bind(iam.Binding{Member: copier, Role: "roles/storage.legacyObjectReader", Resource: "buckets/" + bucket}))
	check(t, f.iam.Bind(iam.Binding{Member: copier, Role: "roles/storage.objectCreator", Resource: "buckets/" + exports}))
	b := gcs.Bucket{Name: exports, Location: "EUROPE-WEST3", DefaultKMSKeyName: keyName, NotificationTopic: topic}
	for _, change := range changes {
		change(&b)
	}
	check(t, f.gcs.CreateBucket(b))
	return f
}

func elsewhere(b *gcs.Bucket) { b.Location = "US" }

// copyOf returns a copier from one name in outputs to another in exports.
func (f *fixture) copyOf(account, from, to string) *storage.Copier {
	f.t.Helper()
	c := f.client(account)
	return c.Bucket(exports).Object(to).CopierFrom(c.Bucket(bucket).Object(from))
}

func (f *fixture) exported(name string) *storage.ObjectHandle {
	f.t.Helper()
	return f.client(admin).Bucket(exports).Object(name)
}

// wantReason checks the status and the reason of an error of the JSON API.
func wantReason(t testing.TB, err error, status int, reason string) {
	t.Helper()
	got, ok := errors.AsType[*googleapi.Error](err)
	if !ok || got.Code != status || len(got.Errors) == 0 || got.Errors[0].Reason != reason {
		t.Errorf("got %v, want %d %s", err, status, reason)
	}
}

func TestACopyHasTheBytesTheChecksumsAndTheMetadataOfItsSource(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 3<<20 + 5} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			t.Parallel()
			f := newCopyFixture(t)
			content := string(noise(size))
			from := f.object(admin, "a/part")
			out := from.NewWriter(t.Context())
			out.ContentType, out.CacheControl, out.Metadata = "text/plain", "no-store", map[string]string{"k": "v"}
			_, err := out.Write([]byte(content))
			check(t, errors.Join(err, out.Close()))
			before, err := from.Attrs(t.Context())
			check(t, err)
			attrs, err := f.copyOf(copier, "a/part", "b/copy").Run(t.Context())
			check(t, err)
			got, err := read(f.exported("b/copy"))
			check(t, err)
			if got != content || attrs.CRC32C != before.CRC32C || string(attrs.MD5) != string(before.MD5) || attrs.Size != int64(size) {
				t.Errorf("the copy has %d bytes and the CRC32C %d, want %d and %d", len(got), attrs.CRC32C, size, before.CRC32C)
			}
			if attrs.ContentType != "text/plain" || attrs.CacheControl != "no-store" || !cmp.Equal(attrs.Metadata, before.Metadata) {
				t.Errorf("the copy is %+v", attrs)
			}
			if attrs.Generation == before.Generation || attrs.Bucket != exports || attrs.Name != "b/copy" || attrs.Metageneration != 1 {
				t.Errorf("the copy is %+v", attrs)
			}
		})
	}
}

func TestACopyMayHaveItsOwnMetadata(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t)
	f.write("part", "one")
	c := f.copyOf(copier, "part", "copy")
	c.ContentType, c.Metadata = "application/jsonl", map[string]string{"export": "e1"}
	attrs, err := c.Run(t.Context())
	check(t, err)
	if attrs.ContentType != "application/jsonl" || attrs.Metadata["export"] != "e1" {
		t.Errorf("the copy is %+v", attrs)
	}
}

// A rewrite to another location takes one call for each MiB, and reports progress.
func TestARewriteContinuesWithItsToken(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t, elsewhere)
	content := string(noise(3<<20 + 100))
	f.write("part", content)
	c := f.copyOf(copier, "part", "copy")
	var progress []uint64
	c.ProgressFunc = func(copied, total uint64) {
		if total != uint64(len(content)) {
			t.Errorf("the total is %d", total)
		}
		progress = append(progress, copied)
	}
	_, err := c.Run(t.Context())
	check(t, err)
	if diff := cmp.Diff([]uint64{1 << 20, 2 << 20, 3 << 20, 3<<20 + 100}, progress); diff != "" {
		t.Error(diff)
	}
	if got, err := read(f.exported("copy")); err != nil || got != content {
		t.Errorf("the copy has %d bytes, %v", len(got), err)
	}
}

// A caller that stopped in the middle, or whose response was lost, continues with the
// token.
func TestARewriteThatWasInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t, elsewhere)
	content := string(noise(3 << 20))
	f.write("part", content)
	ctx, stop := context.WithCancel(t.Context())
	first := f.copyOf(copier, "part", "copy")
	first.ProgressFunc = func(uint64, uint64) { stop() }
	if _, err := first.Run(ctx); err == nil || first.RewriteToken == "" {
		t.Fatalf("the first rewrite ended with %v, token %q", err, first.RewriteToken)
	}
	if _, err := f.exported("copy").Attrs(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("an unfinished copy is there: %v", err)
	}
	second := f.copyOf(copier, "part", "copy")
	second.RewriteToken = first.RewriteToken
	calls := 0
	second.ProgressFunc = func(uint64, uint64) { calls++ }
	_, err := second.Run(t.Context())
	check(t, err)
	if got, err := read(f.exported("copy")); err != nil || got != content || calls != 2 {
		t.Errorf("after %d calls, the copy has %d bytes, %v", calls, len(got), err)
	}
	again := f.copyOf(copier, "part", "copy")
	again.RewriteToken = first.RewriteToken
	_, err = again.Run(t.Context())
	wantReason(t, err, http.StatusBadRequest, "invalid")
}

// begun returns a copier whose rewrite has its first MiB of two.
func begun(t *testing.T, f *fixture) *storage.Copier {
	t.Helper()
	f.write("part", string(noise(2<<20)))
	ctx, stop := context.WithCancel(t.Context())
	c := f.copyOf(copier, "part", "copy")
	c.ProgressFunc = func(uint64, uint64) { stop() }
	_, _ = c.Run(ctx) // is canceled
	if c.RewriteToken == "" {
		t.Fatal("the rewrite has no token")
	}
	c.ProgressFunc = nil
	return c
}

func TestARewriteTokenIsValidForItsRequestOnly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(f *fixture, token string) *storage.Copier
		status int
		reason string
	}{
		"a made-up token": {func(f *fixture, _ string) *storage.Copier {
			c := f.copyOf(copier, "part", "copy")
			c.RewriteToken = "AAAA"
			return c
		}, 400, "invalid"},
		"another destination": {func(f *fixture, token string) *storage.Copier {
			c := f.copyOf(copier, "part", "other")
			c.RewriteToken = token
			return c
		}, 400, "invalid"},
		"another caller": {func(f *fixture, token string) *storage.Copier {
			c := f.copyOf(admin, "part", "copy")
			c.RewriteToken = token
			return c
		}, 400, "invalid"},
		"a source that was replaced": {func(f *fixture, token string) *storage.Copier {
			f.write("part", string(noise(2<<20)))
			c := f.copyOf(copier, "part", "copy")
			c.RewriteToken = token
			return c
		}, 400, "invalid"},
		"a token of a week ago": {func(f *fixture, token string) *storage.Copier {
			f.clock.Advance(7*24*time.Hour + time.Minute)
			c := f.copyOf(copier, "part", "copy")
			c.RewriteToken = token
			return c
		}, 400, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newCopyFixture(t, elsewhere)
			token := begun(t, f).RewriteToken
			_, err := test.change(f, token).Run(t.Context())
			wantReason(t, err, test.status, test.reason)
			if _, err := f.exported("copy").Attrs(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
				t.Errorf("there is a copy: %v", err)
			}
		})
	}
}

// Without another location, class or key, a rewrite does not copy bytes at Google.
func TestARewriteWithinALocationTakesOneCall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*gcs.Bucket)
		calls  int
	}{
		"the same location, class and key": {func(*gcs.Bucket) {}, 1},
		"another storage class":            {func(b *gcs.Bucket) { b.StorageClass = "NEARLINE" }, 2},
		"another key":                      {func(b *gcs.Bucket) { b.DefaultKMSKeyName = "" }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newCopyFixture(t, test.change)
			f.write("part", string(noise(2<<20)))
			c := f.copyOf(copier, "part", "copy")
			calls := 0
			c.ProgressFunc = func(uint64, uint64) { calls++ }
			_, err := c.Run(t.Context())
			check(t, err)
			if calls != test.calls {
				t.Errorf("%d calls, want %d", calls, test.calls)
			}
		})
	}
}

func TestACopyNeedsItsPermissions(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t)
	f.write("part", "one")
	check(t, write(f.exported("taken"), "other"))
	for name, test := range map[string]struct {
		account, from, to string
		status            int
	}{
		"all permissions":                  {account: copier, from: "part", to: "new"},
		"to replace needs delete":          {account: copier, from: "part", to: "taken", status: 403},
		"an admin replaces":                {account: admin, from: "part", to: "taken"},
		"no get on the source":             {account: creator, from: "part", to: "new-2", status: 403},
		"no create on the destination":     {account: getter, from: "part", to: "new-3", status: 403},
		"neither":                          {account: stranger, from: "part", to: "new-4", status: 403},
		"no source, for who may not list":  {account: copier, from: "nothing", to: "new-5", status: 403},
		"no source, for who may list":      {account: admin, from: "nothing", to: "new-6", status: 404},
		"a name that no object may have":   {account: copier, from: "part", to: strings.Repeat("n", 1025), status: 400},
		"a name with slashes and percents": {account: copier, from: "part", to: "a/b%2F/c d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := f.copyOf(test.account, test.from, test.to).Run(t.Context())
			if test.status == 0 {
				check(t, err)
				return
			}
			wantStatus(t, err, test.status)
		})
	}
}

func TestACopyChecksItsConditions(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t)
	f.write("part", "one")
	source, err := f.object(admin, "part").Attrs(t.Context())
	check(t, err)
	check(t, write(f.exported("taken"), "other"))
	taken, err := f.exported("taken").Attrs(t.Context())
	check(t, err)
	for name, test := range map[string]struct {
		from, to *storage.Conditions
		source   int64
		object   string
		status   int
	}{
		"the destination must not exist, and does not": {to: &storage.Conditions{DoesNotExist: true}, object: "free"},
		"the destination must not exist, and does":     {to: &storage.Conditions{DoesNotExist: true}, object: "taken", status: 412},
		"another generation of the destination":        {to: &storage.Conditions{GenerationMatch: taken.Generation + 1}, object: "taken", status: 412},
		"the source's generation":                      {from: &storage.Conditions{GenerationMatch: source.Generation}, object: "free-2"},
		"another generation of the source":             {from: &storage.Conditions{GenerationMatch: source.Generation + 1}, object: "free-3", status: 412},
		"not the source's generation":                  {from: &storage.Conditions{GenerationNotMatch: source.Generation}, object: "free-4", status: 412},
		"the source's metageneration":                  {from: &storage.Conditions{MetagenerationMatch: 1}, object: "free-5"},
		"another metageneration of the source":         {from: &storage.Conditions{MetagenerationMatch: 2}, object: "free-6", status: 412},
		"a generation of the source":                   {source: source.Generation, object: "free-7"},
		"a generation that is gone":                    {source: source.Generation - 1, object: "free-8", status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := f.client(admin)
			from, to := c.Bucket(bucket).Object("part"), c.Bucket(exports).Object(test.object)
			if test.from != nil {
				from = from.If(*test.from)
			}
			if test.source != 0 {
				from = from.Generation(test.source)
			}
			if test.to != nil {
				to = to.If(*test.to)
			}
			_, err := to.CopierFrom(from).Run(t.Context())
			if test.status == 0 {
				check(t, err)
				return
			}
			wantStatus(t, err, test.status)
		})
	}
}

func TestACopyIsUnderTheKeyOfItsBucket(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t, func(b *gcs.Bucket) { b.DefaultKMSKeyName = exportKey })
	_, err := f.kms.CreateCryptoKey(kms.As(t.Context(), admin), &kmspb.CreateCryptoKeyRequest{
		Parent: ring, CryptoKeyId: "exports", CryptoKey: &kmspb.CryptoKey{Purpose: kmspb.CryptoKey_ENCRYPT_DECRYPT},
	})
	check(t, err)
	f.write("part", "one")
	_, err = f.copyOf(copier, "part", "early").Run(t.Context())
	wantReason(t, err, http.StatusForbidden, "forbidden") // the agent may not use the key
	check(t, f.iam.Bind(iam.Binding{Member: agent, Role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", Resource: exportKey}))
	attrs, err := f.copyOf(copier, "part", "copy").Run(t.Context())
	check(t, err)
	if !strings.HasPrefix(attrs.KMSKeyName, exportKey+"/cryptoKeyVersions/") {
		t.Errorf("the copy is under %q", attrs.KMSKeyName)
	}
	named := f.copyOf(copier, "part", "named")
	named.DestinationKMSKeyName = keyName
	attrs, err = named.Run(t.Context())
	check(t, err)
	if !strings.HasPrefix(attrs.KMSKeyName, keyName+"/cryptoKeyVersions/") {
		t.Errorf("the copy is under %q", attrs.KMSKeyName)
	}
	f.setKey(kmspb.CryptoKeyVersion_DISABLED)
	_, err = f.copyOf(copier, "part", "late").Run(t.Context())
	wantReason(t, err, http.StatusBadRequest, "cloudKmsDisabledKey")
	if got, err := read(f.exported("copy")); err != nil || got != "one" {
		t.Errorf("a copy under another key reads %q, %v", got, err)
	}
}

// A key that is disabled in the middle stops a rewrite, which continues when the key is
// enabled again.
func TestARewriteStopsWhileItsKeyIsDisabled(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t, elsewhere)
	c := begun(t, f)
	f.setKey(kmspb.CryptoKeyVersion_DISABLED)
	_, err := c.Run(t.Context())
	wantReason(t, err, http.StatusBadRequest, "cloudKmsDisabledKey")
	f.setKey(kmspb.CryptoKeyVersion_ENABLED)
	_, err = c.Run(t.Context())
	check(t, err)
}

func TestACopyDoesNotReplaceARetainedObject(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t, func(b *gcs.Bucket) { b.RetentionPeriod = time.Hour })
	f.write("part", "one")
	_, err := f.copyOf(copier, "part", "copy").Run(t.Context())
	check(t, err)
	_, err = f.copyOf(admin, "part", "copy").Run(t.Context())
	wantReason(t, err, http.StatusForbidden, "retentionPolicyNotMet")
	f.clock.Advance(time.Hour)
	_, err = f.copyOf(admin, "part", "copy").Run(t.Context())
	check(t, err)
}

func TestABadRewriteIsRejected(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t)
	f.write("part", "one")
	from := f.url + "/storage/v1/b/" + bucket + "/o/part"
	for name, test := range map[string]struct {
		path, body string
		status     int
	}{
		"a limit that is no multiple of 1 MiB": {"/rewriteTo/b/" + exports + "/o/copy?maxBytesRewrittenPerCall=1000", "", 400},
		"a limit of zero":                      {"/rewriteTo/b/" + exports + "/o/copy?maxBytesRewrittenPerCall=0", "", 400},
		"a negative limit":                     {"/rewriteTo/b/" + exports + "/o/copy?maxBytesRewrittenPerCall=-1048576", "", 400},
		"a body that is no JSON":               {"/rewriteTo/b/" + exports + "/o/copy", "{", 400},
		"a bucket that does not exist":         {"/rewriteTo/b/nobody/o/copy", "", 404},
		"a field that is not modeled":          {"/rewriteTo/b/" + exports + "/o/copy", `{"eventBasedHold":true}`, 501},
		"another verb":                         {"/moveTo/b/" + exports + "/o/copy", "", 501},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := f.send(http.MethodPost, from+test.path, test.body, f.token(admin)); got.status != test.status {
				t.Errorf("got %d %s, want %d", got.status, got.body, test.status)
			}
		})
	}
	if got := f.send(http.MethodPost, from+"/rewriteTo/b/"+exports+"/o/copy", ""); got.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", got.status, got.body)
	}
}

func TestCopyToReturnsTheCopy(t *testing.T) {
	t.Parallel()
	f := newCopyFixture(t, elsewhere)
	f.write("part", string(noise(2<<20)))
	got := f.send(http.MethodPost, f.url+"/storage/v1/b/"+bucket+"/o/part/copyTo/b/"+exports+"/o/a%2Fcopy?maxBytesRewrittenPerCall=1048576", "{}", f.token(copier))
	if got.status != http.StatusOK || !strings.Contains(got.body, `"name":"a/copy"`) || !strings.Contains(got.body, `"size":"2097152"`) {
		t.Errorf("got %d %s", got.status, got.body)
	}
	rewritten := f.send(http.MethodPost, f.url+"/storage/v1/b/"+bucket+"/o/part/rewriteTo/b/"+exports+"/o/b?maxBytesRewrittenPerCall=1048576", "{}", f.token(copier))
	if rewritten.status != http.StatusOK || !strings.Contains(rewritten.body, `"totalBytesRewritten":"1048576"`) || !strings.Contains(rewritten.body, `"done":false`) {
		t.Errorf("got %d %s", rewritten.status, rewritten.body)
	}
	events := 0
	check(t, f.gcs.Flush(t.Context()))
	for _, m := range f.published.all() {
		if m.attributes["bucketId"] == exports && m.attributes["eventType"] == "OBJECT_FINALIZE" {
			events++
		}
	}
	if events != 1 {
		t.Errorf("%d notifications of the copy", events)
	}
}
