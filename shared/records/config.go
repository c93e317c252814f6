package records

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/slx"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The names of the collections of configurations.
const (
	ConfigsCollection        = "configs"
	ConfigElementsCollection = "configElements"
	ConfigGraphsCollection   = "configGraphs"
	ConfigPagesCollection    = "configPages"
	ConfigReviewsCollection  = "configReviews"
)

// ConfigPack returns the name of a pack of a configuration in the tenant's configs bucket.
// sha256 is that of its bytes, in hexadecimal digits.
func ConfigPack(w tenant.WorkspaceID, sha256 string) string {
	return string(w) + "/" + sha256 + ".pack"
}

// ConfigElements is a part of what the YAML documents of a commit say, at
// configElements/{commit}-{number}. It never changes. A commit that does not come into
// effect, and one that another commit replaces, leaves its parts to Firestore, which
// deletes them after Expires.
type ConfigElements struct {
	Elements []byte    `firestore:"elements" class:"configuration"`        // sealed; see slx.Encode
	Expires  time.Time `firestore:"expires,omitempty" class:"operational"` // zero: the commit is in effect
}

// ConfigGraph is the newest graph of a configuration, at configGraphs/main. Its pages are
// at configPages/{commit}-{number}.
type ConfigGraph struct {
	Commit    string    `firestore:"commit" class:"operational"`
	Pages     int       `firestore:"pages" class:"operational"`
	Updated   time.Time `firestore:"updated" class:"operational"`
	Directory []byte    `firestore:"directory" class:"configuration"` // sealed; see slx.Encode
}

// ConfigPage is a page of a graph. It never changes.
type ConfigPage struct {
	SLXs    []byte    `firestore:"slxs" class:"configuration"`            // sealed; see slx.Encode
	Expires time.Time `firestore:"expires,omitempty" class:"operational"` // zero: the graph is the newest
}

var (
	_ = dataclass.Stored[ConfigElements](workspacePath + ConfigElementsCollection + "/{part}")
	_ = dataclass.Stored[ConfigGraph](workspacePath + ConfigGraphsCollection + "/{graph}")
	_ = dataclass.Stored[ConfigPage](workspacePath + ConfigPagesCollection + "/{page}")
)

// KeepReplacedConfig is how long the elements and the pages of a commit are kept that is
// not in effect. A request that has read the directory before still finds its pages.
const KeepReplacedConfig = 24 * time.Hour

// RepublishConfigAfter is how long a commit may be in effect before sweep checks whether the
// graph is of it, and publishes the event again if it is not.
const RepublishConfigAfter = 3 * time.Hour

// RepublishConfigAt is the field of a configuration's document with the time of this check.
// The document has none once the graph is of the commit.
const RepublishConfigAt = "republishAt"

// ConfigRef is the reference of the document that names the commit in effect.
func ConfigRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID) *firestore.DocumentRef {
	return Workspace(db, t, w).Collection(ConfigsCollection).Doc("main")
}

// ConfigGraphRef is the reference of the newest graph.
func ConfigGraphRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID) *firestore.DocumentRef {
	return Workspace(db, t, w).Collection(ConfigGraphsCollection).Doc("main")
}

// ConfigElementsRefs are the references of the parts of a commit.
func ConfigElementsRefs(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, commit string, parts int) []*firestore.DocumentRef {
	return numberedRefs(Workspace(db, t, w).Collection(ConfigElementsCollection), commit, parts)
}

// ConfigPageRefs are the references of the pages of a commit's graph.
func ConfigPageRefs(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, commit string, pages int) []*firestore.DocumentRef {
	return numberedRefs(Workspace(db, t, w).Collection(ConfigPagesCollection), commit, pages)
}

func numberedRefs(in *firestore.CollectionRef, commit string, count int) []*firestore.DocumentRef {
	refs := make([]*firestore.DocumentRef, count)
	for n := range refs {
		refs[n] = in.Doc(fmt.Sprintf("%s-%03d", commit, n))
	}
	return refs
}

// SealConfig seals a part of a configuration for its document.
func SealConfig[T []slx.Element | []slx.SLX | slx.Directory](ctx context.Context, seal CryptFunc, ref *firestore.DocumentRef, value T) ([]byte, error) {
	encoded, err := slx.Encode(value)
	if err != nil {
		return nil, err
	}
	return seal.Apply(ctx, ref, encoded)
}

// OpenConfig opens what SealConfig returned for the same document.
func OpenConfig[T []slx.Element | []slx.SLX | slx.Directory](ctx context.Context, open CryptFunc, ref *firestore.DocumentRef, sealed []byte) (value T, err error) {
	encoded, err := open.Apply(ctx, ref, sealed)
	if err != nil {
		return value, err
	}
	return slx.Decode[T](encoded)
}
