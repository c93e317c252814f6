package uploads

import (
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

type mintRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
	Body      struct {
		Parts []partRequest `json:"parts" minItems:"1" maxItems:"100" doc:"The parts to upload"`
	}
}

type partRequest struct {
	Output      string `json:"output" class:"operational" minLength:"1" maxLength:"400" doc:"Name of the output" example:"stdout.log"`
	Part        int    `json:"part" class:"operational" minimum:"1" maximum:"99999" doc:"Part number, starting at 1"`
	ContentType string `json:"contentType" class:"operational" minLength:"3" maxLength:"128" doc:"Exact media type" example:"text/plain; charset=utf-8"`
	Size        *int64 `json:"size,omitempty" class:"operational" minimum:"0" maximum:"8388608" doc:"Size in bytes, at most 8 MiB; the bucket rejects larger parts"`
	CRC32C      string `json:"crc32c,omitempty" class:"operational" maxLength:"8" doc:"Base64 of the big-endian CRC32C; the bucket rejects other content"`
	SHA256      string `json:"sha256,omitempty" class:"metadata" maxLength:"64" doc:"SHA-256 of the part, 64 hexadecimal digits in lower case; exports are verified with it"`
	Lines       *int64 `json:"lines,omitempty" class:"operational" minimum:"0" maximum:"8388608" doc:"Newline bytes in the part; makes reading by line faster"`
}

type mintResponse struct {
	Body struct {
		Parts []partResponse `json:"parts" doc:"One element per requested part, in the same order"`

		FollowedSeconds int `json:"followedSeconds,omitempty" class:"operational" doc:"Somebody follows an output of the run, and does so for this many seconds at least: upload what the task writes soon. Absent if nobody does"`
	}
}

type partResponse struct {
	Output  string            `json:"output" class:"operational"`
	Part    int               `json:"part" class:"operational"`
	Method  string            `json:"method" class:"operational" doc:"Always PUT"`
	URL     string            `json:"url" class:"secret" doc:"Secret: whoever has it can create this object, once"`
	Headers map[string]string `json:"headers" class:"operational" doc:"Send exactly these headers"`
	Expires time.Time         `json:"expires" class:"operational" doc:"Request a new URL after this time"`
}

// parsedRequest is a valid request: the run, and the object and declaration of
// each part.
type parsedRequest struct {
	run   run.ID
	parts []requestedPart
}

type requestedPart struct {
	object   grant.Object
	declared grant.Declared
}

// parse checks what struct tags cannot express. The error lists all faults.
func (r *mintRequest) parse(w tenant.WorkspaceID) (parsedRequest, error) {
	id, err := run.ParseID(r.Run)
	if err != nil {
		return parsedRequest{}, api.Refuse(http.StatusBadRequest, err.Error())
	}
	var faults []api.Fault
	seen := map[grant.Object]bool{}
	parsed := parsedRequest{run: id}
	for i, p := range r.Body.Parts {
		location := fmt.Sprintf("body.parts[%d]", i)
		part := requestedPart{object: grant.Object{Workspace: w, Run: id, Output: p.Output, Part: p.Part}}
		var partFaults []api.Fault
		part.declared, partFaults = p.declaration(location)
		faults = append(faults, partFaults...)
		if seen[part.object] {
			faults = append(faults, api.Fault{Message: "the part is requested twice", Location: location})
		}
		seen[part.object] = true
		parsed.parts = append(parsed.parts, part)
	}
	if len(faults) > 0 {
		return parsedRequest{}, api.Refuse(http.StatusUnprocessableEntity, "some parts are invalid; correct the fields listed in errors", faults...)
	}
	return parsed, nil
}

func (p partRequest) declaration(location string) (grant.Declared, []api.Fault) {
	var faults []api.Fault
	if err := outputname.Check(p.Output); err != nil {
		faults = append(faults, api.Fault{Message: err.Error(), Location: location + ".output"})
	}
	d := grant.Declared{ContentType: p.ContentType, Size: p.Size, SHA256: p.SHA256, Lines: p.Lines}
	if !isMediaType(p.ContentType) {
		faults = append(faults, api.Fault{Message: "not a media type such as text/plain; charset=utf-8, in visible ASCII with single spaces", Location: location + ".contentType"})
	}
	if p.Lines != nil && *p.Lines > d.MaxBytes() {
		faults = append(faults, api.Fault{Message: "there are more lines than bytes", Location: location + ".lines"})
	}
	if p.SHA256 != "" && !grant.ValidSHA256(p.SHA256) {
		faults = append(faults, api.Fault{Message: "a SHA-256 is 64 hexadecimal digits in lower case", Location: location + ".sha256"})
	}
	if p.CRC32C != "" {
		sum, err := crc32c.Decode(p.CRC32C)
		if err != nil {
			faults = append(faults, api.Fault{Message: err.Error(), Location: location + ".crc32c"})
		}
		d.CRC32C = &sum
	}
	return d, faults
}

// isMediaType reports whether s is a media type that a header carries unchanged.
func isMediaType(s string) bool {
	parsed, _, err := mime.ParseMediaType(s)
	return err == nil && strings.Contains(parsed, "/") && signedurl.PlainHeader(s)
}
