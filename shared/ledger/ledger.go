package ledger

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// Ledger writes requests. It is safe for concurrent use.
type Ledger struct {
	Audit *auditlog.Log
	Now   func() time.Time
}

// Entry is a request that is about to be sent.
type Entry struct {
	ID     string // of auditlog.NewID
	Home   Home
	Actor  auditlog.Actor
	Send   Send // Time is set when it is recorded
	Limits Limits

	// Sealed is the exact request, sealed for RequestPath, if Send.StoredUntil is set.
	Sealed []byte
}

// RequestPath is the associated data of a stored request.
func (e Entry) RequestPath() []byte { return []byte(keys.RelativePath(e.Home.requestRef(e.ID))) }

// Refs returns the documents that Write needs. Read them in its transaction.
func (e Entry) Refs() []*firestore.DocumentRef {
	return []*firestore.DocumentRef{e.Home.Sends().Doc(e.ID), e.Home.SpendRef(e.Send.Feature)}
}

// Recorded returns the send that an earlier attempt of the transaction has committed.
// read are the documents of Refs.
func Recorded(read []*firestore.DocumentSnapshot) (Send, bool, error) {
	var s Send
	if !read[0].Exists() {
		return s, false, nil
	}
	if err := read[0].DataTo(&s); err != nil {
		return s, false, fmt.Errorf("read model send: %w", err)
	}
	return s, true, nil
}

// Write adds the request to tx, if the limits allow it; otherwise, it returns how long to
// wait. The documents of Refs must have been read in tx, and Recorded of them must be
// false. Call Audit.Warm before the transaction.
func (l *Ledger) Write(ctx context.Context, tx *firestore.Transaction, e Entry, read []*firestore.DocumentSnapshot) (wait time.Duration, err error) {
	var used spend
	if read[1].Exists() {
		if err := read[1].DataTo(&used); err != nil {
			return 0, fmt.Errorf("read model spend: %w", err)
		}
	}
	now := l.Now()
	used, wait = used.reserve(now, e.Limits, e.Send.Reserved)
	if wait > 0 {
		return wait, nil
	}
	prepared, err := l.Audit.PrepareAs(ctx, e.Home.DB, e.audit())
	if err != nil {
		return 0, err
	}
	e.Send.Time = now.UTC().Truncate(time.Microsecond)
	if err := tx.Set(e.Home.Sends().Doc(e.ID), e.Send); err != nil {
		return 0, fmt.Errorf("write model send: %w", err)
	}
	if err := tx.Set(e.Home.SpendRef(e.Send.Feature), used); err != nil {
		return 0, fmt.Errorf("write model spend: %w", err)
	}
	if len(e.Sealed) > 0 {
		if err := tx.Set(e.Home.requestRef(e.ID), storedRequest{Request: e.Sealed, Until: e.Send.StoredUntil}); err != nil {
			return 0, fmt.Errorf("write model request: %w", err)
		}
	}
	return 0, prepared.Write(tx)
}

// audit returns the entry models.send.
func (e Entry) audit() auditlog.Entry {
	s := e.Send
	a := auditlog.Entry{
		ID: e.ID, Tenant: e.Home.Tenant, Actor: e.Actor, Action: auditlog.SendToModel, Outcome: auditlog.Allowed,
		Workspace: s.Workspace, Resource: s.Resource, Counts: map[string]int64{"bytes": s.Bytes},
		Model: &auditlog.ModelCall{
			Feature: string(s.Feature), Destination: string(s.Destination), ProjectID: s.ProjectID, Location: s.Location,
			Name: s.Model, Fields: s.Fields, Omitted: s.Omitted, SHA256: s.SHA256,
		},
	}
	if s.TenantHalf != "" {
		a.Model.Consents = []string{s.TenantHalf, s.StaffHalf}
	}
	return a
}

// End is how a request ended.
type End struct {
	Status       Status
	Reason       string
	Version      string // of the model
	PromptTokens int64
	AnswerTokens int64
	AnswerBytes  int64
	AnswerSHA256 string // hex
	TokensKnown  bool   // the model said how many tokens it used; otherwise, the reserved ones count, unless it is NotSent
}

// Finish records the end of a request of a feature, once: if it has an end already, Finish
// does nothing. It may be repeated. It reports whether the request itself is recorded.
func (l *Ledger) Finish(ctx context.Context, h Home, feature consent.Feature, id string, actor auditlog.Actor, end End) (recorded bool, err error) {
	prepared, err := l.Audit.Prepare(ctx, h.DB, auditlog.Entry{
		Tenant: h.Tenant, Actor: actor, Action: auditlog.EndSendToModel, Outcome: auditlog.Done, Reason: end.Reason, Of: id,
		Counts: map[string]int64{"promptTokens": end.PromptTokens, "answerTokens": end.AnswerTokens, "answerBytes": end.AnswerBytes},
		Model:  &auditlog.ModelCall{Version: end.Version, SHA256: end.AnswerSHA256, Status: string(end.Status)},
	})
	if err != nil {
		return false, err
	}
	err = prepared.Commit(ctx, h.DB, func(tx *firestore.Transaction) (acts bool, err error) {
		docs, err := tx.GetAll([]*firestore.DocumentRef{h.Sends().Doc(id), h.SpendRef(feature)})
		if err != nil {
			return false, fmt.Errorf("read model send and spend: %w", err)
		}
		var s Send
		if s, recorded, err = Recorded(docs); err != nil || !recorded {
			return false, err
		}
		if s.EndEntry != "" {
			return s.EndEntry == prepared.ID, nil
		}
		return true, l.finish(tx, docs, s, end, prepared.ID)
	})
	return recorded, err
}

// finish writes the end of s. docs are the documents of the request and of the spend.
func (l *Ledger) finish(tx *firestore.Transaction, docs []*firestore.DocumentSnapshot, s Send, end End, entry string) error {
	var used spend
	if docs[1].Exists() {
		if err := docs[1].DataTo(&used); err != nil {
			return fmt.Errorf("read model spend: %w", err)
		}
	}
	s.Ended, s.EndEntry, s.Status, s.Reason, s.Version = l.Now().UTC().Truncate(time.Microsecond), entry, end.Status, end.Reason, end.Version
	s.PromptTokens, s.AnswerTokens, s.AnswerBytes, s.AnswerSHA256 = end.PromptTokens, end.AnswerTokens, end.AnswerBytes, end.AnswerSHA256
	tokens := s.Reserved
	if end.TokensKnown || end.Status == NotSent {
		tokens = end.PromptTokens + end.AnswerTokens
	}
	if err := tx.Set(docs[1].Ref, used.settle(s.Time, s.Reserved, tokens, end.Status != NotSent)); err != nil {
		return fmt.Errorf("write model spend: %w", err)
	}
	if err := tx.Set(docs[0].Ref, s); err != nil {
		return fmt.Errorf("write model send: %w", err)
	}
	return nil
}
