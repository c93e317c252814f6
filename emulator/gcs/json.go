package gcs

import (
	"net/http"
	"net/url"
	"strings"
)

// jsonRequest is a request of the JSON API with a known caller.
type jsonRequest struct {
	*http.Request
	caller caller
	query  url.Values
	bucket string // empty: the request is for the project's buckets
	object string // empty: the request is for the bucket or its objects

	toBucket, toObject string // destination of a rewrite or a copy
}

// jsonMethods are the modeled methods of the JSON API, by HTTP method and form of
// the path.
var jsonMethods = map[string]func(*Server, http.ResponseWriter, jsonRequest) error{
	"GET b":            (*Server).listBucketsJSON,
	"POST b":           (*Server).insertBucketJSON,
	"GET b/B":          (*Server).getBucketJSON,
	"PATCH b/B":        (*Server).patchBucketJSON,
	"DELETE b/B":       (*Server).deleteBucketJSON,
	"GET b/B/o":        (*Server).listObjectsJSON,
	"GET b/B/o/O":      (*Server).getObjectJSON,
	"PATCH b/B/o/O":    (*Server).patchObjectJSON,
	"DELETE b/B/o/O":   (*Server).deleteObjectJSON,
	"GET b/B/storageL": (*Server).getBucketLayoutJSON,

	"POST b/B/o/O/rewriteTo/b/B/o/O": (*Server).rewriteObjectJSON,
	"POST b/B/o/O/copyTo/b/B/o/O":    (*Server).copyObjectJSON,
}

// serveJSON serves requests below /storage/v1/. The caller sends the error that it
// returns.
func (s *Server) serveJSON(w http.ResponseWriter, r *http.Request, segments []string) error {
	j, form, err := s.parseJSON(r, segments)
	if err != nil {
		return err
	}
	method, ok := jsonMethods[j.Method+" "+form]
	if !ok {
		return reject(notImplemented, "%s of this resource is not modeled.", j.Method)
	}
	return method(s, w, j)
}

func (s *Server) parseJSON(r *http.Request, segments []string) (j jsonRequest, form string, err error) {
	j = jsonRequest{Request: r, query: r.URL.Query()}
	if j.caller, err = s.bearer(r); err != nil {
		return j, "", err
	}
	if j.caller == "" {
		return j, "", reject(anonymous, "Anonymous caller does not have storage access. Permission denied on resource (or it may not exist).")
	}
	form = j.read(segments)
	return j, form, nil
}

// read sets bucket and object from the path and returns the path's form.
func (j *jsonRequest) read(segments []string) (form string) {
	if len(segments) == 9 && segments[0] == "b" && segments[2] == "o" && segments[5] == "b" && segments[7] == "o" {
		j.bucket, j.object, j.toBucket, j.toObject = segments[1], segments[3], segments[6], segments[8]
		return "b/B/o/O/" + segments[4] + "/b/B/o/O"
	}
	if len(segments) == 0 || segments[0] != "b" || len(segments) > 4 {
		return ""
	}
	if len(segments) > 1 {
		j.bucket = segments[1]
	}
	if len(segments) > 3 {
		j.object = segments[3]
	}
	switch {
	case len(segments) == 3 && segments[2] == "storageLayout":
		return "b/B/storageL"
	case len(segments) > 2 && segments[2] != "o":
		return ""
	}
	return []string{"b", "b/B", "b/B/o", "b/B/o/O"}[len(segments)-1]
}

// conditions reads the if… query parameters.
func (j jsonRequest) conditions() (preconditions, error) { return j.conditionsOf("if") }

// conditionsOf reads the conditions whose names have a prefix: those of the source of
// a copy have another one.
func (j jsonRequest) conditionsOf(prefix string) (p preconditions, err error) {
	for name, number := range map[string]**int64{
		"GenerationMatch":        &p.generation,
		"GenerationNotMatch":     &p.generationNot,
		"MetagenerationMatch":    &p.metageneration,
		"MetagenerationNotMatch": &p.metagenerationNot,
	} {
		if *number, err = optionalNumber(j.query.Get(prefix+name), prefix+name); err != nil {
			return p, err
		}
	}
	return p, nil
}

// base returns the server's address in the client's form, for links.
func (j jsonRequest) base() string {
	scheme := "http"
	if j.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + j.Host
}

func (s *Server) getObjectJSON(w http.ResponseWriter, j jsonRequest) error {
	b, o, err := s.find(j.caller, getObject, j.bucket, j.object)
	if err != nil {
		return err
	}
	if err := checkGeneration(o, j.query.Get("generation")); err != nil {
		return err
	}
	when, err := j.conditions()
	if err != nil {
		return err
	}
	if err := when.check(o.Generation, o.Metageneration, true); err != nil {
		return err
	}
	switch alt := orDefault(j.query.Get("alt"), "json"); {
	case alt == "media":
		return s.serveObject(w, j.Request, o, o.etag())
	case alt != "json" || strings.HasPrefix(j.URL.Path, "/download/"):
		return reject(invalidArgument, "Invalid value for alt: %q.", alt).about("alt")
	}
	writeJSON(w, http.StatusOK, objectResourceOf(b, o, j.base()))
	return nil
}

func (s *Server) deleteObjectJSON(w http.ResponseWriter, j jsonRequest) error {
	when, err := j.conditions()
	if err != nil {
		return err
	}
	if err := s.deleteObject(j.caller, j.bucket, j.object, j.query.Get("generation"), when); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) patchObjectJSON(w http.ResponseWriter, j jsonRequest) error {
	when, err := j.conditions()
	if err != nil {
		return err
	}
	fields, err := readFields(j.Body)
	if err != nil {
		return err
	}
	b, o, err := s.changeObject(j.caller, j.bucket, j.object, j.query.Get("generation"), when, fields.patchObject)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, objectResourceOf(b, o, j.base()))
	return nil
}
