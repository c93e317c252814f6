package records

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// IssueRef returns the reference of an issue.
func IssueRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id issue.ID) *firestore.DocumentRef {
	return Workspace(db, t, w).Collection(IssuesCollection).Doc(string(id))
}

// CheckRef returns the reference of a check.
func CheckRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id issue.CheckID) *firestore.DocumentRef {
	return Workspace(db, t, w).Collection(ChecksCollection).Doc(string(id))
}

// SightingRef returns the reference of a run's sighting. Numbers count from 1.
func SightingRef(run *firestore.DocumentRef, number int) *firestore.DocumentRef {
	return run.Collection(SightingsCollection).Doc(fmt.Sprintf("%05d", number))
}

// AffectedIssues finds the issues that conclusive runs of a check may change
// although the runs did not see them. The oldest of these runs started at
// oldest, the newest at newest. An issue is affected if it was first seen
// before newest and was not yet resolved at oldest. An issue that was first
// seen after a late run cannot be changed by it, so such issues are not read,
// however many there are.
func AffectedIssues(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, check issue.CheckID, oldest, newest time.Time) firestore.Query {
	return Workspace(db, t, w).Collection(IssuesCollection).
		Where("check", "==", string(check)).Where("resolvedAt", ">", oldest).Where("firstSeen", "<", newest).
		OrderBy("resolvedAt", firestore.Asc).OrderBy("firstSeen", firestore.Asc)
}

// CryptFunc is the Seal or the Open of a keys.Sealer.
type CryptFunc func(ctx context.Context, value, associatedData []byte) ([]byte, error)

// Apply seals or opens a value of the document at ref. The document's path is
// the associated data, so a sealed value opens in its own document only.
func (f CryptFunc) Apply(ctx context.Context, ref *firestore.DocumentRef, value []byte) ([]byte, error) {
	return f(ctx, value, []byte(keys.RelativePath(ref)))
}

// IssueText is an issue's free text: that of the worst sighting in the newest run
// that saw it.
type IssueText struct {
	Title string
	Line  []byte // of issues.jsonl, byte for byte
}

// errIssueText is the error of an opened value that is not an IssueText.
var errIssueText = errors.New("read the text of an issue: it is truncated")

// SealIssueText seals an issue's text for its document at ref. The sealed value
// is the length of the title (unsigned varint), the title, and the line.
func SealIssueText(ctx context.Context, seal CryptFunc, ref *firestore.DocumentRef, t IssueText) ([]byte, error) {
	value := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(t.Title)+len(t.Line)), uint64(len(t.Title)))
	return seal.Apply(ctx, ref, append(append(value, t.Title...), t.Line...))
}

// OpenIssueText opens what SealIssueText returned for the same document.
func OpenIssueText(ctx context.Context, open CryptFunc, ref *firestore.DocumentRef, sealed []byte) (IssueText, error) {
	value, err := open.Apply(ctx, ref, sealed)
	if err != nil {
		return IssueText{}, err
	}
	size, used := binary.Uvarint(value)
	if used <= 0 || size > uint64(len(value)-used) {
		return IssueText{}, errIssueText
	}
	title, line := value[used:used+int(size)], value[used+int(size):]
	return IssueText{string(title), line}, nil
}
