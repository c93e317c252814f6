package audit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	formats "github.com/transparency-dev/formats/log"
	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
)

// maxNoteBytes limits a signed checkpoint: the cosignatures of 16 witnesses with
// ML-DSA-44 have 54 KiB.
const maxNoteBytes = 64 << 10

type cosignRequest struct {
	Tenant  string `path:"tenant" class:"operational"`
	RawBody []byte `contentType:"text/plain" class:"operational"`
}

type cosignResponse struct {
	Body struct {
		Size      int64    `json:"size" class:"operational" doc:"Size of the cosigned tree"`
		Witnesses []string `json:"witnesses" class:"operational" doc:"Names of the registered witnesses whose cosignatures the request has"`
	}
}

// cosign stores the cosignatures of registered witnesses of a checkpoint that the
// log has published.
func (h *Handler) cosign(ctx context.Context, in *cosignRequest) (*cosignResponse, error) {
	signed, err := h.openNote(ctx, in.RawBody)
	if err != nil {
		return nil, err
	}
	if len(signed.cosignatures) == 0 {
		return nil, h.guard.DenyWitness(ctx, access.From(ctx))
	}
	if err := h.comparePublished(ctx, signed); err != nil {
		return nil, err
	}
	if err := h.record(ctx, auditlog.CosignAuditLog); err != nil {
		return nil, err
	}
	s := access.From(ctx)
	err = auditlog.SaveCosignatures(ctx, s.DB, s.Tenant.ID, signed.cosignatures)
	if errors.Is(err, auditlog.ErrOlderCheckpoint) {
		return nil, api.Refuse(http.StatusConflict, api.OlderCheckpointText)
	}
	if err != nil {
		return nil, err
	}
	out := &cosignResponse{}
	out.Body.Size, out.Body.Witnesses = signed.size, signed.names
	return out, nil
}

// signedCheckpoint is a checkpoint with verified signatures.
type signedCheckpoint struct {
	text         string
	size         int64
	names        []string // of the witnesses
	cosignatures []auditlog.Cosignature
}

// openNote verifies the signatures of a note. It returns a problem unless the note is
// a checkpoint of the session's log with the log's own signature.
func (h *Handler) openNote(ctx context.Context, body []byte) (signedCheckpoint, error) {
	invalid := func(detail string) error { return api.Refuse(http.StatusBadRequest, detail) }
	if hasTwoSignaturesOfOneName(string(body)) {
		return signedCheckpoint{}, invalid("the note has two signatures under one name; send one for each name")
	}
	platform, witnesses, err := h.verifiers(ctx)
	if err != nil {
		return signedCheckpoint{}, err
	}
	opened, err := note.Open(body, note.VerifierList(append(platform, witnesses.list...)...))
	if unknown := (*note.UnverifiedNoteError)(nil); errors.As(err, &unknown) {
		return signedCheckpoint{}, invalid("the note has no signature of this log; send a checkpoint as the log serves it, with your cosignature")
	}
	if wrong := (*note.InvalidSignatureError)(nil); errors.As(err, &wrong) {
		return signedCheckpoint{}, invalid("a signature of the note does not verify; sign the checkpoint again")
	}
	if err != nil {
		return signedCheckpoint{}, invalid("the body is not a signed note of c2sp.org/signed-note")
	}
	var checkpoint formats.Checkpoint
	rest, err := checkpoint.Unmarshal([]byte(opened.Text))
	if err != nil || len(rest) > 0 || checkpoint.Origin != h.origin(ctx) {
		return signedCheckpoint{}, invalid("the note is not a checkpoint of this log")
	}
	signed := signedCheckpoint{text: opened.Text, size: int64(checkpoint.Size)}
	return signed, signed.addSignatures(opened, witnesses, h.origin(ctx))
}

