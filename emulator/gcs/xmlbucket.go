package gcs

import (
	"encoding/xml"
	"net/http"
	"strconv"
)

// listResult is the response to GET /BUCKET?list-type=2:
// cloud.google.com/storage/docs/xml-api/get-bucket-list.
type listResult struct {
	XMLName     xml.Name     `xml:"http://doc.s3.amazonaws.com/2006-03-01 ListBucketResult"`
	Name        string       `xml:"Name"`
	Prefix      string       `xml:"Prefix"`
	Delimiter   string       `xml:"Delimiter,omitempty"`
	KeyCount    int          `xml:"KeyCount"`
	IsTruncated bool         `xml:"IsTruncated"`
	NextMarker  string       `xml:"NextMarker,omitempty"`
	NextToken   string       `xml:"NextContinuationToken,omitempty"`
	Contents    []listedItem `xml:"Contents"`
	Prefixes    []commonItem `xml:"CommonPrefixes"`
}

type listedItem struct {
	Key            string `xml:"Key"`
	Generation     int64  `xml:"Generation"`
	MetaGeneration int64  `xml:"MetaGeneration"`
	LastModified   string `xml:"LastModified"`
	ETag           string `xml:"ETag"`
	Size           int64  `xml:"Size"`
}

type commonItem struct {
	Prefix string `xml:"Prefix"`
}

// serveXMLBucket lists a bucket's objects, or reports whether it exists.
func (s *Server) serveXMLBucket(w http.ResponseWriter, x xmlRequest) error {
	if x.bucket == "" || x.Method != http.MethodGet && x.Method != http.MethodHead {
		return reject(notImplemented, "%s of this resource is not modeled by the XML API.", x.Method)
	}
	if _, err := s.store.bucket(x.bucket); err != nil {
		return err
	}
	if err := s.allow(x.caller, listObjects, bucketResource(x.bucket)); err != nil {
		return err
	}
	if x.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	l, err := x.listing()
	if err != nil {
		return err
	}
	p, err := s.store.list(l)
	if err != nil {
		return err
	}
	writeXML(w, http.StatusOK, listResultOf(l, p))
	return nil
}

func (x xmlRequest) listing() (listing, error) {
	q := x.URL.Query()
	limit := maxPage
	if text := q.Get("max-keys"); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 {
			return listing{}, reject(invalidArgument, "Invalid value: %q.", text).about("max-keys")
		}
		limit = min(size, maxPage)
	}
	after := max(q.Get("marker"), q.Get("start-after"), q.Get("continuation-token"))
	return listing{bucket: x.bucket, prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), after: after, limit: limit}, nil
}

func listResultOf(l listing, p page) listResult {
	result := listResult{
		Name: l.bucket, Prefix: l.prefix, Delimiter: l.delimiter,
		KeyCount: len(p.objects) + len(p.prefixes), IsTruncated: p.next != "", NextMarker: p.next, NextToken: p.next,
	}
	for _, o := range p.objects {
		result.Contents = append(result.Contents, listedItem{Key: o.Name, Generation: o.Generation, MetaGeneration: o.Metageneration, LastModified: rfc3339(o.Updated), ETag: o.xmlETag(), Size: o.Size})
	}
	for _, prefix := range p.prefixes {
		result.Prefixes = append(result.Prefixes, commonItem{prefix})
	}
	return result
}
