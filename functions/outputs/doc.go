// Package outputs is the function that lists what a run put out and streams it
// from the tenant's bucket, part by part, through one fixed buffer.
//
// # Methods
//
//	GET /v1/workspaces/{workspace}/runs/{run}/outputs           viewer, auditor, admin
//	GET /v1/workspaces/{workspace}/runs/{run}/outputs/{output}  viewer, auditor, admin
//
// # List
//
// By name, ?pageSize=1..1000 a page, the next one with ?pageToken=nextPageToken:
//
//	{"run":{"id":"…","task":"dns-check","state":"ended","outcome":"success","exitCode":0,"start":"…","end":"…"},
//	 "outputs":[{"name":"stdout.log","contentType":"text/plain","state":"complete",
//	             "parts":2,"storedParts":2,"size":9437184,"lines":1234}],
//	 "nextPageToken":"stdout.log"}
//
// parts is what the run claims, 0 while it runs. storedParts, size and lines
// count the parts that are stored without a gap from part 1: what can be read
// now. lines is absent where the runner did not count them. state is open (more
// may come), complete (all that the run claims is there) or incomplete.
//
// # Read
//
// A response has at most 8 MiB. What is asked, and what comes:
//
//	Range: bytes=A-B    206, Content-Range: bytes a-b/size; ends early at 8 MiB: go on from b+1
//	Range: bytes=A-     the same, to the end; 416 where nothing lies at A yet: to follow, ask again
//	Range: bytes=-N     the last N bytes, the first 8 MiB of them
//	?lines=A-B          200, lines from 1, inclusive; Content-Range tells the bytes, Strongroom-Lines
//	?lines=A-           the lines; Strongroom-Truncated: true where more of them follow behind byte b
//	neither             200, all of it; 413 where that is more than 8 MiB
//
// Lines end with a newline byte; the last one may lack it. Where the runner
// counted the newlines of the parts they are the index, else the parts are read
// through. Every answer has Strongroom-Output-State, as state above; it is of
// type text/plain whatever the output is, and no browser keeps, guesses or runs
// it. A response that breaks off before its Content-Length was cut: go on with
// a Range.
//
// The read is on the audit log (outputs.read) before its first byte, and its
// end with the bytes sent (outputs.read.end) after the last.
//
// # Statuses
//
//	200, 206  as above
//	400  the range, the lines, the page token or a name is malformed, there are several
//	     ranges, or a Range and lines at once
//	401  no valid token
//	403  the role may not, the workspace is not open to it, the tenant is suspended, or
//	     its key is disabled or destroyed
//	404  the workspace has no such run, or the run no such output
//	410  the bucket does not hold the output any more
//	413  more than 8 MiB were asked for without a range; detail says how to ask
//	416  the range begins behind the end; Content-Range: bytes */size
//	422  pageSize is out of its bounds
//	503  try again
//
// Errors are application/problem+json (RFC 9457).
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT  the platform's project
//	STRONGROOM_AUDIENCE   what every token's audience begins with, as https://strongroom.dev
//	STRONGROOM_AUDIT_KEY  projects/…/cryptoKeys/…, seals the audit log
//
// # Identity
//
// roles/datastore.user on the database, roles/cloudkms.cryptoKeyEncrypterDecrypter
// on the audit key, roles/storage.objectViewer on each tenant's outputs bucket.
// No events.
//
// # Try it
//
// With go run ./emulator at work, a runner puts two lines out, and a viewer reads
// them once they are in custody:
//
//	RUNS=http://127.0.0.1:8080/v1/workspaces/prod/runs RUN=0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e12
//	token() { curl -s "http://127.0.0.1:8080/emulator/token?tenant=acme&as=$1" | grep -o 'eyJ[^"]*'; }
//	URL=$(curl -s "$RUNS/$RUN/uploads" -H "Authorization: Bearer $(token runner)" -H 'Content-Type: application/json' \
//	  -d '{"parts":[{"output":"stdout.log","part":1,"contentType":"text/plain","size":12,"lines":2}]}' | grep -o 'http://[^"]*')
//	printf 'hello\nworld\n' | curl -s -X PUT --data-binary @- -H 'content-type: text/plain' \
//	  -H 'x-goog-if-generation-match: 0' -H 'x-goog-content-length-range: 0,12' "$URL"
//	until curl -s "$RUNS/$RUN/outputs" -H "Authorization: Bearer $(token viewer)" | grep '"storedParts":1'; do sleep 1; done
//	curl -s "$RUNS/$RUN/outputs/stdout.log?lines=1-20" -H "Authorization: Bearer $(token viewer)"
//	curl -s "$RUNS/$RUN/outputs/stdout.log" -H "Authorization: Bearer $(token viewer)" -H 'Range: bytes=6-'
package outputs
