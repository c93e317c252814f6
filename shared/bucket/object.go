package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
)

// ErrDifferent is the error of an object that exists already with other bytes.
var ErrDifferent = errors.New("the object exists with different bytes")

// Create creates an object. If the object exists with the same bytes, there is
// nothing to do. If it exists with other bytes, Create returns ErrDifferent and
// changes nothing.
func Create(ctx context.Context, object *storage.ObjectHandle, contentType string, data []byte) error {
	same := func(old []byte) bool { return bytes.Equal(old, data) }
	return CreateIf(ctx, object, contentType, data, same)
}

// CreateNamedByHash creates an object whose name contains a hash of data. If the
// object exists, it has the same bytes, so there is nothing to do, and no permission
// to read it is needed.
func CreateNamedByHash(ctx context.Context, object *storage.ObjectHandle, contentType string, data []byte) error {
	if err := write(ctx, object, contentType, data); err != nil && !exists(err) {
		return wrap("create", object, err)
	}
	return nil
}

// write creates an object that does not exist.
func write(ctx context.Context, object *storage.ObjectHandle, contentType string, data []byte) error {
	w := object.If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx)
	w.ContentType, w.ChunkSize = contentType, 0
	_, err := w.Write(data)
	return errors.Join(err, w.Close())
}

// CreateIf is Create with another idea of what the same bytes are.
func CreateIf(ctx context.Context, object *storage.ObjectHandle, contentType string, data []byte, same func(old []byte) bool) error {
	if err := write(ctx, object, contentType, data); err == nil || !exists(err) {
		return wrap("create", object, err)
	}
	old, err := Read(ctx, object, int64(len(data))+1<<16)
	if err != nil {
		return err
	}
	if !same(old) {
		return fmt.Errorf("create %s: %w", object.ObjectName(), ErrDifferent)
	}
	return nil
}

// Copy copies an object to one that does not exist, without reading it. It returns the
// properties of the copy, or nil if the copy exists already. The copy has the content
// type and no other metadata of the source. An error that IsMissing reports is about
// the source.
func Copy(ctx context.Context, target, source *storage.ObjectHandle, contentType string) (*storage.ObjectAttrs, error) {
	c := target.If(storage.Conditions{DoesNotExist: true}).CopierFrom(source)
	c.ContentType = contentType
	attrs, err := c.Run(ctx)
	if err != nil && exists(err) {
		return nil, nil
	}
	return attrs, wrap("copy", source, err)
}

// HasUnsignedMetadata reports whether an object has metadata that no upload URL allows.
func HasUnsignedMetadata(a *storage.ObjectAttrs) bool {
	return a.ContentEncoding != "" || a.ContentDisposition != "" || a.ContentLanguage != "" ||
		a.CacheControl != "" || !a.CustomTime.IsZero() || len(a.Metadata) > 0
}

// Read reads an object of at most limit bytes. It returns
// storage.ErrObjectNotExist for an object that does not exist.
func Read(ctx context.Context, object *storage.ObjectHandle, limit int64) ([]byte, error) {
	r, err := object.NewReader(ctx)
	if err != nil {
		return nil, wrap("read", object, err)
	}
	defer r.Close()
	if r.Attrs.Size > limit {
		return nil, fmt.Errorf("read %s: it has %d bytes, more than %d", object.ObjectName(), r.Attrs.Size, limit)
	}
	data, err := io.ReadAll(r)
	return data, wrap("read", object, err)
}

// IsMissing reports whether the bucket says that an object does not exist. To an
// account that may get objects and not list them, Cloud Storage does not say so. It
// names the permission that would let the account know:
// cloud.google.com/storage/docs/access-control/iam-permissions.
func IsMissing(err error) bool {
	var response *googleapi.Error
	return errors.Is(err, storage.ErrObjectNotExist) || errors.As(err, &response) &&
		response.Code == http.StatusForbidden && strings.Contains(response.Error()+response.Body, "storage.objects.list")
}

// IsKeyLocked reports whether the bucket cannot use its Cloud KMS key, because the key is
// disabled or destroyed, or because Cloud Storage's agent has no role on it:
// cloud.google.com/storage/docs/json_api/v1/status-codes. The last of these has no reason of
// its own, so its text decides.
func IsKeyLocked(err error) bool {
	var response *googleapi.Error
	if !errors.As(err, &response) {
		return false
	}
	text := response.Error() + response.Body
	named := slices.ContainsFunc(response.Errors, func(item googleapi.ErrorItem) bool { return strings.HasPrefix(item.Reason, "cloudKms") })
	return named || strings.Contains(text, "CloudKms") ||
		response.Code == http.StatusForbidden && strings.Contains(text, "Permission denied on Cloud KMS key")
}

// IsForbidden reports whether the bucket does not let the platform do this at all: its owner
// has removed a role, disabled the project's billing or put the bucket behind a perimeter.
func IsForbidden(err error) bool {
	var response *googleapi.Error
	return errors.As(err, &response) && response.Code == http.StatusForbidden && !IsMissing(err) && !IsKeyLocked(err)
}

// IsTransient reports whether a retry of a request to the bucket may succeed.
func IsTransient(err error) bool {
	var response *googleapi.Error
	return !errors.As(err, &response) || response.Code >= http.StatusInternalServerError || response.Code == http.StatusTooManyRequests
}

// exists reports whether a create failed because the object exists. Cloud Storage may
// also say that the retention of the bucket protects the existing object:
// cloud.google.com/storage/docs/json_api/v1/status-codes.
func exists(err error) bool {
	var api *googleapi.Error
	if !errors.As(err, &api) {
		return false
	}
	protected := slices.ContainsFunc(api.Errors, func(item googleapi.ErrorItem) bool { return item.Reason == "retentionPolicyNotMet" })
	return api.Code == http.StatusPreconditionFailed || api.Code == http.StatusForbidden && protected
}

func wrap(what string, object *storage.ObjectHandle, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, object.ObjectName(), err)
}
