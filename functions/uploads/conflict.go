package uploads

import (
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// conflict collects the parts that a call cannot be granted: parts that are
// already stored, parts that were granted with other properties, and parts that
// the run's report does not claim. A call with a conflict mints no URL.
type conflict struct {
	run    run.Run
	stored []storedPart
	faults []api.Fault
}

// storedPart is a part that the bucket already holds. A runner that sent the same
// bytes can treat the part as uploaded.
type storedPart struct {
	Output string `json:"output" class:"operational"`
	Part   int    `json:"part" class:"operational"`
	Size   int64  `json:"size" class:"operational" doc:"Bytes"`
	CRC32C string `json:"crc32c" class:"operational"`
}

// conflictProblem is a Problem that also lists the stored parts.
type conflictProblem struct {
	*api.Problem
	Stored []storedPart `json:"stored,omitempty"`
}

// renew returns the grant of part i to an identity: a new grant, or g with a new expiry.
// If the part cannot be granted, renew records why in c.
func (c *conflict) renew(g grant.Grant, i int, p requestedPart, by run.Owner, now, expires time.Time) grant.Grant {
	location := fmt.Sprintf("body.parts[%d]", i)
	switch {
	case g.State == grant.Stored:
		c.stored = append(c.stored, storedPart{
			Output: p.object.Output, Part: p.object.Part, Size: g.Stored.Size, CRC32C: crc32c.Encode(g.Stored.CRC32C),
		})
	case c.run.Sealed() && p.object.Part > c.run.End.Parts(p.object.Output):
		c.faults = append(c.faults, api.Fault{Message: "the run has ended, and its report does not claim this part; begin a new run", Location: location})
	case g.State == grant.Quarantined:
		c.faults = append(c.faults, api.Fault{Message: "an object that does not match its grant is in the bucket; use another part or output", Location: location})
	case g.State == grant.Pending && now.Before(g.Expires) && !g.Declared.Same(p.declared):
		c.faults = append(c.faults, api.Fault{Message: "the part was already granted with a different size, CRC32C, SHA-256 or content type", Location: location})
	case g.State == "":
		g = grant.Grant{
			Workspace: p.object.Workspace, Run: p.object.Run, Output: p.object.Output, Part: p.object.Part, Created: now,
		}
	}
	g.State, g.Declared, g.Expires, g.Issuer, g.Subject = grant.Pending, p.declared, expires, by.Issuer, by.Subject
	return g
}

func (c *conflict) err() error {
	if len(c.stored) == 0 && len(c.faults) == 0 {
		return nil
	}
	detail := "some parts cannot be granted; no part was granted"
	if len(c.stored) > 0 {
		detail = "some parts are already stored; compare them with yours and request the other parts again; no part was granted"
	}
	return &conflictProblem{api.Refuse(http.StatusConflict, detail, c.faults...), c.stored}
}
