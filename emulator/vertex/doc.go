// Package vertex is the embedded Vertex AI: generateContent and streamGenerateContent of
// publishers/google/models, as REST with server-sent events. Google's own client
// (google.golang.org/genai with the Vertex backend) uses it unchanged.
//
//	curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
//	  -d '{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}' \
//	  http://127.0.0.1:PORT/v1/projects/P/locations/europe-west3/publishers/google/models/M:generateContent
//
// There is no model. The answer says that, and follows from the request alone: the same
// request has the same answer. Respond replaces the answers of a project, and makes them
// fail, stall, refuse or break.
//
// Requests records what arrived, byte by byte, with its caller. The permission
// aiplatform.endpoints.predict on projects/P is required.
//
// # Differences from Google
//
//   - Any model name is served.
//   - A token of text is four bytes.
//   - Only the fields of a request that are modeled are accepted: contents and a system
//     instruction with texts, and a few numbers of the generation config. Tools,
//     grounding, caches, schemas and media are rejected with INVALID_ARGUMENT.
//   - Quotas, safety filters and abuse logging.
package vertex
