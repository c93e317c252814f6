package gcs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
)

// noise returns bytes without repetition.
func noise(size int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(size)))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

func TestClientWritesAndReadsAnySize(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, chunk := range []int{0, 256 << 10, googleapi.DefaultUploadChunkSize} {
		for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 256 << 10, 512 << 10, 700_001} {
			t.Run(fmt.Sprintf("%d bytes in chunks of %d", size, chunk), func(t *testing.T) {
				t.Parallel()
				content := noise(size)
				o := f.object(admin, fmt.Sprintf("dir/%d-%d", size, chunk))
				out := o.NewWriter(t.Context())
				out.ChunkSize, out.ContentType, out.Metadata = chunk, "text/plain", map[string]string{"k": "v"}
				_, err := out.Write(content)
				check(t, errors.Join(err, out.Close()))
				got, err := read(o)
				check(t, err)
				if got != string(content) {
					t.Error("what is read is not what was written")
				}
				attrs, err := o.Attrs(t.Context())
				check(t, err)
				if attrs.Size != int64(size) || attrs.ContentType != "text/plain" || attrs.Metadata["k"] != "v" || len(attrs.MD5) != 16 {
					t.Errorf("attrs %+v", attrs)
				}
			})
		}
	}
}

func TestClientReadsRanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	content := noise(200_000)
	f.write("part", string(content))
	readers := map[string]*storage.ObjectHandle{
		"XML":  f.object(viewer, "part"),
		"JSON": f.client(viewer, storage.WithJSONReads()).Bucket(bucket).Object("part"),
	}
	for api, o := range readers {
		for _, span := range []struct{ offset, length, from, to int64 }{
			{offset: 0, length: -1, from: 0, to: 200_000}, {offset: 0, length: 1, from: 0, to: 1}, {offset: 65_535, length: 2, from: 65_535, to: 65_537}, {offset: 65_536, length: 65_536, from: 65_536, to: 131_072},
			{offset: 199_999, length: 1, from: 199_999, to: 200_000}, {offset: 199_999, length: 500, from: 199_999, to: 200_000}, {offset: 100, length: -1, from: 100, to: 200_000}, {offset: -5, length: -1, from: 199_995, to: 200_000}, {offset: 5, length: 0, from: 5, to: 5},
		} {
			t.Run(fmt.Sprintf("%s from %d for %d", api, span.offset, span.length), func(t *testing.T) {
				t.Parallel()
				in, err := o.NewRangeReader(t.Context(), span.offset, span.length)
				check(t, err)
				got, err := io.ReadAll(in)
				check(t, err)
				if !bytes.Equal(got, content[span.from:span.to]) {
					t.Errorf("%d bytes, not the requested range", len(got))
				}
				if in.Attrs.Size != 200_000 {
					t.Errorf("size %d", in.Attrs.Size)
				}
			})
		}
		_, err := o.NewRangeReader(t.Context(), 200_000, 1)
		wantStatus(t, err, http.StatusRequestedRangeNotSatisfiable)
	}
}

func wantStatus(t testing.TB, err error, status int) {
	t.Helper()
	if got, ok := errors.AsType[*googleapi.Error](err); !ok || got.Code != status {
		t.Errorf("got %v, want status %d", err, status)
	}
}

func TestClientPreconditions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "one")
	o := f.object(admin, "part")
	attrs, err := o.Attrs(t.Context())
	check(t, err)
	wantStatus(t, write(o.If(storage.Conditions{DoesNotExist: true}), "two"), http.StatusPreconditionFailed)
	wantStatus(t, write(o.If(storage.Conditions{GenerationMatch: attrs.Generation + 1}), "two"), http.StatusPreconditionFailed)
	wantStatus(t, write(o.If(storage.Conditions{MetagenerationMatch: 2}), "two"), http.StatusPreconditionFailed)
	_, err = read(o.If(storage.Conditions{GenerationMatch: 1}))
	wantStatus(t, err, http.StatusPreconditionFailed)
	wantStatus(t, o.If(storage.Conditions{GenerationMatch: 1}).Delete(t.Context()), http.StatusPreconditionFailed)
	_, err = o.If(storage.Conditions{GenerationNotMatch: attrs.Generation}).Attrs(t.Context())
	wantStatus(t, err, http.StatusNotModified)
	check(t, write(o.If(storage.Conditions{GenerationMatch: attrs.Generation}), "two"))
	if _, err = read(o.Generation(attrs.Generation)); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("the replaced generation: %v", err)
	}
	after, err := o.Attrs(t.Context())
	check(t, err)
	if after.Generation <= attrs.Generation {
		t.Error("generations do not increase")
	}
}

