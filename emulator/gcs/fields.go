package gcs

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
)

// maxFields is the longest resource in a request's body. The limit is the
// emulator's own.
const maxFields = 1 << 20

// fields are the top-level fields of a resource in the client's form, so that null
// differs from absent.
type fields map[string]json.RawMessage

func readFields(body io.Reader) (fields, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxFields+1))
	if err != nil || len(text) > maxFields {
		return nil, reject(invalidArgument, "The resource cannot be read.")
	}
	f := fields{}
	if len(text) == 0 {
		return f, nil
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, reject(invalidArgument, "Parse Error: the resource is not a JSON object.")
	}
	return f, nil
}

// readInto decodes a field into v. A null or absent field leaves v unchanged.
func (f fields) readInto(name string, v any) error {
	text, ok := f[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(text, v); err != nil {
		return reject(invalidArgument, "Invalid value for field %s.", name).about(name)
	}
	return nil
}

// ignored lists fields that Google sets itself, or that have no effect here.
var ignored = []string{
	"acl", "bucket", "defaultObjectAcl", "etag", "generation", "id", "kind", "locationType", "mediaLink", "metageneration",
	"name", "owner", "projectNumber", "projectTeam", "rpo", "selfLink", "size", "timeCreated", "timeStorageClassUpdated", "updated",
}

// only rejects fields that are not modeled, instead of ignoring them.
func (f fields) only(known ...string) error {
	for name, text := range f {
		if !slices.Contains(known, name) && !slices.Contains(ignored, name) && !isEmptyJSON(text) {
			return reject(notImplemented, "The field is not modeled: %s", name).about(name)
		}
	}
	return nil
}

// isEmptyJSON reports whether text has no content: the Go client sends
// {"lifecycle":{"rule":[]}} without being asked to.
func isEmptyJSON(text json.RawMessage) bool {
	var v any
	return json.Unmarshal(text, &v) == nil && isEmpty(v)
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return !slices.ContainsFunc(slices.Collect(maps.Values(v)), func(v any) bool { return !isEmpty(v) })
	case []any:
		return len(v) == 0
	}
	return v == nil || v == false || v == "" || v == 0.0
}

// patch sets *text to a string field; null makes it empty.
func (f fields) patch(name string, text *string) error {
	if string(f[name]) == "null" {
		*text = ""
		return nil
	}
	return f.readInto(name, text)
}

var contentFields = []string{"contentType", "contentEncoding", "contentDisposition", "contentLanguage", "cacheControl"}

func (f fields) patchHeaders(h *contentHeaders) error {
	for i, text := range []*string{&h.ContentType, &h.ContentEncoding, &h.ContentDisposition, &h.ContentLanguage, &h.CacheControl} {
		if err := f.patch(contentFields[i], text); err != nil {
			return err
		}
	}
	return nil
}

// patchObject changes the metadata of an object that can be changed.
func (f fields) patchObject(o *object) error {
	if err := f.only(append([]string{"metadata", "storageClass", "temporaryHold", "crc32c", "md5Hash"}, contentFields...)...); err != nil {
		return err
	}
	if err := f.patchHeaders(&o.Headers); err != nil {
		return err
	}
	if err := f.patch("storageClass", &o.StorageClass); err != nil {
		return err
	}
	if err := f.readInto("temporaryHold", &o.TemporaryHold); err != nil {
		return err
	}
	return f.patchMap("metadata", &o.Metadata)
}

// patchMap merges a map of strings; a null value deletes its key.
func (f fields) patchMap(name string, m *map[string]string) error {
	if string(f[name]) == "null" {
		*m = nil
		return nil
	}
	var changes map[string]*string
	if err := f.readInto(name, &changes); err != nil {
		return err
	}
	merged := maps.Clone(*m)
	if merged == nil {
		merged = map[string]string{}
	}
	for key, value := range changes {
		if value == nil {
			delete(merged, key)
		} else {
			merged[key] = *value
		}
	}
	*m = merged
	return nil
}
