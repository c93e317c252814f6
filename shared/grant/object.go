// Package grant is the record of one part's permission to be written: what
// may be put where, until when, and what became of it.
package grant

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Limits of a part. A response of the platform ends near 10 MB, so a part of
// 8 MiB can be viewed in one.
const (
	MaxPartBytes = 8 << 20
	MaxPart      = 99_999
)

// Object names one part of one output: the object of a tenant's bucket that
// is called {workspace}/{run}/{output}/{part:05d}.
type Object struct {
	Workspace tenant.WorkspaceID
	Run       run.ID
	Output    string
	Part      int // from 1
}

var outputName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$`)

// The faults of names.
var (
	ErrOutputName = errors.New("an output is named by 1 to 200 of A-Z, a-z, 0-9, dot, underscore and hyphen, and begins with none of dot and hyphen")
	ErrPart       = errors.New("parts are numbered from 1 to 99999")
	ErrObject     = errors.New("no part's object is named so")
)

// CheckOutput accepts an output's name.
func CheckOutput(name string) error {
	if !outputName.MatchString(name) {
		return ErrOutputName
	}
	return nil
}

// Name is the object's name in its bucket.
func (o Object) Name() string {
	return fmt.Sprintf("%s/%s/%s/%05d", o.Workspace, o.Run, o.Output, o.Part)
}

// ID is the name of the object's grant: an object has one grant for ever.
func (o Object) ID() string {
	sum := sha256.Sum256([]byte(o.Name()))
	return hex.EncodeToString(sum[:16])
}

// ParseObject is the inverse of Name. It accepts what Name gives and no more.
func ParseObject(name string) (Object, error) {
	elements := strings.Split(name, "/")
	if len(elements) != 4 || len(elements[3]) != 5 {
		return Object{}, ErrObject
	}
	w, errWorkspace := tenant.ParseWorkspaceID(elements[0])
	id, errRun := run.ParseID(elements[1])
	errOutput := CheckOutput(elements[2])
	part, errPart := strconv.ParseUint(elements[3], 10, 32)
	if errors.Join(errWorkspace, errRun, errOutput, errPart) != nil || part == 0 {
		return Object{}, ErrObject
	}
	return Object{w, id, elements[2], int(part)}, nil
}
