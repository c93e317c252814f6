package suite_test

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// attempt is one use of an upload URL: what is changed in the request, and the
// response that the bucket must return.
type attempt struct {
	method string                                    // empty: PUT
	url    func(u *url.URL, other *cloudtest.Tenant) // nil: unchanged
	header []string                                  // names and values; an empty value removes the header
	body   string                                    // empty: the granted text
	status int
	code   string // of the XML response; empty: not checked
}

const grantedText = "hello"

func query(name, value string) func(*url.URL, *cloudtest.Tenant) {
	return func(u *url.URL, _ *cloudtest.Tenant) {
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
	}
}

func path(old, with string) func(*url.URL, *cloudtest.Tenant) {
	return func(u *url.URL, _ *cloudtest.Tenant) { u.Path = strings.Replace(u.Path, old, with, 1) }
}

// jsonAPI sends the same signature to the JSON API.
func jsonAPI(prefix, suffix string) func(*url.URL, *cloudtest.Tenant) {
	return func(u *url.URL, _ *cloudtest.Tenant) {
		bucket, object, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		u.Path, u.RawPath = prefix+"/storage/v1/b/"+bucket+"/o", ""
		switch suffix {
		case "name":
			u.RawQuery += "&uploadType=media&name=" + url.QueryEscape(object)
		case "object":
			u.RawPath = u.Path + "/" + url.PathEscape(object)
			u.Path += "/" + object
			u.RawQuery += "&alt=media"
		}
	}
}

