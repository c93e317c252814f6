package assistantupdate

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// folded are the fields of an issue that a fold decides: all but the text,
// which goes with the newest sighting, and what people said.
var folded = slices.DeleteFunc(fieldsOf(reflect.TypeFor[issue.Issue]()), func(field string) bool {
	return field == "text" || field == "investigated" || field == "ignored"
})

// withoutText are the fields that a fold reads.
var withoutText = append([]string{"investigated", "ignored"}, folded...)

func fieldsOf(t reflect.Type) []string {
	var fields []string
	for _, field := range reflect.VisibleFields(t) {
		fields = append(fields, field.Tag.Get("firestore"))
	}
	return fields
}

// writeIssue writes an issue; one that exists keeps its text if i has none.
func (s *space) writeIssue(tx *firestore.Transaction, i issue.Issue, exists bool) error {
	if !exists {
		return tx.Set(s.issueRef(i.ID), i)
	}
	fields := folded
	if i.Text != nil {
		fields = append(slices.Clone(folded), "text")
	}
	return tx.Set(s.issueRef(i.ID), i, firestore.Merge(paths(fields)...))
}

func paths(fields []string) []firestore.FieldPath {
	paths := make([]firestore.FieldPath, len(fields))
	for n, field := range fields {
		paths[n] = firestore.FieldPath{field}
	}
	return paths
}

// texts gives the sealed text of each changed issue whose newest sighting is
// another than before.
func (s *space) texts(ctx context.Context, before, changed map[issue.ID]issue.Issue) (map[issue.ID][]byte, error) {
	var fresh []issue.Issue
	for id, i := range changed {
		if b, ok := before[id]; !ok || b.LastRun != i.LastRun || b.LastNumber != i.LastNumber {
			fresh = append(fresh, i)
		}
	}
	texts, size := map[issue.ID][]byte{}, 0
	for chunk := range slices.Chunk(fresh, chunkSize) {
		docs, err := s.db.GetAll(ctx, s.newest(chunk))
		if err != nil {
			return nil, fmt.Errorf("read sightings: %w", err)
		}
		for n, doc := range docs {
			text, err := s.reseal(ctx, doc, chunk[n].ID)
			if err != nil {
				return nil, err
			}
			if size += len(text); size > maxText && len(runsOf(fresh)) > 1 {
				return nil, errTooMuch
			}
			texts[chunk[n].ID] = text
		}
	}
	return texts, nil
}

// runsOf are the runs that the newest sightings are of.
func runsOf(issues []issue.Issue) map[string]bool {
	runs := map[string]bool{}
	for _, i := range issues {
		runs[string(i.LastRun)] = true
	}
	return runs
}

// newest are where the newest sightings rest.
func (s *space) newest(issues []issue.Issue) []*firestore.DocumentRef {
	refs := make([]*firestore.DocumentRef, len(issues))
	for n, i := range issues {
		refs[n] = records.SightingRef(s.place(i.LastRun).Record, i.LastNumber)
	}
	return refs
}

// maxTitle bounds the title beside the line, in bytes. The line has all of it.
const maxTitle = 1 << 10

// reseal opens a sighting's line and seals it, with its title, for its issue.
// One that does not open for good leaves the issue without a text: it must not
// hold up the check.
func (s *space) reseal(ctx context.Context, doc *firestore.DocumentSnapshot, id issue.ID) ([]byte, error) {
	record, err := records.Decode[issue.Record](doc)
	if err != nil {
		return nil, err
	}
	line, err := records.CryptFunc(s.keys.Open).Apply(ctx, doc.Ref, record.Line)
	if errors.Is(err, keys.ErrSealed) {
		s.log.ErrorContext(ctx, "the text of a sighting does not open", "run", string(record.Run), "number", record.Number)
		return []byte{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open sighting: %w", err)
	}
	sighting, err := issue.ParseSighting(line)
	if err != nil {
		sighting.Title = "" // it was read when it was taken in; its line is what counts
	}
	text, err := records.SealIssueText(ctx, s.keys.Seal, s.issueRef(id), records.IssueText{Title: shorten(sighting.Title), Line: line})
	if err != nil {
		return nil, fmt.Errorf("seal issue: %w", err)
	}
	return text, nil
}

// shorten cuts a title to maxTitle bytes, between two characters.
func shorten(title string) string {
	if len(title) <= maxTitle {
		return title
	}
	end := maxTitle
	for !utf8.RuneStart(title[end]) {
		end--
	}
	return title[:end]
}
