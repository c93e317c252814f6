package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// unreachableHost is an address at which nothing listens, so that a target that is
// accepted fails as unreachable.
const unreachableHost = "127.0.0.1:1"

func TestUploadsGoToTheBucketOnly(t *testing.T) {
	t.Parallel()
	const real, local = "https://strongroom.example.com", "http://" + unreachableHost
	for name, c := range map[string]struct {
		platform, bucket, url string
		headers               map[string]string
		want                  string // in the error; empty: accepted
	}{
		"another host":                {platform: real, url: "https://evil.example.com/acme/o", want: "another host than storage.googleapis.com"},
		"the platform itself":         {platform: real, url: "https://strongroom.example.com/acme/o", want: "another host"},
		"a host that ends alike":      {platform: real, url: "https://evil-storage.googleapis.com/acme/o", want: "another host"},
		"a host that begins alike":    {platform: real, url: "https://storage.googleapis.com.evil.example/acme/o", want: "another host"},
		"a user in front of the host": {platform: real, url: "https://storage.googleapis.com@evil.example/acme/o", want: "another host"},
		"a bucket in the host":        {platform: real, url: "https://evil.storage.googleapis.com/acme/o", want: "another host"},
		"another port":                {platform: real, url: "https://storage.googleapis.com:8443/acme/o", want: "another host"},
		"this machine":                {platform: real, url: local + "/acme/o", want: "another host"},
		"another bucket":              {platform: real, bucket: "acme", url: "https://storage.googleapis.com/acme2/o", want: "another bucket than acme"},
		"a bucket alone":              {platform: real, bucket: "acme", url: "https://storage.googleapis.com/acme", want: "another bucket"},
		"an escaped bucket":           {platform: real, bucket: "acme", url: "https://storage.googleapis.com/evil%2F/acme/o", want: "another bucket"},
		"a header that copies":        {platform: real, url: "https://storage.googleapis.com/acme/o", headers: map[string]string{"X-Goog-Copy-Source": "/a/b"}, want: "a header that no upload has"},
		"a header that names a host":  {platform: real, url: "https://storage.googleapis.com/acme/o", headers: map[string]string{"Host": "evil.example"}, want: "a header that no upload has"},
		"an embedded cloud's bucket":  {platform: local, bucket: "acme", url: local + "/acme/o", headers: map[string]string{"X-Goog-Hash": "x"}},
		"another machine's bucket":    {platform: local, url: "https://evil.example.com/acme/o", want: "another host"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := api.New(api.Config{URL: c.platform, Workspace: "prod", Bucket: c.bucket})
			if err != nil {
				t.Fatal(err)
			}
			target := api.Target{Output: "o", Number: 1, Method: http.MethodPut, URL: secret.New(c.url), Headers: c.headers}
			err = client.Put(t.Context(), target, strings.NewReader("x"), 1, 0)
			if c.want == "" {
				c.want = "connection refused"
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, not %q", err, c.want)
			}
		})
	}
}