// forbidden lists everything that an upload URL must not do, before and after its
// object exists.
var forbidden = map[string]attempt{
	"read the object":                      {method: "GET", status: 403, code: "SignatureDoesNotMatch"},
	"read the metadata of the object":      {method: "HEAD", status: 403},
	"delete the object":                    {method: "DELETE", status: 403, code: "SignatureDoesNotMatch"},
	"post to the object":                   {method: "POST", status: 403, code: "SignatureDoesNotMatch"},
	"patch the object":                     {method: "PATCH", status: 403, code: "SignatureDoesNotMatch"},
	"start a resumable upload":             {method: "POST", header: []string{"x-goog-resumable", "start"}, status: 400, code: "MalformedSecurityHeader"},
	"start a multipart upload":             {method: "POST", url: query("uploads", ""), status: 403, code: "SignatureDoesNotMatch"},
	"list the bucket":                      {method: "GET", url: func(u *url.URL, _ *cloudtest.Tenant) { u.Path = "/" + strings.Split(u.Path, "/")[1] }, status: 403, code: "SignatureDoesNotMatch"},
	"list the bucket by the JSON API":      {method: "GET", url: jsonAPI("", ""), status: 401},
	"read the object by the JSON API":      {method: "GET", url: jsonAPI("", "object"), status: 401},
	"delete the object by the JSON API":    {method: "DELETE", url: jsonAPI("", "object"), status: 401},
	"download the object by the JSON API":  {method: "GET", url: jsonAPI("/download", "object"), status: 401},
	"upload the object by the JSON API":    {method: "POST", url: jsonAPI("/upload", "name"), status: 401},
	"write the next part":                  {url: path("/00001", "/00002"), status: 403, code: "SignatureDoesNotMatch"},
	"write another output":                 {url: path("/stdout.log/", "/stderr.log/"), status: 403, code: "SignatureDoesNotMatch"},
	"write in another workspace":           {url: path("/prod/", "/test/"), status: 403, code: "SignatureDoesNotMatch"},
	"write below the object":               {url: path("/00001", "/00001/x"), status: 403, code: "SignatureDoesNotMatch"},
	"write next to it with a dotted path":  {url: path("/00001", "/../stderr.log/00001"), status: 403, code: "SignatureDoesNotMatch"},
	"write to another tenant's bucket":     {url: func(u *url.URL, o *cloudtest.Tenant) { swapBucket(u, o.OutputsBucket) }, status: 403, code: "SignatureDoesNotMatch"},
	"write to the tenant's other bucket":   {url: path("-outputs", "-exports"), status: 403, code: "SignatureDoesNotMatch"},
	"send another content type":            {header: []string{"content-type", "text/html"}, status: 403, code: "SignatureDoesNotMatch"},
	"send no content type":                 {header: []string{"content-type", ""}, status: 400, code: "MalformedSecurityHeader"},
	"send one byte too many":               {body: grantedText + "!", status: 400, code: "EntityTooLarge"},
	"send a wider range for more bytes":    {body: grantedText + "!", header: []string{"x-goog-content-length-range", "0,6"}, status: 403, code: "SignatureDoesNotMatch"},
	"send no range":                        {header: []string{"x-goog-content-length-range", ""}, status: 400, code: "MalformedSecurityHeader"},
	"send no generation":                   {header: []string{"x-goog-if-generation-match", ""}, status: 400, code: "MalformedSecurityHeader"},
	"send another generation":              {header: []string{"x-goog-if-generation-match", "1"}, status: 403, code: "SignatureDoesNotMatch"},
	"send a metageneration":                {header: []string{"x-goog-if-metageneration-match", "1"}, status: 400, code: "MalformedSecurityHeader"},
	"send no checksum":                     {header: []string{"x-goog-hash", ""}, status: 400, code: "MalformedSecurityHeader"},
	"send other bytes with their checksum": {body: "world", header: []string{"x-goog-hash", "crc32c=" + cloudtest.CRC32C([]byte("world"))}, status: 403, code: "SignatureDoesNotMatch"},
	"copy another object":                  {header: []string{"x-goog-copy-source", "b/o"}, status: 400, code: "MalformedSecurityHeader"},
	"set an access list":                   {header: []string{"x-goog-acl", "public-read"}, status: 400, code: "MalformedSecurityHeader"},
	"set metadata":                         {header: []string{"x-goog-meta-a", "b"}, status: 400, code: "MalformedSecurityHeader"},
	"choose a key":                         {header: []string{"x-goog-encryption-kms-key-name", "projects/p"}, status: 400, code: "MalformedSecurityHeader"},
	"choose a storage class":               {header: []string{"x-goog-storage-class", "ARCHIVE"}, status: 400, code: "MalformedSecurityHeader"},
	"ask for a generation":                 {url: query("generation", "1"), status: 403, code: "SignatureDoesNotMatch"},
	"ask for the access list":              {url: query("acl", ""), status: 403, code: "SignatureDoesNotMatch"},
	"live longer":                          {url: query("X-Goog-Expires", "3600"), status: 403, code: "SignatureDoesNotMatch"},
	"live longer than V4 allows":           {url: query("X-Goog-Expires", "604801"), status: 400, code: "MalformedSecurityHeader"},
	"have another second":                  {url: otherSecond, status: 403, code: "SignatureDoesNotMatch"},
	"have another day":                     {url: query("X-Goog-Date", "20200101T000000Z"), status: 400, code: "MalformedSecurityHeader"},
	"name another account":                 {url: otherAccount, status: 403, code: "SignatureDoesNotMatch"},
	"name another service":                 {url: replaceQuery("%2Fstorage%2F", "%2Fcompute%2F"), status: 400, code: "MalformedSecurityHeader"},
	"use another algorithm":                {url: query("X-Goog-Algorithm", "GOOG4-HMAC-SHA256"), status: 400, code: "MalformedSecurityHeader"},
	"change the signature":                 {url: flipSignature, status: 403, code: "SignatureDoesNotMatch"},
	"shorten the signature":                {url: replaceQuery("X-Goog-Signature=00", "X-Goog-Signature="), status: 403, code: "SignatureDoesNotMatch"},
	"remove the signature":                 {url: query("X-Goog-Signature", ""), status: 400, code: "MalformedSecurityHeader"},
	"remove the query":                     {url: func(u *url.URL, _ *cloudtest.Tenant) { u.RawQuery = "" }, status: 403, code: "AccessDenied"},
	"sign fewer headers": {
		url: replaceQuery("%3Bx-goog-if-generation-match", ""), header: []string{"x-goog-if-generation-match", ""},
		status: 403, code: "SignatureDoesNotMatch",
	},
	"sign headers in another order": {url: replaceQuery("content-type%3Bhost", "host%3Bcontent-type"), status: 400, code: "MalformedSecurityHeader"},
	"sign an additional header": {
		url: replaceQuery("content-type%3B", "accept%3Bcontent-type%3B"), header: []string{"accept", "text/plain"},
		status: 403, code: "SignatureDoesNotMatch",
	},
}

