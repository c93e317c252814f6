package suite_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// bad is a request that must be rejected. Its empty fields have valid values.
type bad struct {
	method string // empty: POST
	path   string // below the address; empty: the uploads of a new run
	part   string // the one requested part, as JSON
	body   string // instead of one part
	header []string
	status int
	says   string // a substring of the problem
}

const goodPart = `{"output":"stdout.log","part":1,"contentType":"text/plain"}`

// with returns a valid part with one member changed.
func with(name, value string) string {
	members := map[string]string{"output": `"stdout.log"`, "part": "1", "contentType": `"text/plain"`}
	members[name] = value
	var all []string
	for name, value := range members {
		if value != "" {
			all = append(all, `"`+name+`":`+value)
		}
	}
	return "{" + strings.Join(all, ",") + "}"
}

func manyParts(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = with("part", fmt.Sprint(i+1))
	}
	return `{"parts":[` + strings.Join(parts, ",") + `]}`
}

func inWorkspace(w string) string { return "/v1/workspaces/" + w + "/runs/RUN/uploads" }
func ofRun(id string) string      { return "/v1/workspaces/prod/runs/" + id + "/uploads" }

const outputRule = "an output name has 1 to 400 characters"

var badRequests = map[string]bad{
	"an output's name with a slash":             {part: with("output", `"a/b"`), status: 422, says: outputRule},
	"an output's name with an escaped slash":    {part: with("output", `"a%2Fb"`), status: 422, says: outputRule},
	"an output's name with a backslash":         {part: with("output", `"a\\b"`), status: 422, says: outputRule},
	"an output named ..":                        {part: with("output", `".."`), status: 422, says: outputRule},
	"an output named .":                         {part: with("output", `"."`), status: 422, says: outputRule},
	"an output's name with a control character": {part: with("output", `"a\u0007"`), status: 422, says: outputRule},
	"an output's name with a line break":        {part: with("output", `"a\n"`), status: 422, says: outputRule},
	"an output's name with a NUL":               {part: with("output", `"a\u0000"`), status: 422, says: outputRule},
	"an output's name that is not ASCII":        {part: with("output", `"ä"`), status: 422, says: outputRule},
	"an output's name of 1,025 bytes":           {part: with("output", `"`+strings.Repeat("a", 1025)+`"`), status: 422, says: "length <= 400"},
	"an output's name of 401 bytes":             {part: with("output", `"`+strings.Repeat("a", 401)+`"`), status: 422, says: "length <= 400"},
	"an output's name in invalid UTF-8":         {part: with("output", "\"\xff\xfe\""), status: 400, says: "invalid JSON at byte"},
	"an output's name with half a surrogate":    {part: with("output", `"\ud800"`), status: 400, says: "invalid JSON at byte"},
	"an output without a name":                  {part: with("output", `""`), status: 422, says: "length >= 1"},
	"an output that is null":                    {part: with("output", `null`), status: 422, says: "body.parts[0].output"},
	"a part without an output":                  {part: with("output", ""), status: 422, says: "required property output"},

	"part 0":                         {part: with("part", "0"), status: 422, says: "number >= 1"},
	"part -1":                        {part: with("part", "-1"), status: 422, says: "number >= 1"},
	"part 100,000":                   {part: with("part", "100000"), status: 422, says: "number <= 99999"},
	"part one and a half":            {part: with("part", "1.5"), status: 422, says: "expected integer"},
	"a part's number as text":        {part: with("part", `"1"`), status: 422, says: "body.parts[0].part"},
	"a part's number beyond 64 bits": {part: with("part", "99999999999999999999"), status: 422, says: "99999"},

	"a part of 8 MiB and one byte": {part: with("size", "8388609"), status: 422, says: "number <= 8388608"},
	"a size of -1":                 {part: with("size", "-1"), status: 422, says: "number >= 0"},
	"a size that is huge":          {part: with("size", "1e300"), status: 422, says: "body.parts[0].size"},
	"-1 lines":                     {part: with("lines", "-1"), status: 422, says: "number >= 0"},
	"more lines than bytes":        {part: with("lines", "8388609"), status: 422, says: "number <= 8388608"},
	"more lines than the size":     {part: strings.Replace(with("lines", "6"), "{", `{"size":5,`, 1), status: 422, says: "more lines than bytes"},
	"a CRC32C of three bytes":      {part: with("crc32c", `"AAAA"`), status: 422, says: "base64 of four bytes"},
	"a CRC32C that is no base64":   {part: with("crc32c", `"!!!!!!!!"`), status: 422, says: "base64 of four bytes"},
	"a CRC32C with loose bits":     {part: with("crc32c", `"AAAAAB=="`), status: 422, says: "base64 of four bytes"},
	"a SHA-256 of 63 digits":       {part: with("sha256", `"`+strings.Repeat("0", 63)+`"`), status: 422, says: "64 hexadecimal digits"},
	"a SHA-256 in upper case":      {part: with("sha256", `"`+strings.Repeat("A", 64)+`"`), status: 422, says: "64 hexadecimal digits"},
	"a CRC32C in hex":              {part: with("crc32c", `"0123abcd"`), status: 422, says: "base64 of four bytes"},

	"a content type with a line break": {part: with("contentType", `"text/plain\r\nx-goog-acl:public-read"`), status: 422, says: "media type"},
	"a content type with two spaces":   {part: with("contentType", `"text/plain;  charset=utf-8"`), status: 422, says: "media type"},
	"an invalid content type":          {part: with("contentType", `"plain"`), status: 422, says: "media type"},
	"a content type of two":            {part: with("contentType", `"text/plain, text/html"`), status: 422, says: "media type"},
	"a content type that is not ASCII": {part: with("contentType", `"text/plain; a=\"ä\""`), status: 422, says: "media type"},
	"a content type of 200 bytes":      {part: with("contentType", `"text/`+strings.Repeat("a", 195)+`"`), status: 422, says: "length <= 128"},
	"a part without a content type":    {part: with("contentType", ""), status: 422, says: "required property contentType"},

	"no parts":                        {body: `{"parts":[]}`, status: 422, says: "array length >= 1"},
	"101 parts":                       {body: manyParts(101), status: 422, says: "array length <= 100"},
	"the same part twice":             {body: `{"parts":[` + goodPart + `,` + goodPart + `]}`, status: 422, says: "requested twice"},
	"one bad part among good ones":    {body: `{"parts":[` + goodPart + `,` + with("part", "0") + `]}`, status: 422, says: "body.parts[1].part"},
	"parts that are null":             {body: `{"parts":null}`, status: 422, says: "body.parts"},
	"a part that is null":             {body: `{"parts":[null]}`, status: 422, says: "body.parts[0]"},
	"parts that are no array":         {body: `{"parts":` + goodPart + `}`, status: 422, says: "expected array"},
	"a body without parts":            {body: `{}`, status: 422, says: "required property parts"},
	"a body that is an array":         {body: `[` + goodPart + `]`, status: 422, says: "expected object"},
	"a body that is null":             {body: `null`, status: 422, says: "expected object"},
	"no body":                         {body: " ", status: 400, says: "body"},
	"a body that is no JSON":          {body: `parts=1`, status: 400, says: "invalid JSON at byte 0"},
	"a body that is cut":              {body: `{"parts":[`, status: 400, says: "invalid JSON at byte"},
	"a body and something after it":   {body: `{"parts":[` + goodPart + `]} {}`, status: 400, says: "invalid JSON"},
	"an unknown name in the body":     {body: `{"parts":[` + goodPart + `],"tenant":"other"}`, status: 422, says: "body.tenant"},
	"an unknown name in a part":       {part: with("bucket", `"other"`), status: 422, says: "body.parts[0].bucket"},
	"a duplicate key in the body":     {body: `{"parts":[` + goodPart + `],"parts":[]}`, status: 400, says: "duplicate key in object"},
	"a duplicate key in a part":       {part: `{"part":1,"part":2,"output":"a","contentType":"text/plain"}`, status: 400, says: "duplicate key in object"},
	"a name in another case":          {body: `{"Parts":[` + goodPart + `]}`, status: 422, says: "body.Parts"},
	"a part's name in another case":   {part: `{"Part":1,"output":"a","contentType":"text/plain"}`, status: 422, says: "body.parts[0].Part"},
	"a body nested 17 deep":           {body: strings.Repeat(`[`, 17) + strings.Repeat(`]`, 17), status: 400, says: "nested more than 16 levels deep"},
	"a body nested 100,000 deep":      {body: strings.Repeat(`[`, 100_000), status: 400, says: "nested more than 16 levels deep"},
	"a body of 256 KiB and a byte":    {body: `{"parts":[]}` + strings.Repeat(" ", 256<<10), status: 413, says: "262144 bytes"},
	"a body of 10 MB":                 {body: `{"parts":[]}` + strings.Repeat(" ", 10<<20), status: 413, says: "262144 bytes"},
	"a body as text":                  {header: []string{"Content-Type", "text/plain"}, status: 415, says: "application/json"},
	"a body as a form":                {header: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, says: "application/json"},
	"a body in another character set": {header: []string{"Content-Type", "text/json; charset=latin1"}, status: 415, says: "application/json"},

	"a workspace with an escaped slash": {path: inWorkspace("a%2Fb"), status: 400, says: "a workspace ID has"},
	"a workspace in capitals":           {path: inWorkspace("Prod"), status: 400, says: "a workspace ID has"},
	"a workspace of 1,025 bytes":        {path: inWorkspace(strings.Repeat("a", 1025)), status: 400, says: "a workspace ID has"},
	"a workspace in invalid UTF-8":      {path: inWorkspace("%FF"), status: 400, says: "a workspace ID has"},
	"a workspace with a NUL":            {path: inWorkspace("a%00"), status: 400, says: "a workspace ID has"},
	"a workspace named ..":              {path: inWorkspace(".."), status: 400, says: "segment"},
	"a workspace named .. in escapes":   {path: inWorkspace("%2e%2e"), status: 400, says: "segment"},
	"a workspace with dots and a slash": {path: inWorkspace("..%2f..%2fother"), status: 400, says: "segment"},
	"a workspace without a name":        {path: inWorkspace(""), status: 400, says: "segment"},
	"a workspace with a double slash":   {path: inWorkspace("/prod"), status: 400, says: "segment"},
	"a workspace that does not exist":   {path: inWorkspace("absent"), status: 403, says: "you do not have access to this workspace"},
	"a run that is no UUID":             {path: ofRun("run-1"), status: 400, says: "UUIDv7"},
	"a run that is a UUIDv4":            {path: ofRun("7d444840-9dc0-41d1-b245-5ffdce74fad2"), status: 400, says: "UUIDv7"},
	"a run in capitals":                 {path: ofRun("0198C2B4-5D1E-7C3A-9F00-2A6B1C4D8E10"), status: 400, says: "UUIDv7"},
	"a run in braces":                   {path: ofRun("%7B0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10%7D"), status: 400, says: "UUIDv7"},
	"a run with an escaped slash":       {path: ofRun("a%2fb"), status: 400, says: "UUIDv7"},
	"a run that is reserved":            {path: ofRun("__all__"), status: 400, says: "UUIDv7"},
	"a run named ..":                    {path: ofRun("%2e%2e"), status: 400, says: "segment"},
	"a path with a slash at its end":    {path: ofRun("RUN") + "/", status: 400, says: "segment"},
	"a path that is unknown":            {path: "/v1/nothing", status: 404, says: "path not found"},
	"a path in another case":            {path: strings.ToUpper(inWorkspace("prod")), status: 404, says: "path not found"},
	"a path with a double slash":        {path: "/" + ofRun("RUN"), status: 400, says: "segment"},

	"the method GET":     {method: "GET", status: 405, says: "supports only POST"},
	"the method PUT":     {method: "PUT", status: 405, says: "supports only POST"},
	"the method DELETE":  {method: "DELETE", status: 405, says: "supports only POST"},
	"the method OPTIONS": {method: "OPTIONS", status: 405, says: "supports only POST"},
	"a made-up method":   {method: "MINT", status: 405, says: "supports only POST"},

	"no token":                    {header: []string{"Authorization", ""}, status: 401, says: "no bearer token"},
	"another scheme":              {header: []string{"Authorization", "Basic dTpw"}, status: 401, says: "no bearer token"},
	"an invalid token":            {header: []string{"Authorization", "Bearer x"}, status: 401, says: "JSON Web Signature"},
	"a token of 20 KB":            {header: []string{"Authorization", "Bearer " + strings.Repeat("a", 20<<10)}, status: 401, says: "JSON Web Signature"},
	"a token without a signature": {header: []string{"Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."}, status: 401, says: "RS256"},
}

