// Package gcs is the embedded Cloud Storage: the JSON API and the XML API over HTTP,
// for Google's own clients and for plain HTTP clients with signed URLs. It rejects
// what Google rejects, with Google's codes.
//
//	curl -X PUT -H "Content-Type: text/plain" --data-binary @file "$SIGNED_URL"
//	curl -H "Authorization: Bearer $TOKEN" "http://127.0.0.1:PORT/BUCKET/OBJECT"
//
// The files, in the order in which a request uses them:
//
//   - server.go routes the request.
//   - signature.go and canonical.go verify a V4 signature.
//   - access.go identifies the caller and asks IAM for permissions.
//   - xml.go and json.go are the two APIs.
//   - upload.go receives bytes and turns them into an object in one step.
//   - rewrite.go copies objects.
//   - download.go sends objects.
//   - blob.go and datakey.go encrypt and decrypt the bytes.
//   - store.go stores the metadata.
//   - notification.go and outbox.go publish notifications to Pub/Sub.
//
// # Permissions
//
//   - storage.objects.create, get, delete and update on buckets/B/objects/O
//   - storage.objects.list on buckets/B
//   - storage.buckets.get, update and delete on buckets/B
//   - storage.buckets.create and list on projects/P
//
// Replacing an object requires create and delete. Copying one requires get on the
// source. A missing object is 404 for callers
// who may list the bucket and 403 for others.
//
// # Encryption
//
// Each object is encrypted under its own data key, which the bucket's KMS key wraps
// on behalf of the service agent. Each write and each read of content calls KMS, so
// both fail as soon as the key is disabled (at Google, within minutes). Metadata
// remains readable.
//
// # Differences from Google
//
//   - An x-goog- header that is sent but not signed is rejected with
//     MalformedSecurityHeader.
//   - Objects with Content-Encoding gzip are served as they are stored.
//   - Resumable sessions and rewrite tokens do not survive a restart.
//   - A call of a rewrite copies Config.RewriteBytes unless the request has
//     maxBytesRewrittenPerCall. Both have no effect if source and destination have the
//     same location, storage class and key. A token is not valid after its source was
//     replaced.
//   - Lists of the JSON API omit the checksums of objects under a KMS key. Google's
//     do too.
//
// The following are not modeled, and requests for them return 501 NotImplemented:
// POST forms, resumable and multipart uploads of the XML API, copies of the XML API, compose,
// versions and soft-deleted objects, ACLs, IAM policies of buckets, event-based holds, lifecycle,
// CORS, customer-supplied keys, HMAC keys, V2 signatures, and V4 signatures in the
// Authorization header.
package gcs
