package export

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/grant"
)

// The directories of an export for the kind outputs: of the copies, and of the files
// that a reader assembles from them.
const (
	copiesDirectory    = "parts/"
	assembledDirectory = "outputs/"
)

// Checksum says which checksum of the bytes of a copy is known.
type Checksum string

// The checksums.
const (
	SHA256     Checksum = "sha256"      // the runner declared it before the upload; Cloud Storage computes none
	CRC32COnly Checksum = "crc32c-only" // the runner declared none, so a deliberate change is not detected
)

// NewCopy returns the file that is a copy of the stored object of a grant.
func NewCopy(g grant.Grant, c Copy) File {
	f := File{Name: copiesDirectory + g.Object().Name(), Size: g.Stored.Size, CRC32C: g.Stored.CRC32C, Copied: &c}
	f.SHA256, _ = hex.DecodeString(g.Declared.SHA256) // it was parsed when it was declared
	return f
}

// Object returns the object that the file is a copy of, or false if it is no copy.
func (f File) Object() (grant.Object, bool) {
	name, ok := strings.CutPrefix(f.Name, copiesDirectory)
	if !ok || f.Copied == nil {
		return grant.Object{}, false
	}
	o, err := grant.ParseObject(name)
	return o, err == nil
}

// Checksum returns which checksum of a copy is known.
func (f File) Checksum() Checksum {
	if len(f.SHA256) == 0 {
		return CRC32COnly
	}
	return SHA256
}

// The longest name of an output that is also the name of the assembled file, and how
// much of a longer one remains. File systems limit the name of a file to 255 bytes, and
// a reader adds some while the file is not complete.
const (
	maxFileName  = 200
	keptFileName = 160
)

// AssembledPath returns the path of the file that is assembled from parts of an output
// that follow each other without a gap, in a workspace and a run. first is the number
// of the first of these parts.
//
// The last element is the name of the output. Of a name with more than 200 characters,
// it is the first 160, and 32 hexadecimal digits of the SHA-256 of the name. No output
// has an "@" in its name, so two outputs never have one path.
func AssembledPath(o grant.Object, first int) string {
	name := o.Output
	if len(name) > maxFileName {
		sum := sha256.Sum256([]byte(name))
		name = name[:keptFileName] + "@" + hex.EncodeToString(sum[:16])
	}
	path := strings.Join([]string{assembledDirectory + string(o.Workspace), string(o.Run), name}, "/")
	if first > 1 {
		path += fmt.Sprintf("@%05d", first)
	}
	return path
}
