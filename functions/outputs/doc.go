// Package outputs is the function that lists the outputs of a run and streams them
// from the tenant's bucket. It reads part by part through one fixed buffer, and opens up to
// 64 of the next parts, of 1 MiB together, while it sends.
//
// # Methods
//
//	GET /v1/workspaces/{workspace}/runs/{run}/outputs           viewer, auditor, admin
//	GET /v1/workspaces/{workspace}/runs/{run}/outputs/{output}  viewer, auditor, admin
//	POST …/outputs/{output}/views                               viewer, auditor, admin
//	POST …/outputs/{output}/views/close                         viewer, auditor, admin
//	POST …/outputs/{output}/search                              viewer, auditor, admin
//
// # List
//
// The list is sorted by name. pageSize is the number of outputs on a page (1 to
// 1000, default 1000). To get the next page, set pageToken to nextPageToken:
//
//	{"run":{"id":"…","task":"dns-check","state":"ended","outcome":"success","exitCode":0,"start":"…","end":"…"},
//	 "outputs":[{"name":"a~20b.log","fileName":"a b.log","contentType":"text/plain","state":"complete",
//	             "parts":2,"storedParts":2,"size":9437184,"lines":1234,"linesVerified":true}],
//	 "nextPageToken":"…"}
//
//	name         identifies the output
//	fileName     for people: the name of the file, as it was on the runner; see shared/outputname
//	parts        number of parts that the run claims; 0 while it runs, and if the output is empty
//	storedParts  number of parts stored from part 1 up to the first gap: what can be read now
//	size         bytes in the stored parts
//	lines        newline bytes in the stored parts; absent if they are neither declared nor counted
//	state        open: more parts may arrive
//	             complete: every part that the run claims is stored, or the run claims that the output is empty
//	             incomplete: the run has ended, and parts are missing; or the run is lost
//	             unclaimed: the run has ended, and its report does not claim the output
//
// A runner can declare a wrong number of lines. Two fields say whether lines is
// reliable:
//
//	linesVerified  the platform counted the lines of every stored part; false: some numbers are
//	               only declared
//	linesDiffer    the platform counted another number for a part than the runner declared
//
// The report seals the run. What was stored beyond it is not output, and the list
// shows it separately:
//
//	unclaimedParts  number of stored parts that the report does not claim
//	unclaimedSize   bytes in these parts
//
// # Read
//
// A response has at most 8 MiB.
//
//	request             response
//	Range: bytes=A-B    206 with Content-Range: bytes a-b/size. If it stops at 8 MiB, continue at b+1
//	Range: bytes=A-     the same, to the end. 416 if there is no byte at A yet; to follow the output,
//	                    repeat the request
//	Range: bytes=-N     206 with the last N bytes, or the first 8 MiB of them
//	?lines=A-B          200 with lines A to B; lines count from 1, and both ends are inclusive
//	?lines=A-           200 with all lines from A
//	neither             200 with the whole output. 413 if it is larger than 8 MiB
//	?unclaimed=true     the stored parts that the report does not claim, in order, instead of the
//	                    output; with any of the above
//
// A response to ?lines also has these headers:
//
//	Content-Range            the bytes that the lines occupy: bytes a-b/size
//	Strongroom-Lines         the lines in the response
//	Strongroom-Truncated     true if more of the requested lines follow after byte b
//	Strongroom-Lines-Differ  true if the runner declared a wrong number of lines for a part
//
// A line ends with a newline byte; the last line may lack it. Only the newlines that
// the platform itself counted in a part are an index. Other parts are read through,
// and their counts are stored. One request searches at most 64 MiB or 200 parts for
// its first line. If the line is after them, the response is 202 without a body, and
// with the header Strongroom-Continue. Repeat the request with continue set to its
// value.
//
// Every response has the header Strongroom-Output-State with the state from the list.
// The content type is always text/plain, and headers tell browsers not to cache the
// response, guess its type or run it. A browser that stores it uses the last element of
// fileName, without characters that some system forbids. If a response ends before its Content-Length, it
// was aborted: continue with a Range.
//
// A request for bytes after the end, and the renewal of a view, note on a running run that it
// is followed for the next 2 minutes, so that its runner uploads what is new within seconds.
// The run is written at most once a minute for that.
//
// Each read has two audit entries: outputs.read before the first byte leaves (the bucket
// opens the first part meanwhile, see infra/adr/0065), and outputs.read.end after the last. The second one has these counts:
//
//	bytes      bytes sent
//	offset     offset of the first of them in the output
//	scanned    bytes that were searched for newlines
//	unclaimed  number of unclaimed parts, if they were read
//
// # Views
//
// A client that reads an output in many requests opens a view first. The reads under
// it write no audit entries of their own.
//
//	POST …/views {}               the token of a new view, its end, and the sizes and line counts of the parts
//	POST …/views {"view":"…"}     the same view with a newer index; it keeps its end
//	GET …/{output}                with the header Strongroom-View: a read under the view
//	POST …/search                 a search under the view
//	POST …/views/close            ends the view
//
// The token is valid for 2 hours, for the identity that opened the view, and for its run
// and output. A view shows the parts that were stored when its index was made.
//
// Each request under a view checks the following, so a view serves nothing to somebody who
// lost access. The run is not read again.
//
//	the bearer token, its issuer's keys and the tenant's rules  at most as old as for any other request
//	the tenant is active                                        its record is at most a minute old
//	a viewer is a member of the workspace                       one document for each request
//	the view's token, its reader, run, output and end           no document
//	the view is open                                            one document for each 64 MiB
//	the tenant's key                                            the bucket decides for each part
//
// An instance caches the documents of the index that it needs, so a request usually reads
// none of them. The cache has at most 300,000 parts, which are positions and no output.
// Reading through 5 GiB in ranges of 8 MiB reads about 80 documents, and a viewer's
// membership 640 times. The first view of an output reads one document for each part, and so
// does each view that opens while uploads are not final. Renewing a view of a run that has no report yet reads only the grants
// of new parts. See infra/adr/0049-the-output-viewer.md.
//
// The audit log has outputs.read when the view opens, and outputs.read.end when it ends.
// The function sweep ends a view that nobody closed. The end has these counts:
//
//	bytes     bytes sent and searched, when each instance of the function last wrote them
//	reserved  a bound that is never exceeded: each instance reserves 64 MiB in the document
//	          of the view before it sends them
//
// Once the uploads of a run are final, the index of an output is stored in documents of
// 10,000 parts each, and opening a view reads only these. A read without a view of an
// output of 64 or more parts does so, too: it reads the membership, the run, two grants and
// the documents.
//
// # Search
//
// A search finds a text or an RE2 pattern within lines:
//
//	{"view":"…","text":"timeout","ignoreCase":true}
//	{"view":"…","pattern":"HTTP/1.1\" 5[0-9][0-9]"}
//
// The response is a stream of JSON lines: the matches in order, and a last line that says
// how far the search got.
//
//	{"offset":1042,"length":7,"line":20,"column":13,"text":"dial tcp: i/o timeout"}
//	{"end":false,"searchedTo":67108864,"size":9000000000,"continue":"…"}
//
// One request searches at most 64 MiB, and returns at most about 10,000 matches or 4 MiB,
// whichever is first. If end is false, repeat the request with continue. A line of more than
// 256 KiB is searched in pieces of that length, so a match across two of them is not found.
// At most 1000 matches of a line or a piece are returned.
//
// If custody found that notifications of a part contradict each other, the part is
// disputed. The read then asks the bucket which object exists. If it matches its
// grant, it replaces the recorded one, which custody.adopt records in the audit log.
//
// # Status
//
//	200, 202, 206  see above
//	400  a range, lines, continue, page token or name is malformed, there are several ranges, or
//	     the request has both Range and lines
//	401  no valid token
//	403  the role or the workspace does not allow the request, the tenant is suspended,
//	     or its key is disabled or destroyed; or the owner of the run's bucket has withdrawn the
//	     access (storage-unavailable): the audit entry of the end of the read has this reason
//	404  the workspace has no such run, the run no such output, or its report does not claim it
//	410  the bucket no longer holds the output, or holds another object; or the view has ended
//	413  the output is larger than 8 MiB and the request has no range; detail shows a range
//	416  the range starts after the end; Content-Range: bytes */size
//	422  pageSize is out of range, or the text or pattern of a search is not valid
//	429  the caller sends more than 100 requests a second, or the tenant's quota of requests in a
//	     minute is used up (quota-exceeded): wait as long as Retry-After says
//	503  try again
//
// Errors are application/problem+json (RFC 9457).
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT       the platform's project
//	STRONGROOM_AUDIENCE        the prefix of every token's audience, such as https://strongroom.dev
//	STRONGROOM_AUDIT_KEY       projects/…/cryptoKeys/… that encrypts the audit log
//	STRONGROOM_PAGE_TOKEN_KEY  the key that authenticates page tokens, the same in all instances
//
// # IAM
//
//	strongroom.documentWriter                   on each database: reads and writes, deletes nothing
//	roles/datastore.viewer                      on the directory
//	roles/cloudkms.cryptoKeyEncrypter           on the audit key
//	roles/storage.legacyObjectReader            on each tenant's outputs bucket: gets objects, lists none
//
// # Events
//
// It receives and publishes no events.
//
// # Try it
//
// While go run ./emulator runs, a runner uploads two lines, and a viewer reads them
// once they are in custody:
//
//	RUNS=http://127.0.0.1:8080/v1/workspaces/prod/runs RUN=0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e14
//	token() { curl -s "http://127.0.0.1:8080/emulator/token?tenant=acme&as=$1" | grep -o 'eyJ[^"]*'; }
//	URL=$(curl -s "$RUNS/$RUN/uploads" -H "Authorization: Bearer $(token runner)" -H 'Content-Type: application/json' \
//	  -d '{"parts":[{"output":"stdout.log","part":1,"contentType":"text/plain","size":12,"lines":2}]}' | grep -o 'http://[^"]*')
//	printf 'hello\nworld\n' | curl -s -X PUT --data-binary @- -H 'content-type: text/plain' \
//	  -H 'x-goog-if-generation-match: 0' -H 'x-goog-content-length-range: 0,12' "$URL"
//	until curl -s "$RUNS/$RUN/outputs" -H "Authorization: Bearer $(token viewer)" | grep '"storedParts":1'; do sleep 1; done
//	curl -s "$RUNS/$RUN/outputs/stdout.log?lines=1-20" -H "Authorization: Bearer $(token viewer)"
//	curl -s "$RUNS/$RUN/outputs/stdout.log" -H "Authorization: Bearer $(token viewer)" -H 'Range: bytes=6-'
package outputs
