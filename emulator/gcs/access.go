package gcs

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// The permissions that the server asks IAM for:
// cloud.google.com/storage/docs/access-control/iam-permissions.
const (
	createObject = "storage.objects.create"
	deleteObject = "storage.objects.delete"
	getObject    = "storage.objects.get"
	listObjects  = "storage.objects.list"
	updateObject = "storage.objects.update"

	createBucket = "storage.buckets.create"
	deleteBucket = "storage.buckets.delete"
	getBucket    = "storage.buckets.get"
	listBuckets  = "storage.buckets.list"
	updateBucket = "storage.buckets.update"
)

// caller is the account that makes a request. The zero caller is anonymous.
type caller string

// bearer returns the account of the request's access token, or the anonymous caller if it has none.
func (s *Server) bearer(r *http.Request) (caller, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	email, ok := "", false
	if strings.EqualFold(scheme, "Bearer") {
		email, ok = s.config.IAM.Authenticate(strings.TrimSpace(token))
	}
	if !ok {
		return "", reject(badToken, "Invalid Credentials")
	}
	return caller(email), nil
}

// allow returns an error if c lacks a permission on a resource such as buckets/B/objects/O.
func (s *Server) allow(c caller, permission, resource string) error {
	if c == "" {
		return reject(anonymous, "Anonymous caller does not have %s access to the Google Cloud Storage resource.", permission)
	}
	if !s.config.IAM.Allowed(string(c), permission, resource) {
		return reject(accessDenied, "%s does not have %s access to the Google Cloud Storage resource. Permission '%s' denied on resource (or it may not exist).", c, permission, permission)
	}
	return nil
}

func bucketResource(bucket string) string { return "buckets/" + bucket }

func objectResource(bucket, object string) string { return "buckets/" + bucket + "/objects/" + object }

// find returns a live object that c has permission for. For a missing object, the
// error is 404 if c may list the bucket and 403 otherwise, as at Google.
func (s *Server) find(c caller, permission, bucket, name string) (Bucket, object, error) {
	b, o, err := s.store.object(bucket, name)
	if err != nil {
		return b, o, err
	}
	if err := s.allow(c, permission, objectResource(bucket, name)); err != nil {
		return b, o, err
	}
	if o.Generation != 0 {
		return b, o, nil
	}
	if err := s.allow(c, listObjects, bucketResource(bucket)); err != nil {
		return b, o, err
	}
	return b, o, noObject(bucket, name)
}

func noObject(bucket, name string) error {
	return reject(noSuchKey, "No such object: %s/%s", bucket, name)
}

// signedCaller verifies the request's V4 signature. It returns the account that
// signed and the hash that the body must have.
func (s *Server) signedCaller(r *http.Request) (caller, string, error) {
	covered := signedRequest{method: r.Method, host: r.Host, path: r.URL.EscapedPath(), query: r.URL.RawQuery, header: r.Header}
	signature, err := verifySignature(covered, s.config.Clock.Now(), s.config.IAM.Verify)
	if err != nil {
		return "", "", err
	}
	return caller(signature.account), signature.payload, nil
}

// virtualHost matches BUCKET.storage.googleapis.com, the same in another universe,
// and BUCKET.localhost.
var virtualHost = regexp.MustCompile(`^([a-z0-9][a-z0-9._-]*)\.(?:storage\.[a-z0-9.-]+|localhost)$`)

// resource returns the bucket and object that a host and a percent-encoded path
// name: cloud.google.com/storage/docs/request-endpoints. If the host names a bucket,
// or is bound to one, the whole path is the object's name.
func resource(host, path string, bound map[string]string) (bucket, object string, err error) {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return "", "", reject(invalidArgument, "The path is not percent-encoded.")
	}
	decoded = strings.TrimPrefix(decoded, "/")
	name := strings.ToLower((&url.URL{Host: host}).Hostname())
	if bucket, ok := bound[name]; ok {
		return bucket, decoded, nil
	}
	if m := virtualHost.FindStringSubmatch(name); m != nil {
		return m[1], decoded, nil
	}
	bucket, object, _ = strings.Cut(decoded, "/")
	return bucket, object, nil
}

// splitPath decodes the segments of a JSON API path one by one, so that an object's
// name may contain %2F.
func splitPath(escaped string) ([]string, error) {
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return nil, reject(invalidArgument, "The path is not percent-encoded.")
		}
		segments[i] = decoded
	}
	return segments, nil
}