func TestClientUpdatesMetadata(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "one")
	o := f.object(admin, "part")
	attrs, err := o.Update(t.Context(), storage.ObjectAttrsToUpdate{ContentType: "text/html", Metadata: map[string]string{"a": "b"}})
	check(t, err)
	if attrs.Metageneration != 2 || attrs.ContentType != "text/html" || attrs.Metadata["a"] != "b" {
		t.Errorf("attrs %+v", attrs)
	}
	_, err = f.object(viewer, "part").Update(t.Context(), storage.ObjectAttrsToUpdate{ContentType: "text/plain"})
	wantStatus(t, err, http.StatusForbidden)
}

func TestClientLists(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(b *gcs.Bucket, _ *gcs.Config) { b.DefaultKMSKeyName = "" })
	for _, name := range []string{"a/1", "a/2", "a/b/3", "a-", "b", "é"} {
		f.write(name, name)
	}
	for name, test := range map[string]struct {
		query storage.Query
		want  []string
	}{
		"everything":            {storage.Query{}, []string{"a-", "a/1", "a/2", "a/b/3", "b", "é"}},
		"a prefix":              {storage.Query{Prefix: "a/"}, []string{"a/1", "a/2", "a/b/3"}},
		"folders":               {storage.Query{Delimiter: "/"}, []string{"a-", "a/", "b", "é"}},
		"folders in a folder":   {storage.Query{Prefix: "a/", Delimiter: "/"}, []string{"a/1", "a/2", "a/b/"}},
		"from a name to a name": {storage.Query{StartOffset: "a/2", EndOffset: "b"}, []string{"a/2", "a/b/3"}},
		"what is not there":     {storage.Query{Prefix: "z"}, nil},
	} {
		for _, size := range []int{1, 2, 1000} {
			t.Run(fmt.Sprintf("%s in pages of %d", name, size), func(t *testing.T) {
				t.Parallel()
				it := f.client(viewer).Bucket(bucket).Objects(t.Context(), &test.query)
				it.PageInfo().MaxSize = size
				var got []string
				for {
					attrs, err := it.Next()
					if errors.Is(err, iterator.Done) {
						break
					}
					check(t, err)
					got = append(got, attrs.Prefix+attrs.Name)
				}
				slices.Sort(got)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	got := f.send(http.MethodGet, f.url+"/"+bucket+"?list-type=2&prefix=a/&delimiter=/", "", f.token(viewer))
	if got.status != http.StatusOK || !strings.Contains(got.body, "<Key>a/1</Key>") || !strings.Contains(got.body, "<CommonPrefixes><Prefix>a/b/</Prefix>") {
		t.Errorf("XML list: %s", got.body)
	}
}

func TestClientManagesBuckets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	b := f.client(admin).Bucket("more-outputs")
	check(t, b.Create(ctx, project, &storage.BucketAttrs{
		Location: "EUROPE-WEST3", Encryption: &storage.BucketEncryption{DefaultKMSKeyName: keyName},
		UniformBucketLevelAccess: storage.UniformBucketLevelAccess{Enabled: true}, PublicAccessPrevention: storage.PublicAccessPreventionEnforced,
		RetentionPolicy: &storage.RetentionPolicy{RetentionPeriod: time.Hour}, SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: 48 * time.Hour},
	}))
	wantStatus(t, b.Create(ctx, project, nil), http.StatusConflict)
	attrs, err := b.Attrs(ctx)
	check(t, err)
	if attrs.Encryption.DefaultKMSKeyName != keyName || attrs.RetentionPolicy.RetentionPeriod != time.Hour || attrs.PublicAccessPrevention != storage.PublicAccessPreventionEnforced || attrs.SoftDeletePolicy.RetentionDuration != 48*time.Hour || attrs.Location != "EUROPE-WEST3" {
		t.Errorf("attrs %+v", attrs)
	}
	attrs, err = b.Update(ctx, storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{}})
	check(t, err)
	if attrs.RetentionPolicy != nil || attrs.MetaGeneration != 2 {
		t.Errorf("attrs %+v", attrs)
	}
	_, err = b.Update(ctx, storage.BucketAttrsToUpdate{VersioningEnabled: true})
	wantStatus(t, err, http.StatusNotImplemented)
	check(t, write(b.Object("x"), "x"))
	wantStatus(t, b.Delete(ctx), http.StatusConflict)
	check(t, b.Object("x").Delete(ctx))
	check(t, b.Delete(ctx))
	if _, err = b.Attrs(ctx); !errors.Is(err, storage.ErrBucketNotExist) {
		t.Errorf("a deleted bucket: %v", err)
	}
	wantStatus(t, f.client(viewer).Bucket("other-outputs").Create(context.Background(), project, nil), http.StatusForbidden)
	_, err = f.client(viewer).Buckets(ctx, project).Next()
	wantStatus(t, err, http.StatusForbidden)
	first, err := f.client(admin).Buckets(ctx, project).Next()
	check(t, err)
	if first.Name != bucket {
		t.Errorf("buckets begin with %s", first.Name)
	}
}
