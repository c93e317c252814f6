// Package configs is the function that serves the configurations of workspaces, with git.
// A builder in the customer's network generates a tree of YAML files, somebody reviews it
// there, and the builder pushes it into the workspace's own repository. A push takes
// effect only if the review of exactly this tree exists and covers every finding.
//
// # Methods
//
//	GET  /v1/workspaces/{workspace}/config.git/info/refs?service=git-upload-pack|git-receive-pack
//	POST /v1/workspaces/{workspace}/config.git/git-upload-pack
//	POST /v1/workspaces/{workspace}/config.git/git-receive-pack
//	     git's smart HTTP protocol, versions 0 and 2 (git-scm.com/docs/http-protocol). The
//	     URL of the repository is …/config.git. The token is the password of Basic
//	     authentication, with any user name, or a Bearer token.
//	GET  /v1/workspaces/{workspace}/config
//	     the commit and the digest in effect, the number of documents of each kind, and the
//	     path, the size and the SHA-256 of each file
//	PUT  /v1/workspaces/{workspace}/config/reviews/{review}
//	     {"files": 12, "bytes": 3400,
//	      "waivers": [{"rule": "email", "reason": "the address of a team"}]}
//	     records the review of a tree. {review} is the tree's digest: shared/configtree
//	     defines it. A waiver of a secret names its path and line. The first review is kept,
//	     except that the review of a person replaces that of a pipeline. It has the same
//	     waivers if the tree is in effect
//	GET  /v1/workspaces/{workspace}/config/reviews?pageSize=50&pageToken=…
//	     the reviews, newest first, without their waivers. With push=waiting: only those whose
//	     push waits for approval. "decisions" of a push says what the caller may decide
//	GET  /v1/workspaces/{workspace}/config/reviews/{review}
//	     one review, with its waivers and the push that waits for approval
//	GET  /v1/workspaces/{workspace}/config/reviews/{review}/files
//	     what a push that waits changes: the paths, and up to 8 MiB of new texts
//	POST /v1/workspaces/{workspace}/config/reviews/{review}/approve
//	POST /v1/workspaces/{workspace}/config/reviews/{review}/reject
//	     an admin decides about a push that waits
//	GET  /v1/workspaces/{workspace}/config/files/{file}
//	     one file in effect. {file} is its SHA-256, because URLs are in logs and paths of
//	     files must not be
//	GET  /v1/workspaces/{workspace}/config/log?pageSize=20&pageToken=…
//	     the commits of main, newest first, with the digest of each tree
//	POST /v1/workspaces/{workspace}/config/reset
//	     {"commit": "…"}
//	     drops the history: main becomes one commit with the same files. {commit} must be
//	     main. The response names the only object that is used now
//
// # A push
//
// A repository has one reference, refs/heads/main, which only moves forward. A push moves
// it if all of this is true; otherwise git prints the file, the field and what to change:
//
//   - The push has at most 8 MiB, 50,000 objects of at most 2 MiB each, 10 new commits and
//     one reference. Its objects are complete in themselves, and its commits need each.
//   - Every file of every new commit is regular and valid: see shared/configtree.
//   - The tree of every new commit has a review.
//   - The review waives every finding in the tree: see shared/findings. A tree with more than
//     5,000 is refused. No message of a
//     commit has a secret. The rules of the function decide, not those of the client.
//   - main is still what the client knows.
//
// Until then, the push is in the memory of one request. The pack is then created as one
// object of the tenant's configs bucket, under the tenant's key. What the files say about
// SLXs is stored next, sealed: see shared/slx. One transaction moves main, lists the pack,
// and writes the audit entry and an event. A pack that is not listed, for example after a
// crash, is not part of the repository. The sealed parts of a commit that is not in effect
// are deleted a day later.
//
// # Approval
//
// A push waits for an admin if one of these is true (ADR 0037):
//
//   - The tenant's record holds every push.
//   - A pipeline has reviewed one of the trees, and the tenant's record does not allow it. The
//     rule of the tenant's trust that admits a token says whether it is of a pipeline.
//
// git then says "held for approval". The admin who approves has neither reviewed nor pushed
// any of it, and is no pipeline. An approval checks everything again. It is refused if main
// has moved since, or after 30 days. A push that waits is stored under the prefix _held/,
// encrypted with a key of its own. An approval or a rejection removes that key, so nobody can
// read the object any more.
//
// A fetch gets commits that main reaches, and what they reach. Packs have only objects
// that their commits reach, so a repository has no others. It has at most 48 MiB of
// objects, decompressed.
//
// # Packs
//
// A push becomes one pack together with the newest packs of the repository, as long as the
// next older one is at most twice as large as all newer ones together, and they have at most
// 8 MiB (ADR 0052). So a repository has about 30 packs at most, whatever is pushed. The
// transaction that moves main also replaces the list of packs. Replaced packs stay in the
// bucket: a reader that has read the list before needs them, and no function may delete.
//
// A clone gets the packs as they are stored. Everything else that reads objects decompresses
// all packs. The function reads packs with its own code, within limits, and each pack once.
//
// # Status
//
// Every error is application/problem+json (RFC 9457) that says what to change. A push that
// is refused for what it contains has the status 200 and git's own report.
//
//	200  the response of git, the configuration, or the review
//	400  the path or the request cannot be read
//	401  the token is missing or invalid; counted, not audited. git gets a challenge for Basic
//	     authentication
//	403  the role or the workspace is not allowed (audited), or the tenant's key is disabled
//	404  one of: no such workspace, configuration, file, review or push; main does not reach
//	     a commit
//	409  one of: the tree has a review with other values; somebody has reviewed it meanwhile; main
//	     has moved; the push does not wait any more; the history was reset
//	413  the body is larger than the limit
//	415  the body has another content type or encoding
//	422  a field is invalid, or the request is not one of git's
//	429  the caller sends more than 100 requests a second: wait as long as Retry-After says
//	500  internal error
//	503  retry after Retry-After
//
// # Roles
//
//	builder                   reviews and pushes; reads what is in effect
//	viewer, auditor, admin    read the configuration and the reviews
//	admin                     also reviews, approves, rejects and resets
//
// Reviews, pushes and reads are in the audit log first. The first request of git shows
// hashes only, and is not recorded.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       the platform's project
//	STRONGROOM_AUDIENCE        the prefix of every token's audience
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//
// # IAM
//
//	strongroom.documentWriter                     on each database: reads and writes, deletes nothing
//	roles/datastore.viewer                        on the directory
//	roles/cloudkms.cryptoKeyEncrypter             on the audit key
//	roles/cloudkms.cryptoKeyEncrypterDecrypter    on each tenant's key, for the reasons of waivers, and the keys of pushes that wait
//	roles/storage.objectCreator                   on each tenant's configs bucket
//	roles/storage.legacyObjectReader              on each tenant's configs bucket
//	roles/pubsub.publisher                        on config-events
//
// # Events
//
// It receives no events. The transaction of a push writes an event to the outbox, which is
// published to config-events at least once. It has no data. Its attributes are tenant,
// workspace, kind (config.moved) and entry. functions/configgraph receives it.
//
// # Try it
//
// While go run ./emulator runs, show which references a repository offers to a push:
//
//	API=http://127.0.0.1:8080
//	token=$(curl -s "$API/emulator/token?tenant=acme&as=builder" | grep -o 'eyJ[^"]*')
//	curl -s "$API/v1/workspaces/prod/config.git/info/refs?service=git-receive-pack" -u "token:$token" | tr '\0' ' '
//
// A workspace without a configuration is refused with a 404:
//
//	API=http://127.0.0.1:8080
//	token=$(curl -s "$API/emulator/token?tenant=acme&as=builder" | grep -o 'eyJ[^"]*')
//	curl -s "$API/v1/workspaces/prod/config" -H "Authorization: Bearer $token"
package configs
