package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
)

// maxClientID is the longest client ID in bytes.
const maxClientID = 255

// ClientKey identifies the pair of an issuer and a client ID, by which a token's
// tenant is found.
func ClientKey(issuer, clientID string) string {
	sum := sha256.Sum256([]byte(issuer + "\x00" + clientID))
	return hex.EncodeToString(sum[:])
}

// ClientKeys returns the sorted ClientKey of each client ID in trust.
func ClientKeys(trust []Trust) []string {
	keys := []string{}
	for _, t := range trust {
		for _, id := range t.ClientIDs {
			keys = append(keys, ClientKey(t.Issuer, id))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// validateClients makes sure that a token finds its tenant by each client ID, and by no
// other pair.
func (r Record) validateClients() error {
	stored := slices.Sorted(slices.Values(r.Clients))
	if !slices.Equal(ClientKeys(r.Trust), slices.Compact(stored)) {
		return errors.New("clients does not have the keys of the client IDs in trust")
	}
	return nil
}

func (t Trust) validateClientIDs() error {
	for _, id := range t.ClientIDs {
		if id == "" || len(id) > maxClientID {
			return errors.New("a client ID has 1 to 255 bytes")
		}
	}
	return nil
}
