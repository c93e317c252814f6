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
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

type mintRequest struct {
	Workspace string `path:"workspace"`
	Run       string `path:"run"`
	Body      struct {
		Parts []partRequest `json:"parts" minItems:"1" maxItems:"100" doc:"The parts to be written"`
	}
}

type partRequest struct {
	Output      string `json:"output" minLength:"1" maxLength:"200" doc:"Name of the output" example:"stdout.log"`
	Part        int    `json:"part" minimum:"1" maximum:"99999" doc:"Number of the part, from 1"`
	ContentType string `json:"contentType" minLength:"3" maxLength:"128" doc:"Exact media type" example:"text/plain; charset=utf-8"`
	Size        *int64 `json:"size,omitempty" minimum:"0" maximum:"8388608" doc:"Bytes, at most 8 MiB; the bucket takes no more"`
	CRC32C      string `json:"crc32c,omitempty" maxLength:"8" doc:"Base64 of the big-endian CRC32C; the bucket takes nothing else"`
	Lines       *int64 `json:"lines,omitempty" minimum:"0" maximum:"8388608" doc:"Newline bytes in the part: lets it be viewed by lines"`
}

type mintResponse struct {
	Body struct {
		Parts []partResponse `json:"parts" doc:"As asked for, in the same order"`
	}
}

type partResponse struct {
	Output  string            `json:"output"`
	Part    int               `json:"part"`
	Method  string            `json:"method" doc:"Always PUT"`
	URL     string            `json:"url" doc:"A secret: it writes this one object, once"`
	Headers map[string]string `json:"headers" doc:"Send exactly these"`
	Expires time.Time         `json:"expires" doc:"Ask again after this"`
}

// wanted is a valid request: the run, and per part its object and what is
// declared of it.
type wanted struct {
	run   run.ID
	parts []wantedPart
}

type wantedPart struct {
	object   grant.Object
	declared grant.Declared
}

// parse checks what tags cannot say.
func (r *mintRequest) parse(w tenant.WorkspaceID) (wanted, error) {
	id, err := run.ParseID(r.Run)
	if err != nil {
		return wanted{}, api.Refuse(http.StatusBadRequest, err.Error())
	}
	var faults []api.Fault
	seen := map[grant.Object]bool{}
	all := wanted{run: id}
	for i, p := range r.Body.Parts {
		at := fmt.Sprintf("body.parts[%d]", i)
		part := wantedPart{object: grant.Object{Workspace: w, Run: id, Output: p.Output, Part: p.Part}}
		var found []api.Fault
		part.declared, found = p.declared(at)
		faults = append(faults, found...)
		if seen[part.object] {
			faults = append(faults, api.Fault{Message: "the part is asked for twice", Location: at})
		}
		seen[part.object] = true
		all.parts = append(all.parts, part)
	}
	if len(faults) > 0 {
		return wanted{}, api.Refuse(http.StatusUnprocessableEntity, "some parts cannot be written as asked", faults...)
	}
	return all, nil
}

func (p partRequest) declared(at string) (grant.Declared, []api.Fault) {
	var faults []api.Fault
	if err := grant.CheckOutput(p.Output); err != nil {
		faults = append(faults, api.Fault{Message: err.Error(), Location: at + ".output"})
	}
	d := grant.Declared{ContentType: p.ContentType, Size: p.Size, Lines: p.Lines}
	if !mediaType(p.ContentType) {
		faults = append(faults, api.Fault{Message: "this is no media type, as text/plain; charset=utf-8, of visible ASCII and single spaces", Location: at + ".contentType"})
	}
	if p.Lines != nil && *p.Lines > d.MaxBytes() {
		faults = append(faults, api.Fault{Message: "there are more lines than bytes", Location: at + ".lines"})
	}
	if p.CRC32C != "" {
		sum, err := crc32c.Decode(p.CRC32C)
		if err != nil {
			faults = append(faults, api.Fault{Message: err.Error(), Location: at + ".crc32c"})
		}
		d.CRC32C = &sum
	}
	return d, faults
}

// mediaType reports whether s is type/subtype, as a header carries it unchanged.
func mediaType(s string) bool {
	parsed, _, err := mime.ParseMediaType(s)
	return err == nil && strings.Contains(parsed, "/") && signedurl.PlainHeader(s)
}
