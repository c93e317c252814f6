package uploads

import (
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/grant"
)

// conflict is why a call mints nothing: some parts are stored already, or were
// granted as something else.
type conflict struct {
	stored []storedPart
	faults []api.Fault
}

// storedPart is what the bucket holds: a runner that sent the same takes it as
// its own success.
type storedPart struct {
	Output string `json:"output"`
	Part   int    `json:"part"`
	Size   int64  `json:"size" doc:"Bytes"`
	CRC32C string `json:"crc32c"`
}

// conflictProblem is a Problem that also tells what is stored.
type conflictProblem struct {
	*api.Problem
	Stored []storedPart `json:"stored,omitempty"`
}

// renew gives part i its grant: a new one, or the old one with a new end. A
// part that cannot have one is noted as a conflict.
func (c *conflict) renew(g grant.Grant, i int, p wantedPart, now, expires time.Time) grant.Grant {
	at := fmt.Sprintf("body.parts[%d]", i)
	switch {
	case g.State == grant.Stored:
		c.stored = append(c.stored, storedPart{
			p.object.Output, p.object.Part, g.Stored.Size, crc32c.Encode(g.Stored.CRC32C),
		})
	case g.State == grant.Quarantined:
		c.faults = append(c.faults, api.Fault{Message: "an object unlike its grant is there; use another part or output", Location: at})
	case g.State == grant.Pending && now.Before(g.Expires) && !g.Declared.Same(p.declared):
		c.faults = append(c.faults, api.Fault{Message: "the part was granted with another size, CRC32C or content type", Location: at})
	case g.State == "":
		g = grant.Grant{
			Workspace: p.object.Workspace, Run: p.object.Run, Output: p.object.Output, Part: p.object.Part, Created: now,
		}
	}
	g.State, g.Declared, g.Expires = grant.Pending, p.declared, expires
	return g
}

func (c *conflict) err() error {
	if len(c.stored) == 0 && len(c.faults) == 0 {
		return nil
	}
	detail := "some parts cannot be granted; nothing was"
	if len(c.stored) > 0 {
		detail = "some parts are stored already; compare them, and ask again for the others; nothing was granted"
	}
	return &conflictProblem{api.Refuse(http.StatusConflict, detail, c.faults...), c.stored}
}
