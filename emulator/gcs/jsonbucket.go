package gcs

import (
	"net/http"
	"strings"
	"time"
)

func (s *Server) listBucketsJSON(w http.ResponseWriter, j jsonRequest) error {
	project := j.query.Get("project")
	if project == "" {
		return reject(invalidArgument, "Required parameter: project").about("project")
	}
	if err := s.allow(j.caller, listBuckets, "projects/"+project); err != nil {
		return err
	}
	all, err := s.store.buckets()
	if err != nil {
		return err
	}
	list := struct {
		Kind  string               `json:"kind"`
		Items []bucketResourceJSON `json:"items,omitempty"`
	}{Kind: "storage#buckets"}
	for _, b := range all {
		if strings.HasPrefix(b.Name, j.query.Get("prefix")) {
			list.Items = append(list.Items, bucketResourceOf(b, j.base()))
		}
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (s *Server) insertBucketJSON(w http.ResponseWriter, j jsonRequest) error {
	project := j.query.Get("project")
	if project == "" {
		return reject(invalidArgument, "Required parameter: project").about("project")
	}
	if err := s.allow(j.caller, createBucket, "projects/"+project); err != nil {
		return err
	}
	f, err := readFields(j.Body)
	if err != nil {
		return err
	}
	b := Bucket{ProjectID: project}
	if err := f.readInto("name", &b.Name); err != nil {
		return err
	}
	if err := f.readInto("location", &b.Location); err != nil {
		return err
	}
	if err := f.patchBucket(&b); err != nil {
		return err
	}
	if err := s.CreateBucket(b); err != nil {
		return err
	}
	return s.showBucket(w, j, b.Name)
}

func (s *Server) showBucket(w http.ResponseWriter, j jsonRequest, name string) error {
	b, err := s.store.bucket(name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, bucketResourceOf(b, j.base()))
	return nil
}

func (s *Server) getBucketJSON(w http.ResponseWriter, j jsonRequest) error {
	b, err := s.store.bucket(j.bucket)
	if err != nil {
		return err
	}
	if err := s.allow(j.caller, getBucket, bucketResource(j.bucket)); err != nil {
		return err
	}
	when, err := j.conditions()
	if err != nil {
		return err
	}
	if err := when.check(0, b.Metageneration, true); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, bucketResourceOf(b, j.base()))
	return nil
}

func (s *Server) getBucketLayoutJSON(w http.ResponseWriter, j jsonRequest) error {
	b, err := s.store.bucket(j.bucket)
	if err != nil {
		return err
	}
	if err := s.allow(j.caller, listObjects, bucketResource(j.bucket)); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"kind": "storage#storageLayout", "bucket": b.Name, "location": b.Location, "locationType": "region"})
	return nil
}

func (s *Server) patchBucketJSON(w http.ResponseWriter, j jsonRequest) error {
	when, err := j.conditions()
	if err != nil {
		return err
	}
	f, err := readFields(j.Body)
	if err != nil {
		return err
	}
	if _, err := s.store.bucket(j.bucket); err != nil {
		return err
	}
	if err := s.allow(j.caller, updateBucket, bucketResource(j.bucket)); err != nil {
		return err
	}
	err = s.store.update(func(t txn) error {
		b, err := t.bucket(j.bucket)
		if err != nil {
			return err
		}
		if err := when.check(0, b.Metageneration, false); err != nil {
			return err
		}
		if err := f.patchBucket(&b); err != nil {
			return err
		}
		b.Metageneration++
		b.Updated = s.config.Clock.Now().UTC()
		return t.putBucket(b)
	})
	if err != nil {
		return err
	}
	return s.showBucket(w, j, j.bucket)
}

func (s *Server) deleteBucketJSON(w http.ResponseWriter, j jsonRequest) error {
	when, err := j.conditions()
	if err != nil {
		return err
	}
	if _, err := s.store.bucket(j.bucket); err != nil {
		return err
	}
	if err := s.allow(j.caller, deleteBucket, bucketResource(j.bucket)); err != nil {
		return err
	}
	if err := s.store.deleteBucket(j.bucket, when); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// patchBucket changes the modeled settings of a bucket.
func (f fields) patchBucket(b *Bucket) error {
	if err := f.only("encryption", "iamConfiguration", "labels", "location", "retentionPolicy", "softDeletePolicy", "storageClass"); err != nil {
		return err
	}
	if err := f.patch("storageClass", &b.StorageClass); err != nil {
		return err
	}
	if err := f.patchMap("labels", &b.Labels); err != nil {
		return err
	}
	if err := f.patchPolicies(b); err != nil {
		return err
	}
	return f.patchAccess(b)
}

func (f fields) patchPolicies(b *Bucket) error {
	encryption := encryptionJSON{b.DefaultKMSKeyName}
	retention := retentionJSON{Period: int64(b.RetentionPeriod / time.Second)}
	soft := softDeleteJSON{Duration: int64(b.SoftDelete / time.Second)}
	for name, policy := range map[string]struct {
		value any
		empty func()
	}{
		"encryption":       {&encryption, func() { encryption = encryptionJSON{} }},
		"retentionPolicy":  {&retention, func() { retention = retentionJSON{} }},
		"softDeletePolicy": {&soft, func() { soft = softDeleteJSON{} }},
	} {
		if string(f[name]) == "null" {
			policy.empty()
		} else if err := f.readInto(name, policy.value); err != nil {
			return err
		}
	}
	if retention.Period < 0 || retention.Period > 3155760000 || soft.Duration < 0 {
		return reject(invalidArgument, "A retention period is 0 to 3155760000 seconds.").about("retentionPolicy")
	}
	b.DefaultKMSKeyName = encryption.DefaultKMSKeyName
	b.RetentionPeriod = time.Duration(retention.Period) * time.Second
	b.SoftDelete = time.Duration(soft.Duration) * time.Second
	return nil
}

func (f fields) patchAccess(b *Bucket) error {
	var access bucketAccessJSON
	if err := f.readInto("iamConfiguration", &access); err != nil {
		return err
	}
	if access.Uniform != nil && !access.Uniform.Enabled && b.Metageneration > 0 {
		return reject(notImplemented, "Access is always uniform here.").about("iamConfiguration")
	}
	switch access.PublicPrevention {
	case "":
	case "enforced", "inherited":
		b.PublicPrevention = access.PublicPrevention
	case "unspecified":
		b.PublicPrevention = "inherited"
	default:
		return reject(invalidArgument, "Invalid value for publicAccessPrevention.").about("publicAccessPrevention")
	}
	return nil
}
