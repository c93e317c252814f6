package certificate_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/strongroom-dev/strongroom/shared/certificate"
)

var origin = certificate.Origin("api.example.com", "acme")

func signer(t testing.TB, name string) (note.Signer, string) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s, public
}

func good() certificate.Certificate {
	erased := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	return certificate.Certificate{
		Format: certificate.Format, Kind: certificate.Final, Tenant: "acme", Issued: erased, Started: erased,
		Stores:  []certificate.Store{{Name: "bucket", Method: certificate.CryptographicErase, Found: 3, Erased: &erased}},
		Keys:    []certificate.Key{{Version: "v/1", State: "DESTROYED", Destroyed: &erased}},
		Remains: []certificate.Left{{What: "audit log", Why: "contract"}},
	}
}

func sign(t testing.TB, s note.Signer, text string) []byte {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestACertificateIsVerifiedOffline(t *testing.T) {
	t.Parallel()
	s, key := signer(t, origin)
	text, err := good().Text(origin)
	if err != nil {
		t.Fatal(err)
	}
	got, err := certificate.Verify(sign(t, s, text), key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(good(), got); diff != "" {
		t.Error(diff)
	}
}

func TestCertificatesThatAreRefused(t *testing.T) {
	t.Parallel()
	s, key := signer(t, origin)
	other, otherKey := signer(t, certificate.Origin("api.example.com", "globex"))
	text, err := good().Text(origin)
	if err != nil {
		t.Fatal(err)
	}
	textOf := func(change func(*certificate.Certificate)) string {
		c := good()
		change(&c)
		changed, err := c.Text(origin)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	for name, c := range map[string]struct {
		signed []byte
		key    string
		want   string
	}{
		"one bit is changed":               {[]byte(strings.Replace(string(sign(t, s, text)), `"found":3`, `"found":2`, 1)), key, "signature"},
		"the key of another tenant":        {sign(t, s, text), otherKey, "signature"},
		"the name of another tenant":       {sign(t, other, text), otherKey, "another name"},
		"of another tenant":                {sign(t, s, textOf(func(c *certificate.Certificate) { c.Tenant = "globex" })), key, "another tenant"},
		"an unknown format":                {sign(t, s, textOf(func(c *certificate.Certificate) { c.Format = "v2" })), key, "format"},
		"an unknown kind":                  {sign(t, s, textOf(func(c *certificate.Certificate) { c.Kind = "" })), key, "kind"},
		"final, and something is left":     {sign(t, s, textOf(func(c *certificate.Certificate) { c.Stores[0].Present = 1 })), key, "still has 1"},
		"final, and a key is not gone":     {sign(t, s, textOf(func(c *certificate.Certificate) { c.Keys[0].State = "DISABLED" })), key, "DISABLED"},
		"an unknown field":                 {sign(t, s, strings.Replace(text, `{"checkpoint"`, `{"a":1,"checkpoint"`, 1)), key, "unknown field"},
		"JSON that is not canonical":       {sign(t, s, strings.Replace(text, `{"checkpoint"`, `{ "checkpoint"`, 1)), key, "canonical"},
		"a text that is no verifier key":   {sign(t, s, text), "none", "verifier key"},
		"a file that is too long":          {make([]byte, 2<<20), key, "longer"},
		"a note with text after the JSON":  {sign(t, s, text+"more\n"), key, "canonical"},
		"a text that is no certificate":    {sign(t, s, origin+"\nhello\n"), key, "read certificate"},
		"an empty file":                    {nil, key, "signature"},
		"a note of this name without JSON": {sign(t, s, origin+"\n"), key, "read certificate"},
	} {
		if _, err := certificate.Verify(c.signed, c.key); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzVerify looks for a text that is accepted and not canonical.
func FuzzVerify(f *testing.F) {
	s, key := signer(f, origin)
	text, err := good().Text(origin)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text string) {
		signed, err := note.Sign(&note.Note{Text: text}, s)
		if err != nil {
			t.Skip()
		}
		c, err := certificate.Verify(signed, key)
		if err != nil {
			return
		}
		if again, err := c.Text(origin); err != nil || again != text {
			t.Errorf("%q is accepted, and its certificate is %q, %v", text, again, err)
		}
	})
}
