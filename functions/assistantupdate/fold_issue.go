package assistantupdate

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/retention"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// foldedFields are the fields of an issue that every fold writes. The others are
// the text, which changes with the newest sighting, what people set, and the time of deletion.
var foldedFields = slices.DeleteFunc(storedFields(reflect.TypeFor[issue.Issue]()), func(field string) bool {
	return field == "text" || field == "investigated" || field == "ignored" || field == "ignoreReason" || field == retention.Field
})

// fieldsWithoutText are the fields of an issue that a fold reads.
var fieldsWithoutText = append([]string{"investigated", "ignored", retention.Field}, foldedFields...)

// storedFields returns the names of a struct's fields in Firestore.
func storedFields(t reflect.Type) []string {
	var fields []string
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("firestore"), ",")
		fields = append(fields, name)
	}
	return fields
}

func fieldPaths(fields []string) []firestore.FieldPath {
	paths := make([]firestore.FieldPath, len(fields))
	for n, field := range fields {
		paths[n] = firestore.FieldPath{field}
	}
	return paths
}

// writeIssue writes an issue. An issue that exists keeps its text if i has none. One that was
// due for deletion is not due any more.
func (w *workspace) writeIssue(tx *firestore.Transaction, i issue.Issue, exists bool) error {
	if !exists {
		return tx.Set(w.issueRef(i.ID), i)
	}
	fields := foldedFields
	if i.Text != nil {
		fields = append(slices.Clone(foldedFields), "text")
	}
	if err := tx.Set(w.issueRef(i.ID), i, firestore.Merge(fieldPaths(fields)...)); err != nil || i.ExpireTime.IsZero() {
		return err
	}
	return retention.Unmark(tx, w.db, w.tenant, retention.Issues, w.issueRef(i.ID), i.ExpireTime)
}

// sightingsPerRead bounds the sightings that one call reads with their lines, each
// of which may have half a MiB.
const sightingsPerRead = 32

// sealTexts returns the sealed texts of those changed issues that have a new newest
// sighting.
func (f foldCommit) sealTexts(ctx context.Context, before, changed map[issue.ID]issue.Issue) (map[issue.ID][]byte, error) {
	var renewed []issue.Issue
	for id, i := range changed {
		if b, ok := before[id]; !ok || b.LastRun != i.LastRun || b.LastNumber != i.LastNumber {
			renewed = append(renewed, i)
		}
	}
	texts, size := map[issue.ID][]byte{}, 0
	for chunk := range slices.Chunk(renewed, sightingsPerRead) {
		docs, err := f.newestSightings(ctx, chunk)
		if err != nil {
			return nil, fmt.Errorf("read sightings: %w", err)
		}
		for n, doc := range docs {
			text, err := f.sealText(ctx, doc, chunk[n].ID)
			if err != nil {
				return nil, err
			}
			if size += len(text); size > maxTextBytes && len(lastRuns(renewed)) > 1 {
				return nil, errTooMuchText
			}
			texts[chunk[n].ID] = text
		}
	}
	return texts, nil
}

// lastRuns returns the runs of the newest sightings of issues.
func lastRuns(issues []issue.Issue) map[string]bool {
	runs := map[string]bool{}
	for _, i := range issues {
		runs[string(i.LastRun)] = true
	}
	return runs
}

// newestSightings returns the newest sightings of issues. It reads those that were not read
// with their lines.
func (f foldCommit) newestSightings(ctx context.Context, issues []issue.Issue) ([]*firestore.DocumentSnapshot, error) {
	docs := make([]*firestore.DocumentSnapshot, len(issues))
	var refs []*firestore.DocumentRef
	for n, i := range issues {
		if docs[n] = f.readLine(i.LastRun, i.LastNumber); docs[n] == nil {
			refs = append(refs, records.SightingRef(f.runRef(i.LastRun).Record, i.LastNumber))
		}
	}
	if len(refs) == 0 {
		return docs, nil
	}
	read, err := f.db.GetAll(ctx, refs)
	if err != nil {
		return nil, err
	}
	for n := range docs {
		if docs[n] == nil {
			docs[n], read = read[0], read[1:]
		}
	}
	return docs, nil
}

// readLine returns a sighting that was read with its line, or nil.
func (f foldCommit) readLine(id run.ID, number int) *firestore.DocumentSnapshot {
	for _, r := range f.runs {
		if r.record.ID == id {
			return r.lines[number]
		}
	}
	return nil
}

// maxTitleBytes bounds the title that is stored next to the line. The line has all
// of it.
const maxTitleBytes = 1 << 10

// sealText opens the line of a sighting, and seals it with its title for an issue.
// A line that can never be decrypted leaves the issue without a text, because it
// must not stop the folds of its check.
func (w *workspace) sealText(ctx context.Context, doc *firestore.DocumentSnapshot, id issue.ID) ([]byte, error) {
	record, err := records.Decode[issue.Record](doc)
	if err != nil {
		return nil, err
	}
	line, err := records.CryptFunc(w.keys.Open).Apply(ctx, doc.Ref, record.Line)
	if errors.Is(err, keys.ErrSealed) {
		w.log.ErrorContext(ctx, "sighting text cannot be decrypted", "run", string(record.Run), "number", record.Number)
		return []byte{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open sighting: %w", err)
	}
	sighting, err := issue.ParseSighting(line)
	if err != nil {
		sighting.Title = "" // the line was valid when it was stored; an issue without a title is better than none
	}
	text, err := records.SealIssueText(ctx, w.keys.Seal, w.issueRef(id),
		records.IssueText{Title: issue.Truncate(sighting.Title, maxTitleBytes), Line: line})
	if err != nil {
		return nil, fmt.Errorf("seal issue: %w", err)
	}
	return text, nil
}