func swapBucket(u *url.URL, bucket string) {
	segments := strings.SplitN(u.Path, "/", 3)
	u.Path = "/" + bucket + "/" + segments[2]
}

func replaceQuery(old, with string) func(*url.URL, *cloudtest.Tenant) {
	return func(u *url.URL, _ *cloudtest.Tenant) {
		if old == "X-Goog-Signature=00" { // for any first byte
			u.RawQuery = regexp.MustCompile(`X-Goog-Signature=..`).ReplaceAllString(u.RawQuery, with)
			return
		}
		u.RawQuery = strings.Replace(u.RawQuery, old, with, 1)
	}
}

func otherSecond(u *url.URL, _ *cloudtest.Tenant) {
	date := []byte(u.Query().Get("X-Goog-Date"))
	last := len(date) - 2
	date[last] = '0' + (date[last]-'0'+1)%10
	query("X-Goog-Date", string(date))(u, nil)
}

func otherAccount(u *url.URL, other *cloudtest.Tenant) {
	_, scope, _ := strings.Cut(u.Query().Get("X-Goog-Credential"), "/")
	query("X-Goog-Credential", other.SigningAccount+"/"+scope)(u, nil)
}

func flipSignature(u *url.URL, _ *cloudtest.Tenant) {
	signature := []byte(u.Query().Get("X-Goog-Signature"))
	last := len(signature) - 1
	signature[last] = map[bool]byte{true: '1', false: '0'}[signature[last] == '0']
	query("X-Goog-Signature", string(signature))(u, nil)
}

// try makes the attempt with u.
func (a attempt) try(t testing.TB, u cloudtest.Upload, other *cloudtest.Tenant) cloudtest.Response {
	t.Helper()
	changed, err := url.Parse(u.URL)
	if err != nil {
		t.Fatal(err)
	}
	if a.url != nil {
		a.url(changed, other)
	}
	if changed.String() == u.URL && a.url != nil {
		t.Fatal("the attempt changes nothing")
	}
	u.URL = changed.String()
	if a.method != "" {
		u.Method = a.method
	}
	body := a.body
	if body == "" {
		body = grantedText
	}
	return u.Put(t, []byte(body), a.header...)
}

func (a attempt) check(t testing.TB, r cloudtest.Response) {
	t.Helper()
	if r.Status != a.status || (a.code != "" && !bytes.Contains(r.Body, []byte("<Code>"+a.code+"</Code>"))) {
		t.Errorf("got %d %s, want %d %s", r.Status, r.Body, a.status, a.code)
	}
	if bytes.Contains(r.Body, []byte(grantedText)) {
		t.Errorf("the response contains the object: %s", r.Body)
	}
}

