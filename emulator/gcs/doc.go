// Package gcs is the embedded Cloud Storage: the JSON and the XML API over
// HTTP, as Google's own clients and plain HTTP clients with signed URLs speak
// them. It refuses what Google refuses, with Google's codes.
//
//	curl -X PUT -H "Content-Type: text/plain" --data-binary @file "$SIGNED_URL"
//	curl -H "Authorization: Bearer $TOKEN" "http://127.0.0.1:PORT/BUCKET/OBJECT"
//
// The files, in the order of a request: server.go routes it; signature.go and
// canonical.go verify a V4 signature; access.go finds who calls and asks IAM
// what that account may do; xml.go and json.go are the two APIs; upload.go
// takes bytes in and makes them an object in one step; download.go gives them
// out; blob.go and datakey.go encrypt them; store.go keeps the metadata;
// notification.go and outbox.go tell Pub/Sub.
//
// # What is asked of IAM
//
// storage.objects.create, get, list, delete, update on buckets/B/objects/O
// (list: on buckets/B); storage.buckets.get, update, delete on buckets/B;
// storage.buckets.create, list on projects/P. To replace an object takes
// create and delete. A missing object is 404 to who may list the bucket, and
// 403 to others.
//
// # Encryption
//
// Each object rests under a data key of its own, which the bucket's KMS key
// wraps on behalf of the service agent. KMS is asked at each write and each
// read of content, so a disabled key refuses both at once (Google needs
// minutes). Metadata stays readable.
//
// # Where it differs from Google
//
// An x-goog- header that is sent but not signed is refused with
// MalformedSecurityHeader. The lists of the JSON API leave out the checksums
// of objects under a KMS key, as Google's do. Not modelled, and refused with
// 501 NotImplemented where a request asks for it: POST forms, resumable and
// multipart uploads of the XML API, copy, rewrite, compose, versions and soft
// deleted objects, ACLs, IAM policies of buckets, holds, lifecycle, CORS,
// customer-supplied keys, HMAC keys, V2 signatures, V4 signatures in the
// Authorization header. Objects with Content-Encoding gzip are served as they
// are stored. Resumable sessions do not survive a restart.
package gcs
