package signednote

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	kms "cloud.google.com/go/kms/apiv1"
	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// algorithmCosignature is the signature type "Ed25519 cosignature" of
// c2sp.org/signed-note.
const algorithmCosignature = 0x04

// CosignerKey returns the verifier key of k's timestamped signatures under
// name, as c2sp.org/tlog-cosignature writes it.
func (k Key) CosignerKey(name string) string {
	data := append([]byte{algorithmCosignature}, k.Public...)
	return fmt.Sprintf("%s+%08x+%s", name, cosignerHash(name, data), base64.StdEncoding.EncodeToString(data))
}

func cosignerHash(name string, data []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), data...))
	return binary.BigEndian.Uint32(sum[:])
}

// Cosign adds to a signed checkpoint a signature of k under name that says that
// the checkpoint was the newest one at a time. A signed note has no time of its
// own, so this is how a reader knows that a checkpoint is fresh. A signature
// that the checkpoint already has under name is replaced.
func (k Key) Cosign(ctx context.Context, client *kms.KeyManagementClient, name string, checkpoint []byte, at time.Time) ([]byte, error) {
	text, signatures, ok := strings.Cut(string(checkpoint), "\n\n")
	if !ok {
		return nil, errors.New("cosign checkpoint: it has no signature")
	}
	text += "\n"
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at.Unix(), text)
	signature, err := k.signData(ctx, client, []byte(message))
	if err != nil {
		return nil, fmt.Errorf("cosign checkpoint: %w", err)
	}
	data := append([]byte{algorithmCosignature}, k.Public...)
	line := binary.BigEndian.AppendUint32(nil, cosignerHash(name, data))
	line = append(binary.BigEndian.AppendUint64(line, uint64(at.Unix())), signature...)
	var kept strings.Builder
	for old := range strings.Lines(signatures) {
		if !strings.HasPrefix(old, "— "+name+" ") {
			kept.WriteString(old)
		}
	}
	return fmt.Appendf(nil, "%s\n%s— %s %s\n", text, kept.String(), name, base64.StdEncoding.EncodeToString(line)), nil
}

// CosignedAt returns the time of a timestamped signature of a checkpoint, which
// is verified. cosignerKey is as CosignerKey returns it.
func CosignedAt(checkpoint []byte, cosignerKey string) (time.Time, error) {
	verifier, err := formats.NewVerifierForCosignatureV1(cosignerKey)
	if err != nil {
		return time.Time{}, fmt.Errorf("read cosigner key: %w", err)
	}
	opened, err := note.Open(checkpoint, note.VerifierList(verifier))
	if err != nil {
		return time.Time{}, fmt.Errorf("verify cosignature: %w", err)
	}
	at, err := formats.CoSigV1Timestamp(opened.Sigs[0])
	if err != nil {
		return time.Time{}, fmt.Errorf("read cosignature: %w", err)
	}
	return at, nil
}
