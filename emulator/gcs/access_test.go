package gcs_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
)

func TestPermissions(t *testing.T) {
	t.Parallel()
	const ok = 0
	for name, test := range map[string]struct {
		account                                           string
		create, replace, read, readMissing, list, removal int
	}{
		"an administrator": {account: admin, create: ok, replace: ok, read: ok, readMissing: 404, list: ok, removal: ok},
		"a creator":        {account: creator, create: ok, replace: 403, read: 403, readMissing: 403, list: 403, removal: 403},
		"a viewer":         {account: viewer, create: 403, replace: 403, read: ok, readMissing: 404, list: ok, removal: 403},
		"a getter":         {account: getter, create: 403, replace: 403, read: ok, readMissing: 403, list: 403, removal: 403},
		"a stranger":       {account: stranger, create: 403, replace: 403, read: 403, readMissing: 403, list: 403, removal: 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.write("old", "old")
			b := f.client(test.account).Bucket(bucket)
			_, readErr := read(b.Object("old"))
			_, missingErr := b.Object("missing").Attrs(t.Context())
			_, listErr := b.Objects(t.Context(), nil).Next()
			for act, try := range map[string]struct {
				err  error
				want int
			}{
				"create":       {write(b.Object("new"), "new"), test.create},
				"replace":      {write(b.Object("old"), "new"), test.replace},
				"read":         {readErr, test.read},
				"read missing": {missingErr, test.readMissing},
				"list":         {listErr, test.list},
				"delete":       {b.Object("old").Delete(t.Context()), test.removal},
			} {
				switch {
				case try.want == ok && try.err != nil:
					t.Errorf("%s: %v", act, try.err)
				case try.want == 404 && !errors.Is(try.err, storage.ErrObjectNotExist):
					t.Errorf("%s: %v, want no such object", act, try.err)
				case try.want == 403:
					wantStatus(t, try.err, http.StatusForbidden)
				}
			}
		})
	}
}

func TestCallersWithoutCredentials(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "secret")
	json, xml := f.url+"/storage/v1/b/"+bucket+"/o/part", f.url+"/"+bucket+"/part"
	f.send(http.MethodGet, xml, "").wantError(t, 403, "AccessDenied")
	f.send(http.MethodGet, xml, "", "Authorization:Bearer wrong").wantError(t, 401, "AuthenticationRequired")
	f.send(http.MethodPut, xml, "x").wantError(t, 403, "AccessDenied")
	for _, header := range []string{"X-Nothing:1", "Authorization:Bearer wrong", "Authorization:Basic " + f.iam.AccessToken(admin)} {
		got := f.send(http.MethodGet, json+"?alt=media", "", header)
		if got.status != http.StatusUnauthorized || !strings.Contains(got.body, `"code":401`) || strings.Contains(got.body, "secret") {
			t.Errorf("%s: %d %s", header, got.status, got.body)
		}
	}
	got := f.send(http.MethodPost, f.url+"/upload/storage/v1/b/"+bucket+"/o?uploadType=media&name=x", "x")
	if got.status != http.StatusUnauthorized {
		t.Errorf("upload: %d %s", got.status, got.body)
	}
}

func TestRetentionProtectsYoungObjects(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(b *gcs.Bucket, _ *gcs.Config) { b.RetentionPeriod = time.Hour })
	f.write("part", "one")
	o := f.object(admin, "part")
	wantStatus(t, o.Delete(t.Context()), http.StatusForbidden)
	wantStatus(t, write(o, "two"), http.StatusForbidden)
	f.send(http.MethodDelete, f.url+"/"+bucket+"/part", "", f.token(admin)).wantError(t, 403, "RetentionPolicyNotMet")
	attrs, err := o.Attrs(t.Context())
	check(t, err)
	if want := attrs.Created.Add(time.Hour); !attrs.RetentionExpirationTime.Equal(want) {
		t.Errorf("retained until %v, want %v", attrs.RetentionExpirationTime, want)
	}
	f.clock.Advance(time.Hour)
	check(t, write(o, "two"))
	f.clock.Advance(time.Hour)
	check(t, o.Delete(context.Background()))
}

func TestUnmodeledRequestsAreRejected(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "one")
	for name, test := range map[string]struct{ method, path, header string }{
		"an ACL":               {http.MethodGet, "/" + bucket + "/part?acl", "X-A:b"},
		"a multipart upload":   {http.MethodPost, "/" + bucket + "/part?uploads", "X-A:b"},
		"a form":               {http.MethodPost, "/" + bucket, "X-A:b"},
		"a copy":               {http.MethodPut, "/" + bucket + "/copy", "X-Goog-Copy-Source:/" + bucket + "/part"},
		"a customer's key":     {http.MethodPut, "/" + bucket + "/part", "X-Goog-Encryption-Key:a"},
		"a list of everything": {http.MethodGet, "/", "X-A:b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.send(test.method, f.url+test.path, "", f.token(admin), test.header).wantError(t, 501, "NotImplemented")
		})
	}
	got := f.send(http.MethodPost, f.url+"/storage/v1/b/"+bucket+"/o/part/compose", "", f.token(admin))
	if got.status != http.StatusNotImplemented {
		t.Errorf("compose: %d %s", got.status, got.body)
	}
}

func TestAHeldObjectCannotBeDeletedOrReplaced(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "one")
	o := f.object(admin, "part")
	attrs, err := o.Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: true})
	check(t, err)
	if !attrs.TemporaryHold {
		t.Error("the hold is not shown")
	}
	wantStatus(t, o.Delete(t.Context()), http.StatusForbidden)
	wantStatus(t, write(o, "two"), http.StatusForbidden)
	f.send(http.MethodDelete, f.url+"/"+bucket+"/part", "", f.token(admin)).wantError(t, 403, "ObjectUnderActiveHold")
	_, err = o.Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: false})
	check(t, err)
	check(t, o.Delete(context.Background()))
}
