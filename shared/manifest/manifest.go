// Package manifest defines the manifest of an export, which names everything that
// the export consists of, and verifies an export offline.
//
// An export is a directory. Every name ends in the first digits of the SHA-256 of
// the file:
//
//	manifest-….json       the Manifest, as canonical JSON (RFC 8785)
//	manifest-….note       a signed note (c2sp.org/signed-note) with the SHA-256 of the Manifest
//	schemas/runs-….json   the JSON Schema of the rows of the table runs
//	lists/….jsonl.gz      a list: one File on each line
//	runs/….jsonl.gz       rows of the table runs
//
// The note authenticates the manifest, the manifest the lists, and the lists all
// other files. So any change of any file, a missing file and an additional one are
// detected with the verifier key alone.
package manifest

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Format is the format of manifests of this package.
const Format = "strongroom-export/v1"

// MaxSize is the most bytes of a manifest. A list of 5,000 parts takes about 300
// bytes of it.
const MaxSize = 16 << 20

// The prefixes and endings of the names of files.
const (
	namePrefix = "manifest-"
	jsonEnding = ".json"
	noteEnding = ".note"
	Schemas    = "schemas/"
	Lists      = "lists/"
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
	SHA256 string `json:"sha256"` // 64 hexadecimal digits
	Rows   int64  `json:"rows"`   // of a table; otherwise 0
}

// Proves says in words what each checksum of the export proves.
type Proves struct {
	SHA256 string `json:"sha256"`
	CRC32C string `json:"crc32c"`
}

// Proof is the Proves of every manifest.
var Proof = Proves{
	SHA256: "detects every change, also a deliberate one",
	CRC32C: "detects accidents, but not deliberate changes; in the table grants, no other checksum of an object is known",
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
