// Package legalhold says what a tenant must keep because of a legal hold. Whatever deletes
// something of a tenant asks it first; TestLaw13HoldsHold lists all of these places.
//
// Holds are documents in the directory, where only package functions/tenants writes. They are
// not cached: a hold is in effect for every deletion that starts after the response that
// confirms it. See infra/adr/0053-legal-holds.md.
package legalhold

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Max is how many holds a tenant can have at a time.
const Max = 100

// Hold is one legal hold. Without a workspace, it covers everything of the tenant; with one,
// everything of the workspace; with a run too, only what belongs to the run.
type Hold struct {
	ID        string             `firestore:"id" class:"operational"` // the admin chooses it, such as case-2026-17
	Workspace tenant.WorkspaceID `firestore:"workspace" class:"operational"`
	Run       run.ID             `firestore:"run" class:"operational"`
	Placed    time.Time          `firestore:"placed" class:"operational"`
	Entry     string             `firestore:"entry" class:"operational"` // audit entry of the admin who placed it

	Lifting *Lifting `firestore:"lifting"` // nil: nobody has asked to lift it
}

// Lifting is a request to lift a hold, which waits for its confirmation.
type Lifting struct {
	ID        string    `firestore:"id" class:"operational"`        // audit entry of the request
	By        string    `firestore:"by" class:"operational"`        // auditlog.ActorKey of who asked for it
	Issuer    string    `firestore:"issuer" class:"configuration"`  // of who asked for it
	AddedRule bool      `firestore:"addedRule" class:"operational"` // a rule of the API made who asked for it an admin
	Requested time.Time `firestore:"requested" class:"operational"`
}

// Pass is how far package functions/legalholds is with marking what the holds cover. It is in
// the tenant's database.
type Pass struct {
	Holds    string    `firestore:"holds" class:"operational"`    // Fingerprint of the holds that it marks
	Bucket   string    `firestore:"bucket" class:"operational"`   // being marked; empty: the pass has finished
	After    string    `firestore:"after" class:"metadata"`       // name of the last object that is marked
	Started  time.Time `firestore:"started" class:"operational"`  // of the pass
	Finished time.Time `firestore:"finished" class:"operational"` // of the last pass that has finished
	Covers   time.Time `firestore:"covers" class:"operational"`   // start of the last pass that has finished: holds from before it are marked everywhere
}

var (
	_ = dataclass.Stored[Hold]("tenants/{tenant}/holds/{hold}")
	_ = dataclass.Stored[Pass]("tenants/{tenant}/holdPasses/state")
)

// Collection returns the collection of a tenant's holds. directory is the directory's database.
func Collection(directory *firestore.Client, t tenant.ID) *firestore.CollectionRef {
	return directory.Collection("tenants").Doc(string(t)).Collection("holds")
}

// PassRef returns the reference of the pass of a tenant. db is the tenant's database.
func PassRef(db *firestore.Client, t tenant.ID) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(t)).Collection("holdPasses").Doc("state")
}

// Holds are the holds of one tenant.
type Holds []Hold

// Of returns the holds of a tenant as they are now.
func Of(ctx context.Context, directory *firestore.Client, t tenant.ID) (all Holds, err error) {
	docs, err := Collection(directory, t).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read legal holds: %w", err)
	}
	for _, doc := range docs {
		h, err := Decode(doc)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// Decode returns the hold in a document.
func Decode(doc *firestore.DocumentSnapshot) (h Hold, err error) {
	if err = doc.DataTo(&h); err != nil {
		return h, fmt.Errorf("read legal hold %s: %w", doc.Ref.ID, err)
	}
	return h, nil
}

// Cover reports whether a hold covers something of a workspace: the whole of it, or a run in
// it. Without a workspace, it reports whether a hold covers something that belongs to the
// tenant and to no workspace: such things are kept under every hold.
func (all Holds) Cover(w tenant.WorkspaceID) bool {
	return slices.ContainsFunc(all, func(h Hold) bool { return w == "" || h.Workspace == "" || h.Workspace == w })
}

// CoverObject reports whether a hold covers an object of the outputs bucket or the configs
// bucket, whose names begin with a workspace: outputs continue with a run.
func (all Holds) CoverObject(name string) bool {
	name = strings.TrimPrefix(name, "_held/") // pushes that wait for approval
	w, rest, _ := strings.Cut(name, "/")
	id, _, isRun := strings.Cut(rest, "/")
	return slices.ContainsFunc(all, func(h Hold) bool {
		return h.Workspace == "" || string(h.Workspace) == w && (h.Run == "" || isRun && string(h.Run) == id)
	})
}

// CoverRun reports whether a hold covers a run of a workspace.
func (all Holds) CoverRun(w tenant.WorkspaceID, id run.ID) bool {
	return slices.ContainsFunc(all, func(h Hold) bool {
		return h.Workspace == "" || h.Workspace == w && (h.Run == "" || h.Run == id)
	})
}

// Fingerprint identifies what the holds cover.
func (all Holds) Fingerprint() string {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b Hold) int {
		return cmp.Or(cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.Run, b.Run))
	})
	sum := sha256.New()
	for _, h := range sorted {
		fmt.Fprintf(sum, "%s/%s\n", h.Workspace, h.Run)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// ReadPass returns the pass of a tenant, or the zero value if there was none. db is the
// tenant's database.
func ReadPass(ctx context.Context, db *firestore.Client, t tenant.ID) (p Pass, err error) {
	docs, err := db.GetAll(ctx, []*firestore.DocumentRef{PassRef(db, t)})
	if err == nil && docs[0].Exists() {
		err = docs[0].DataTo(&p)
	}
	if err != nil {
		return p, fmt.Errorf("read the pass of the legal holds: %w", err)
	}
	return p, nil
}
