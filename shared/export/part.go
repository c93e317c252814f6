package export

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// Limits of one part, so that it needs little time and memory, whatever the tenant
// stores. A part that reaches a limit ends, and a new part continues after its last
// row. The limits depend on the documents alone and not on time, so a part that is
// executed twice writes the same bytes.
const (
	MaxPartDocuments = 10_000   // read by a part, also those that it leaves out
	MaxPartBytes     = 16 << 20 // of rows, before compression; one row may exceed it by its own size
	MaxListedParts   = 5_000    // whose files one list names
	MaxListedFiles   = 50_000   // of one list; the files of one part may exceed it
	MaxPartCopies    = 500      // objects that a part copies
	MaxCopiedBytes   = 1 << 30  // of these objects; one object may exceed it by its own size
	MaxPartBundles   = 1        // configurations of which a part writes a bundle: each needs much memory
	MaxChildren      = 100      // parts that one part creates; its commit has two documents for each
)

// PartType is what a part does. The zero PartType is not valid.
type PartType string

// The types of parts.
const (
	PlanPart     PartType = "plan"     // divides a range of documents into parts
	RowsPart     PartType = "rows"     // writes the rows of a range of documents as one file; of the table outputparts, also copies the objects; of configs, also writes the bundles
	ListPart     PartType = "list"     // writes the names of the files of a range of parts as one file
	ManifestPart PartType = "manifest" // writes the schemas, the manifest and its signature
)

// Range is what a part reads. The zero Range is everything.
type Range struct {
	// From and To are names of documents, within their database: the range has the
	// documents from From on, and before To. They need not exist. Empty means from
	// the first, or to the last. In the table outputparts, they are names of objects in
	// one workspace, or beginnings of such names.
	From string `firestore:"from" class:"operational"`
	To   string `firestore:"to" class:"operational"`
	// Begin and End are indexes of audit entries: from Begin on, and before End. In the
	// table outputparts, they are First and Offset of the object From, if it continues a
	// file that an earlier part began.
	Begin int64 `firestore:"begin" class:"operational"`
	End   int64 `firestore:"end" class:"operational"`
}

// Part is a piece of an export's work, at tenants/{t}/exports/{id}/parts/{part}.
type Part struct {
	ID    string   `firestore:"id" class:"operational"`
	Type  PartType `firestore:"type" class:"operational"`
	Table Table    `firestore:"table" class:"operational"` // empty for a list and the manifest, and for the first plan
	Range Range    `firestore:"range"`

	Done      bool      `firestore:"done" class:"operational"`
	Published time.Time `firestore:"published" class:"operational"` // when its message was last published
	Files     []File    `firestore:"files"`                         // that it wrote
	Rows      int64     `firestore:"rows" class:"operational"`      // in Files, of tables
	Bytes     int64     `firestore:"bytes" class:"operational"`     // size of Files
	Listed    int64     `firestore:"listed" class:"operational"`    // of a list: rows of the parts that it names

	ExpireTime time.Time `firestore:"expireTime,omitempty" class:"operational"` // as of its export; see package retention
}

// File is a file of an export.
type File struct {
	Name   string  `firestore:"name" class:"operational"` // object name, below the export's ID
	Size   int64   `firestore:"size" class:"operational"` // bytes
	CRC32C uint32  `firestore:"crc32c" class:"operational"`
	SHA256 []byte  `firestore:"sha256" class:"metadata"`  // of a copy: as the runner declared it; empty: it did not
	Rows   int64   `firestore:"rows" class:"operational"` // of a table; otherwise 0
	Copied *Copy   `firestore:"copied"`                   // of a copy of a part of an output; otherwise nil
	Bundle *Bundle `firestore:"bundle"`                   // of the bundle of a configuration; otherwise nil
}

// Copy says what a file is a copy of.
type Copy struct {
	Generation int64 `firestore:"generation" class:"operational"` // of the object in the outputs bucket
	// First is the number of the first part of the file that is assembled from this part
	// and the ones before it, and Offset is where this part begins in it, in bytes.
	First  int   `firestore:"first" class:"operational"`
	Offset int64 `firestore:"offset" class:"operational"`
}

// NewPart returns a part. Its ID depends on what it does, so the same part is never
// there twice.
func NewPart(typ PartType, table Table, r Range) Part {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d %d", typ, table, r.From, r.To, r.Begin, r.End))
	return Part{ID: string(typ) + "-" + hex.EncodeToString(sum[:16]), Type: typ, Table: table, Range: r}
}

var partID = lazyregexp.New(`^(plan|rows|list|manifest)-[0-9a-f]{32}$`)

// ValidPartID reports whether id has the form of a part's ID.
func ValidPartID(id string) bool { return partID.MatchString(id) }

// Finish notes that the part has written its files.
func (p *Part) Finish(files ...File) {
	p.Done, p.Files, p.Rows, p.Bytes = true, files, 0, 0
	for _, f := range files {
		p.Rows += f.Rows
		p.Bytes += f.Size
	}
}
