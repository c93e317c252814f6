// Package certificate defines the certificate of an offboarding: what existed, what was erased
// and when, and what remains. It verifies one offline.
//
// A certificate is a signed note (c2sp.org/signed-note). Its text has two lines: the name that
// signs, and the Certificate as canonical JSON (RFC 8785). The fields follow the certificate of
// sanitization in NIST SP 800-88 Rev. 2, section 4.6 and appendix.
package certificate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/note"
)

// Format is the format of certificates that this package writes and reads.
const Format = "strongroom.dev/certificate/v1"

// The kinds of certificates.
const (
	Interim = "interim" // when the offboarding has begun: what exists, and what will be done
	Final   = "final"   // when nothing is left but what Remains lists
)

// The methods, as NIST SP 800-88 Rev. 2 names them.
const (
	CryptographicErase = "cryptographic erase" // every copy is encrypted, and the key is destroyed
	Purge              = "purge"               // deleted, and the time is over in which Google keeps copies
	None               = "none"                // it is kept
)

// Certificate is what the platform certifies.
type Certificate struct {
	Format  string    `json:"format"`
	Kind    string    `json:"kind"` // Interim or Final
	Tenant  string    `json:"tenant"`
	Issued  time.Time `json:"issued"`
	Request string    `json:"request"` // audit entry of the admin who asked for the offboarding
	Start   string    `json:"start"`   // audit entry of the staff who started it
	Started time.Time `json:"started"`
	Tool    string    `json:"tool"` // what did it

	Stores  []Store `json:"stores"`
	Keys    []Key   `json:"keys"`
	Remains []Left  `json:"remains"`

	Verification string `json:"verification"` // how the result was verified

	// Checkpoint is the newest published checkpoint of the tenant's audit log, a signed note.
	Checkpoint string `json:"checkpoint"`
}

// Store is one place that had data of the tenant.
type Store struct {
	Name    string     `json:"name"`
	What    string     `json:"what"`
	Method  string     `json:"method"`
	Found   int64      `json:"found"`            // objects or documents when the offboarding began
	Bytes   int64      `json:"bytes"`            // of these objects; 0 for documents
	Digest  string     `json:"digest"`           // SHA-256 over their names, generations and checksums, or paths, in order
	Erased  *time.Time `json:"erased,omitempty"` // when the last of them was deleted; absent: not yet
	Present int64      `json:"present"`          // objects or documents when the certificate was issued
}

// Key is a version of the tenant's key.
type Key struct {
	Version   string     `json:"version"` // projects/…/cryptoKeyVersions/…
	State     string     `json:"state"`   // as Cloud KMS names it
	Destroyed *time.Time `json:"destroyed,omitempty"`
}

// Left is something that remains, and why.
type Left struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Origin returns the name that signs the certificates of a tenant.
func Origin(host, tenant string) string { return host + "/v1/tenants/" + tenant + "/certificates" }

// Text returns the text of the note of a certificate.
func (c Certificate) Text(origin string) (string, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode certificate: %w", err)
	}
	value := jsontext.Value(plain)
	if err := value.Canonicalize(); err != nil {
		return "", fmt.Errorf("canonicalize certificate: %w", err)
	}
	return origin + "\n" + string(value) + "\n", nil
}

// maxNote bounds what Verify reads: the limit of a document in Firestore.
const maxNote = 1 << 20

// Verify returns the certificate in a note that one of the verifier keys has signed.
func Verify(signed []byte, keys ...string) (c Certificate, err error) {
	if len(signed) > maxNote {
		return c, errors.New("it is longer than a certificate can be")
	}
	var verifiers []note.Verifier
	for _, key := range keys {
		v, err := note.NewVerifier(key)
		if err != nil {
			return c, fmt.Errorf("read the verifier key: %w", err)
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return c, fmt.Errorf("the signature is not valid for the given keys: %w", err)
	}
	return parse(n)
}

// parse reads the text of a note that was verified.
func parse(n *note.Note) (c Certificate, err error) {
	origin, body, ok := strings.Cut(n.Text, "\n")
	if !ok || origin != n.Sigs[0].Name {
		return c, errors.New("another name has signed it than its first line says")
	}
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("read certificate: %w", err)
	}
	switch again, err := c.Text(origin); {
	case err != nil:
		return c, err
	case again != n.Text:
		return c, errors.New("its text is not canonical")
	case c.Format != Format:
		return c, fmt.Errorf("its format is %q; this program reads %s", c.Format, Format)
	case !strings.HasSuffix(origin, "/v1/tenants/"+c.Tenant+"/certificates"):
		return c, errors.New("it is signed with the name of another tenant")
	}
	return c, c.check()
}

// check finds a final certificate that contradicts itself.
func (c Certificate) check() error {
	if c.Kind != Interim && c.Kind != Final {
		return fmt.Errorf("its kind is %q", c.Kind)
	}
	if c.Kind == Interim {
		return nil
	}
	for _, s := range c.Stores {
		if s.Present > 0 && s.Method != None {
			return fmt.Errorf("it is final, and %s still has %d of %d", s.Name, s.Present, s.Found)
		}
	}
	for _, k := range c.Keys {
		if k.State != "DESTROYED" {
			return fmt.Errorf("it is final, and the key version %s is %s", k.Version, k.State)
		}
	}
	return nil
}