// Law 1: a minted URL creates one object in one tenant's bucket, once, within
// its size, type and 15 minutes, and does nothing else.
func TestLaw1WriteOnly(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, other := c.Tenant(t), c.Tenant(t)
	run := cloudtest.NewRun(t)
	part := cloudtest.PartOf("stdout.log", 1, []byte(grantedText))
	u, second := tn.Mint(t, run, part)[0], tn.Mint(t, run, part)[0]

	for name, a := range forbidden {
		t.Run("before: "+name, func(t *testing.T) { a.check(t, a.try(t, u, other)) })
	}
	if got := bucketContents(t, c, tn.OutputsBucket); len(got) > 0 {
		t.Fatalf("a forbidden attempt created %v", got)
	}
	u.Put(t, []byte(grantedText)).Want(t, http.StatusOK)
	again := attempt{status: 412, code: "PreconditionFailed"}
	t.Run("after: write it again by the same URL", func(t *testing.T) { again.check(t, again.try(t, u, other)) })
	t.Run("after: write it again by a second URL", func(t *testing.T) { again.check(t, again.try(t, second, other)) })
	for name, a := range forbidden {
		t.Run("after: "+name, func(t *testing.T) { a.check(t, a.try(t, u, other)) })
	}

	want := map[string]string{"prod/" + run + "/stdout.log/00001": grantedText}
	if diff := cmp.Diff(want, bucketContents(t, c, tn.OutputsBucket)); diff != "" {
		t.Errorf("the bucket's objects: %s", diff)
	}
	for _, bucket := range []string{tn.ExportsBucket, other.OutputsBucket} {
		if got := bucketContents(t, c, bucket); len(got) > 0 {
			t.Errorf("%s has %v", bucket, got)
		}
	}
}

func TestLaw1WriteOnlyBindsTheBytes(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	asked := []cloudtest.Part{
		cloudtest.PartOf("sum.log", 1, []byte(grantedText)),
		{Output: "free.log", Part: 1, ContentType: "text/plain"},
		cloudtest.PartOf("empty.log", 1, nil),
	}
	minted := tn.Mint(t, cloudtest.NewRun(t), asked...)
	for name, try := range map[string]struct {
		upload cloudtest.Upload
		body   []byte
		code   string
	}{
		"other bytes of the granted size":           {minted[0], []byte("world"), "BadDigest"},
		"fewer bytes than granted":                  {minted[0], []byte("hell"), "BadDigest"},
		"8 MiB and a byte where no size is granted": {minted[1], make([]byte, 8<<20+1), "EntityTooLarge"},
		"a byte where none is granted":              {minted[2], []byte("x"), "EntityTooLarge"},
	} {
		t.Run(name, func(t *testing.T) {
			attempt{status: 400, code: try.code}.check(t, try.upload.Put(t, try.body))
		})
	}
	if got := bucketContents(t, c, tn.OutputsBucket); len(got) > 0 {
		t.Errorf("the bucket has %v", got)
	}
}

func TestLaw1WriteOnlyEndsInTime(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	short := c.Tenant(t)
	short.Limits.UploadLifetime = time.Minute
	if err := c.Directory.Put(t.Context(), short.Record); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		tenant *cloudtest.Tenant
		life   time.Duration
	}{
		"15 minutes at most":                   {tn, 15 * time.Minute},
		"the tenant's own limit where shorter": {short, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			run, began := cloudtest.NewRun(t), c.Clock.Now()
			parts := []cloudtest.Part{cloudtest.PartOf("a", 1, []byte(grantedText)), cloudtest.PartOf("a", 2, []byte(grantedText))}
			minted := test.tenant.Mint(t, run, parts...)
			if end := minted[0].Expires; end.After(began.Add(test.life+2*time.Second)) || end.Before(began.Add(test.life-3*time.Second)) {
				t.Errorf("it expires %s after the request", end.Sub(began))
			}
			c.Clock.Advance(minted[0].Expires.Sub(c.Clock.Now()) - 5*time.Second)
			minted[0].Put(t, []byte(grantedText)).Want(t, http.StatusOK)
			c.Clock.Advance(minted[1].Expires.Sub(c.Clock.Now()))
			attempt{status: 400, code: "ExpiredToken"}.check(t, minted[1].Put(t, []byte(grantedText)))
			if got := bucketContents(t, c, test.tenant.OutputsBucket); len(got) != 1 {
				t.Errorf("the bucket has %v", got)
			}
		})
	}
}