func TestBadInputIsRejected(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{}) // nobody else signs in it
	tn := c.Tenant(t)
	before := writtenPaths(t, tn)
	for name, b := range badRequests {
		t.Run(name, func(t *testing.T) {
			r := b.send(t, tn)
			p := wantProblem(t, r, b.status)
			if !strings.Contains(fmt.Sprint(p), b.says) {
				t.Errorf("the response does not contain %q: %s", b.says, r.Body)
			}
			if diff := cmp.Diff(before, writtenPaths(t, tn)); diff != "" {
				t.Errorf("it wrote %s", diff)
			}
		})
	}
	if got := c.IAM.Counts().SignBlob; got != 0 {
		t.Errorf("%d signatures were made", got)
	}
	denied := 0
	for _, e := range auditEntries(t, c, tn.ID) {
		denied++
		if e.Outcome != "denied" || e.Workspace != "absent" {
			t.Errorf("on record: %v", e)
		}
	}
	if denied != 1 {
		t.Errorf("%d denials on record, want that of the workspace of nobody's", denied)
	}
}

func (b bad) send(t *testing.T, tn *cloudtest.Tenant) cloudtest.Response {
	t.Helper()
	method, path, body := b.method, b.path, b.body
	if method == "" {
		method = http.MethodPost
	}
	if path == "" {
		path = ofRun("RUN")
	}
	if b.part != "" {
		body = `{"parts":[` + b.part + `]}`
	}
	if body == "" {
		body = `{"parts":[` + goodPart + `]}`
	}
	path = strings.ReplaceAll(path, "RUN", cloudtest.NewRun(t))
	return tn.Do(t, "runner", method, path, []byte(body), b.header...)
}

// A run id belongs to one workspace of a tenant.
func TestBadInputOfAnotherWorkspacesRun(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t, "prod", "test")
	id := cloudtest.NewRun(t)
	tn.Mint(t, id, cloudtest.PartOf("stdout.log", 1, []byte(grantedText)))
	before := writtenPaths(t, tn)
	p := wantProblem(t, tn.Do(t, "runner", http.MethodPost, runPath("test", id)+"/uploads", oneUpload()), http.StatusConflict)
	if !strings.Contains(p.Detail, "create a new UUIDv7") {
		t.Errorf("it does not say what to change: %s", p.Detail)
	}
	if diff := cmp.Diff(before, writtenPaths(t, tn)); diff != "" {
		t.Errorf("it wrote %s", diff)
	}
	if got := len(auditEntries(t, tn.Cloud, tn.ID)); got != 1 {
		t.Errorf("%d entries on record, want that of the mint", got)
	}
}
