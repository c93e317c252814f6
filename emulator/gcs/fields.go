package gcs

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
)

// maxFields is the most that a resource in a request's body may take. It is
// the emulator's own bound.
const maxFields = 1 << 20

// fields are the top-level fields of a resource as a client sent it, so that
// one that is null differs from one that is absent.
type fields map[string]json.RawMessage

func readFields(body io.Reader) (fields, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxFields+1))
	if err != nil || len(text) > maxFields {
		return nil, refuse(invalidArgument, "The resource cannot be read.")
	}
	f := fields{}
	if len(text) == 0 {
		return f, nil
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, refuse(invalidArgument, "Parse Error: the resource is not a JSON object.")
	}
	return f, nil
}

// readInto decodes a field into v; one that is null or absent leaves v alone.
func (f fields) readInto(name string, v any) error {
	text, ok := f[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(text, v); err != nil {
		return refuse(invalidArgument, "Invalid value for field %s.", name).about(name)
	}
	return nil
}

// ignored are fields that Google sets itself or that change nothing here.
var ignored = []string{
	"acl", "bucket", "defaultObjectAcl", "etag", "generation", "id", "kind", "locationType", "mediaLink", "metageneration",
	"name", "owner", "projectNumber", "projectTeam", "rpo", "selfLink", "size", "timeCreated", "timeStorageClassUpdated", "updated",
}

// only refuses fields that are not modelled, rather than forget them.
func (f fields) only(known ...string) error {
	for name, text := range f {
		if !slices.Contains(known, name) && !slices.Contains(ignored, name) && !isEmptyJSON(text) {
			return refuse(notImplemented, "The field is not modelled: %s", name).about(name)
		}
	}
	return nil
}

// isEmptyJSON reports whether text says nothing: the Go client sends
// {"lifecycle":{"rule":[]}} without being asked.
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

// patch sets *text to a string field; null empties it.
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

// patchObject changes what of an object's metadata can be changed.
func (f fields) patchObject(o *object) error {
	if err := f.only(append([]string{"metadata", "storageClass", "crc32c", "md5Hash"}, contentFields...)...); err != nil {
		return err
	}
	if err := f.patchHeaders(&o.Headers); err != nil {
		return err
	}
	if err := f.patch("storageClass", &o.StorageClass); err != nil {
		return err
	}
	return f.patchMap("metadata", &o.Metadata)
}

// patchMap merges a map of strings; a value of null removes its key.
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
