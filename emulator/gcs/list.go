package gcs

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// maxPage is the largest number of items on one page of a list:
// cloud.google.com/storage/docs/json_api/v1/objects/list.
const maxPage = 1000

// listing is the request for a list. The zero listing contains no object.
type listing struct {
	bucket    string
	prefix    string
	delimiter string // empty: no folders
	after     string // the page starts after this name
	start     string // first name, inclusive
	end       string // first name that is excluded; empty: no limit
	limit     int
}

// page is one page of a list.
type page struct {
	objects  []object
	prefixes []string
	next     string // the next page starts after this name; empty: this is the last page
}

// list reads one page, in the order of the names' bytes.
func (s *store) list(l listing) (p page, err error) {
	err = s.view(func(t txn) error {
		cursor, last := t.tx.Bucket(objectTable).Cursor(), ""
		key, text := cursor.Seek(objectKey(l.bucket, max(l.prefix, l.start, l.after)))
		for l.covers(key) {
			name := string(key[len(l.bucket)+1:])
			folder := l.folder(name)
			if item := orDefault(folder, name); item > l.after {
				if len(p.objects)+len(p.prefixes) == l.limit {
					p.next = last
					return nil
				}
				if err := p.add(folder, text); err != nil {
					return err
				}
				last = item
			}
			if folder != "" { // a name in UTF-8 does not contain the byte 0xff
				key, text = cursor.Seek(objectKey(l.bucket, folder+"\xff"))
			} else {
				key, text = cursor.Next()
			}
		}
		return nil
	})
	return p, err
}

func (p *page) add(folder string, text []byte) error {
	if folder != "" {
		p.prefixes = append(p.prefixes, folder)
		return nil
	}
	var o object
	if err := json.Unmarshal(text, &o); err != nil {
		return fmt.Errorf("read objects: %w", err)
	}
	p.objects = append(p.objects, o)
	return nil
}

// covers reports whether a key of the object table can be in the list.
func (l listing) covers(key []byte) bool {
	return bytes.HasPrefix(key, objectKey(l.bucket, l.prefix)) && (l.end == "" || string(key[len(l.bucket)+1:]) < l.end)
}

// folder returns the part of a name up to the first delimiter after the prefix.
func (l listing) folder(name string) string {
	if l.delimiter == "" {
		return ""
	}
	at := strings.Index(name[len(l.prefix):], l.delimiter)
	if at < 0 {
		return ""
	}
	return name[:len(l.prefix)+at+len(l.delimiter)]
}

func (s *Server) listObjectsJSON(w http.ResponseWriter, j jsonRequest) error {
	l, err := j.listing()
	if err != nil {
		return err
	}
	b, err := s.store.bucket(j.bucket)
	if err != nil {
		return err
	}
	if err := s.allow(j.caller, listObjects, bucketResource(j.bucket)); err != nil {
		return err
	}
	p, err := s.store.list(l)
	if err != nil {
		return err
	}
	list := struct {
		Kind          string               `json:"kind"`
		NextPageToken string               `json:"nextPageToken,omitempty"`
		Prefixes      []string             `json:"prefixes,omitempty"`
		Items         []objectResourceJSON `json:"items,omitempty"`
	}{Kind: "storage#objects", Prefixes: p.prefixes, NextPageToken: pageToken(p.next)}
	for _, o := range p.objects {
		list.Items = append(list.Items, listedObject(b, o, j.base()))
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

// listedObject omits the checksums of an object under a customer's key. Google's lists
// do too: cloud.google.com/storage/docs/encryption/customer-managed-keys#restrictions.
func listedObject(b Bucket, o object, base string) objectResourceJSON {
	shown := objectResourceOf(b, o, base)
	if o.KeyName != "" {
		shown.CRC32C, shown.MD5Hash = "", ""
	}
	return shown
}

func (j jsonRequest) listing() (listing, error) {
	for _, name := range []string{"matchGlob", "softDeleted", "filter"} {
		if value := j.query.Get(name); value != "" && value != "false" {
			return listing{}, reject(notImplemented, "The query parameter is not modeled.").about(name)
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(j.query.Get("pageToken"))
	if err != nil {
		return listing{}, reject(invalidArgument, "Invalid page token.").about("pageToken")
	}
	limit, err := pageSize(j.query.Get("maxResults"))
	return listing{
		bucket: j.bucket, prefix: j.query.Get("prefix"), delimiter: j.query.Get("delimiter"), after: string(after),
		start: j.query.Get("startOffset"), end: j.query.Get("endOffset"), limit: limit,
	}, err
}

func pageToken(last string) string { return base64.RawURLEncoding.EncodeToString([]byte(last)) }

func pageSize(text string) (int, error) {
	if text == "" {
		return maxPage, nil
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < 1 {
		return 0, reject(invalidArgument, "Invalid page size: %q.", text).about("maxResults")
	}
	return min(size, maxPage), nil
}