// addSignatures sorts the verified signatures into those of the platform and
// those of witnesses.
func (s *signedCheckpoint) addSignatures(opened *note.Note, witnesses witnessVerifiers, origin string) error {
	own, byLog := s.text+"\n", false
	for _, signature := range opened.Sigs {
		line := fmt.Sprintf("— %s %s\n", signature.Name, signature.Base64)
		key, isWitness := witnesses.keys[signature.Name]
		if !isWitness {
			own, byLog = own+line, byLog || signature.Name == origin
			continue
		}
		at, err := cosignature.CoSigV1Timestamp(signature)
		if err != nil {
			return fmt.Errorf("read the time of a cosignature: %w", err)
		}
		s.names = append(s.names, signature.Name)
		s.cosignatures = append(s.cosignatures, auditlog.Cosignature{Witness: key, Size: s.size, Time: at.UTC().Truncate(time.Second), Line: line})
	}
	if !byLog {
		return api.Refuse(http.StatusBadRequest, "the note has no signature of this log; send a checkpoint as the log serves it, with your cosignature")
	}
	for i := range s.cosignatures {
		s.cosignatures[i].Checkpoint = []byte(own)
	}
	return nil
}

// hasTwoSignaturesOfOneName looks at the lines after the text of a note. What is
// not a note has none.
func hasTwoSignaturesOfOneName(signed string) bool {
	_, signatures, _ := cutLast(signed, "\n\n")
	seen := map[string]bool{}
	for line := range strings.Lines(signatures) {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// witnessVerifiers are the registered witnesses.
type witnessVerifiers struct {
	list []note.Verifier
	keys map[string]string // verifier key by name
}

// verifiers returns the verifiers of the platform's signatures, of all versions of
// the log key, and those of the tenant's witnesses.
func (h *Handler) verifiers(ctx context.Context) (platform []note.Verifier, witnesses witnessVerifiers, err error) {
	keys, err := h.logKeys(ctx)
	if err != nil {
		return nil, witnesses, err
	}
	for _, k := range keys {
		log, err := note.NewVerifier(k.log)
		if err != nil {
			return nil, witnesses, fmt.Errorf("read the log's own key: %w", err)
		}
		times, err := cosignature.NewVerifierForCosignatureV1(k.time)
		if err != nil {
			return nil, witnesses, fmt.Errorf("read the log's own key: %w", err)
		}
		platform = append(platform, log, times)
	}
	witnesses.keys = map[string]string{}
	for _, key := range access.From(ctx).Tenant.Witnesses {
		v, err := cosignature.NewVerifierForCosignatureV1(key)
		if err != nil {
			return nil, witnesses, fmt.Errorf("read the key of a witness: %w", err)
		}
		witnesses.list, witnesses.keys[v.Name()] = append(witnesses.list, v), key
	}
	return platform, witnesses, nil
}

// comparePublished compares the text of a checkpoint with the one that the log has
// published for its size. If they differ, somebody showed the witness another log:
// the log's signature proves that its key signed both.
func (h *Handler) comparePublished(ctx context.Context, signed signedCheckpoint) error {
	tree, err := h.tree(ctx)
	if err != nil {
		return err
	}
	published := tree.Checkpoint
	if signed.size < tree.Size {
		if published, err = h.readCheckpoint(ctx, signed.size); err != nil {
			return err
		}
	}
	if strings.HasPrefix(string(published), signed.text+"\n") {
		return nil
	}
	api.Logger(ctx).ErrorContext(ctx, "audit log fork claimed", "tenant", access.From(ctx).Tenant.ID, "size", signed.size, "checkpoint", signed.text)
	return api.Refuse(http.StatusUnprocessableEntity, api.ForkText)
}

// readCheckpoint reads the checkpoint of a size. If the log has published none of
// that size, it returns nothing.
func (h *Handler) readCheckpoint(ctx context.Context, size int64) ([]byte, error) {
	from, err := h.bucket(ctx)
	if err != nil {
		return nil, err
	}
	published, err := bucket.Read(ctx, from.Object(fmt.Sprintf("checkpoint/%d", size)), maxNoteBytes)
	if bucket.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, bucketError(ctx, err)
	}
	return published, nil
}
