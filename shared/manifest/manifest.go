package manifest

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Format is the format of manifests of this package.
const Format = "strongroom-export/v1"

// MaxSize is the most bytes of a manifest. A list of up to 50,000 files takes about
// 300 bytes of it.
const MaxSize = 16 << 20

// The prefixes and endings of the names of files.
const (
	namePrefix = "manifest-"
	jsonEnding = ".json"
	noteEnding = ".note"
	Schemas    = "schemas/"
	Lists      = "lists/"
	Parts      = "parts/"         // copies of parts of outputs
	Outputs    = "outputs/"       // outputs that pull assembled from their parts
	Bundles    = "bundles/"       // git bundles of configurations
	Configs    = "configuration/" // git bundles of configurations, as pull stores them
)

// Manifest says what an export consists of.
type Manifest struct {
	Format     string    `json:"format"`
	Tenant     string    `json:"tenant"`
	Export     string    `json:"export"` // ID
	Kinds      []string  `json:"kinds"`
	Workspaces []string  `json:"workspaces,omitempty"` // empty: all
	From       time.Time `json:"from,omitzero"`        // documents that were last written before it are left out; zero: none is
	ReadTime   time.Time `json:"readTime"`             // the documents are as they were at this time
	Finished   time.Time `json:"finished"`
	Files      []File    `json:"files"`  // schemas
	Lists      []File    `json:"lists"`  // each names files; Rows is their sum
	Proves     Proves    `json:"proves"` // what the checksums prove
	Log        Log       `json:"log"`
}

// File is a file of the export.
type File struct {
	Name   string `json:"name"`   // relative to the manifest
	Size   int64  `json:"size"`   // bytes
	CRC32C string `json:"crc32c"` // base64 of the big-endian checksum, as Cloud Storage shows it
	Rows   int64  `json:"rows"`   // of a table; otherwise 0

	// SHA256 has 64 hexadecimal digits. It is empty only if Part.Checksum is CRC32COnly.
	SHA256 string `json:"sha256,omitempty"`

	// Part is set if the file is a copy of a part of an output.
	Part *Part `json:"part,omitempty"`

	// Bundle is set if the file is the git bundle of a configuration.
	Bundle *Bundle `json:"bundle,omitempty"`
}

// Checksum says which checksum of the bytes of a part is known.
type Checksum string

// The checksums.
const (
	SHA256     Checksum = "sha256"      // the runner declared it before the upload; Cloud Storage computes none
	CRC32COnly Checksum = "crc32c-only" // the runner declared none, so a deliberate change is not detected
)

// Part is a part of an output of a run. The file is a copy of it.
type Part struct {
	Workspace  string   `json:"workspace"`
	Run        string   `json:"run"`
	Output     string   `json:"output"`
	Part       int      `json:"part"`       // from 1
	Generation int64    `json:"generation"` // of the object in the outputs bucket
	Checksum   Checksum `json:"checksum"`

	// Path is the file that pull assembles from this part and its neighbors, relative
	// to the manifest. Offset is where the part begins in it, in bytes.
	Path   string `json:"path"`
	Offset int64  `json:"offset"`
}

// Proves says in words what each checksum of the export proves.
type Proves struct {
	SHA256 string `json:"sha256"`
	CRC32C string `json:"crc32c"`
}

// Proof is the Proves of every manifest.
var Proof = Proves{
	SHA256: "detects every change, also a deliberate one; for a part of an output, it is the SHA-256 that the runner declared before the upload",
	CRC32C: "detects accidents, but not deliberate changes; nothing else is known of a part of an output that is marked crc32c-only",
}

// Log connects the export to the tenant's audit log.
type Log struct {
	// Size is how many entries the log had when the export was finished. The table
	// audit has the entries from Begin on, and before End.
	Size  int64 `json:"size"`
	Begin int64 `json:"begin"`
	End   int64 `json:"end"`
	// Entry is the audit entry that records the request of this export, byte for
	// byte: a leaf of the log.
	Entry string `json:"entry"`
	// Proof proves that the entry is in the log (c2sp.org/tlog-proof). It contains
	// the checkpoint of Size.
	Proof string `json:"proof"`
}

// Encode returns the manifest as canonical JSON (RFC 8785).
func (m Manifest) Encode() ([]byte, error) {
	plain, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	value := jsontext.Value(plain)
	if err := value.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonicalize manifest: %w", err)
	}
	return value, nil
}

// Names returns the names of a manifest with a SHA-256, and of its note.
func Names(digest []byte) (manifest, note string) {
	name := namePrefix + ShortDigest(digest)
	return name + jsonEnding, name + noteEnding
}

// IsManifest reports whether name is that of a manifest or of its note.
func IsManifest(name string) bool {
	ending := strings.HasSuffix(name, jsonEnding) || strings.HasSuffix(name, noteEnding)
	return ending && strings.HasPrefix(name, namePrefix) && !strings.Contains(name, "/")
}

// The beginning and the end of the name of a partial file.
const (
	partialPrefix = "."
	partialEnding = ".part"
)

// Partial returns the path of a file until it is complete. No file of an export has
// such a name.
func Partial(name string) string {
	dir, base := path.Split(name)
	return dir + partialPrefix + base + partialEnding
}

// IsPartial reports whether name is one that Partial returns.
func IsPartial(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, partialPrefix) && strings.HasSuffix(base, partialEnding)
}

// ShortDigest returns the digits of a SHA-256 that a file's name has.
func ShortDigest(digest []byte) string { return hex.EncodeToString(digest[:16]) }

// Origin returns the name under which a tenant's manifests are signed.
func Origin(host, tenant string) string { return host + "/v1/tenants/" + tenant + "/exports" }

// NoteText returns the text of the note of an export's manifest: the origin, the
// export, and the digest of the manifest, each on a line.
func NoteText(origin, export string, digest []byte) string {
	return origin + "\n" + export + "\nsha256 " + hex.EncodeToString(digest) + "\n"
}

// errNoteText is the error of a note that is not about a manifest.
var errNoteText = errors.New("the note does not name a manifest")

func parseNoteText(text string) (export, digest string, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return "", "", errNoteText
	}
	digest, ok := strings.CutPrefix(lines[2], "sha256 ")
	if raw, err := hex.DecodeString(digest); !ok || err != nil || len(raw) != 32 || hex.EncodeToString(raw) != digest {
		return "", "", errNoteText
	}
	return lines[1], digest, nil
}
