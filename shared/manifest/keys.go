package manifest

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// KeysFile is where a directory may have the verifier keys that its export was
// verified with when it was pulled. It is not part of the export.
const KeysFile = "keys.txt"

// Keys are what an export is verified with. They are published at
// GET /v1/tenants/{tenant}/audit/log/keys.
type Keys struct {
	Manifest note.Verifiers // of notes of manifests
	Log      note.Verifiers // of checkpoints of the audit log
}

// The ends of the names that sign.
const (
	manifestOrigin = "/exports"
	logOrigin      = "/audit/log"
)

// ErrNoKeys is the error of a list of verifier keys without one of a manifest or
// without one of an audit log.
var ErrNoKeys = errors.New("there is no verifier key of manifests, or none of the audit log")

// ParseKeys parses verifier keys, one on each line, as the platform publishes them.
// Keys with other names, such as those of the times of checkpoints, are ignored.
func ParseKeys(text string) (Keys, error) {
	var manifests, logs []note.Verifier
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		name, _, _ := strings.Cut(line, "+")
		isManifest := strings.HasSuffix(name, manifestOrigin)
		if !isManifest && !strings.HasSuffix(name, logOrigin) {
			continue
		}
		verifier, err := note.NewVerifier(line)
		if err != nil {
			return Keys{}, fmt.Errorf("read the verifier key of %s: %w", name, err)
		}
		if isManifest {
			manifests = append(manifests, verifier)
		} else {
			logs = append(logs, verifier)
		}
	}
	if len(manifests) == 0 || len(logs) == 0 {
		return Keys{}, ErrNoKeys
	}
	return Keys{Manifest: note.VerifierList(manifests...), Log: note.VerifierList(logs...)}, nil
}
