// Package grant defines the permission to write one part of an output: which
// object may be written, until when, and the state of that object.
package grant

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Limits of a part. The platform limits a response to about 10 MB, so that one
// response can carry a part of 8 MiB: cloud.google.com/functions/quotas.
const (
	MaxPartBytes = 8 << 20
	MaxPart      = 99_999
)

// Object identifies one part of one output. Its object in the tenant's bucket is
// named {workspace}/{run}/{output}/{part:05d}.
type Object struct {
	Workspace tenant.WorkspaceID
	Run       run.ID
	Output    string
	Part      int // from 1
}

// ErrObject is the error of a name that is not that of a part.
var ErrObject = errors.New("the object name is not workspace/run/output/part")

// Name is the object's name in its bucket.
func (o Object) Name() string {
	return fmt.Sprintf("%s/%s/%s/%05d", o.Workspace, o.Run, o.Output, o.Part)
}

// ID is the document ID of the object's grant. An object never has a second grant.
func (o Object) ID() string {
	sum := sha256.Sum256([]byte(o.Name()))
	return hex.EncodeToString(sum[:16])
}

// ParseObject is the inverse of Name. It accepts exactly the names that Name
// returns. Every error is ErrObject.
func ParseObject(name string) (Object, error) {
	elements := strings.Split(name, "/")
	if len(elements) != 4 || len(elements[3]) != 5 {
		return Object{}, ErrObject
	}
	w, errWorkspace := tenant.ParseWorkspaceID(elements[0])
	id, errRun := run.ParseID(elements[1])
	errOutput := outputname.Check(elements[2])
	part, errPart := strconv.ParseUint(elements[3], 10, 32)
	if errors.Join(errWorkspace, errRun, errOutput, errPart) != nil || part == 0 {
		return Object{}, ErrObject
	}
	return Object{Workspace: w, Run: id, Output: elements[2], Part: int(part)}, nil
}
