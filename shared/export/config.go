package export

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The directories of an export for the kind configuration: of the bundles, and of the files
// that a reader stores.
const (
	bundlesDirectory = "bundles/"
	configsDirectory = "configuration/"
	bundleEnding     = ".bundle"
)

// Bundle says what a file is a bundle of.
type Bundle struct {
	Workspace tenant.WorkspaceID `firestore:"workspace" class:"operational"`
	Commit    string             `firestore:"commit" class:"operational"` // of main: 40 hexadecimal digits
	Digest    string             `firestore:"digest" class:"operational"` // of the files of main: see shared/configtree
}

// Directory returns the directory of the bundles of a workspace in an export. The name of a
// bundle ends in the first digits of its SHA-256.
func (b Bundle) Directory() string { return bundlesDirectory + string(b.Workspace) + "/" }

// Ending returns the end of the names of bundles.
func (Bundle) Ending() string { return bundleEnding }

// Path returns the path of the file that a reader stores.
func (b Bundle) Path() string { return configsDirectory + string(b.Workspace) + bundleEnding }

// BundleState is whether an export has the bundle of a configuration.
type BundleState string

// The states.
const (
	BundleExported BundleState = "exported"
	BundleMissing  BundleState = "missing" // a pack of the configuration does not exist any more
)

// ConfigRow is the configuration of a workspace. If its bundle was written, File is the
// bundle.
type ConfigRow struct {
	Workspace tenant.WorkspaceID `json:"workspace" class:"operational"`
	Commit    string             `json:"commit" class:"operational" doc:"Of main, at the read time: 40 hexadecimal digits"`
	Digest    string             `json:"digest" class:"operational" doc:"Of the files of main (shared/configtree), and so the ID of their review; hexadecimal digits"`
	Updated   time.Time          `json:"updated" class:"operational" doc:"When the commit came into effect"`
	State     BundleState        `json:"state" class:"operational" doc:"exported: the export has a git bundle of main. missing: objects of the configuration do not exist any more, as after a reset"`
	File      string             `json:"file,omitzero" class:"operational" doc:"Name of the bundle in the export; absent unless the state is exported"`
	Path      string             `json:"path,omitzero" class:"operational" doc:"File that pull stores the bundle as"`
	Commits   int64              `json:"commits,omitzero" class:"operational" doc:"In the bundle"`
	Files     int64              `json:"files,omitzero" class:"operational" doc:"Of main"`
}

// ReviewRow is the review of one exact tree of files. A workspace may have reviews of trees
// that were never pushed.
type ReviewRow struct {
	Workspace tenant.WorkspaceID `json:"workspace" class:"operational"`
	Digest    string             `json:"digest" class:"operational" doc:"Of the tree (shared/configtree); hexadecimal digits"`
	Issuer    string             `json:"issuer" class:"configuration" doc:"Issuer of the identity that reviewed"`
	Subject   string             `json:"subject" class:"configuration" doc:"Subject of the same identity"`
	Pipeline  bool               `json:"pipeline" class:"operational" doc:"The reviewer is a pipeline, and not a person, as the tenant's trust says"`
	Files     int64              `json:"files" class:"operational"`
	Bytes     int64              `json:"bytes" class:"operational"`
	Created   time.Time          `json:"created" class:"operational"`
	Waivers   []WaiverRow        `json:"waivers" doc:"Findings that the reviewer accepted"`
}

// WaiverRow accepts findings.
type WaiverRow struct {
	Rule   string `json:"rule" class:"operational" doc:"Rule of the findings"`
	Path   string `json:"path,omitzero" class:"configuration" doc:"Path of the file; absent: in all files"`
	Line   int    `json:"line,omitzero" class:"configuration" doc:"Line in the file; absent: in all lines"`
	Reason string `json:"reason" class:"text" doc:"Why it may be uploaded"`
}
