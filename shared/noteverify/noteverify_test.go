package noteverify_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	formats "github.com/transparency-dev/formats/note"

	"github.com/strongroom-dev/strongroom/emulator/logtest"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// peterNeumann is the example of golang.org/x/mod/sumdb/note.
const (
	peterNeumannKey  = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
	peterNeumannNote = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
		"— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

func keysOf(t testing.TB, texts ...string) []noteverify.Key {
	t.Helper()
	var all []noteverify.Key
	for _, text := range texts {
		k, err := noteverify.ParseKey(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}

func TestNotesOfOtherImplementationsAreVerified(t *testing.T) {
	t.Parallel()
	n, err := noteverify.Open([]byte(peterNeumannNote), keysOf(t, peterNeumannKey, peterNeumannKey))
	if err != nil || len(n.Signatures) != 1 || len(n.Unknown) > 0 {
		t.Errorf("%+v, %v", n, err)
	}
	if n, err = noteverify.Open([]byte(peterNeumannNote), nil); err != nil || len(n.Signatures) > 0 || len(n.Unknown) != 1 {
		t.Errorf("without a key: %+v, %v", n, err)
	}
}

func TestNotesThatAreRefused(t *testing.T) {
	t.Parallel()
	signature := peterNeumannNote[strings.Index(peterNeumannNote, "— "):]
	for name, c := range map[string]struct {
		note string
		want error
	}{
		"another text":                         {note: strings.Replace(peterNeumannNote, "think", "thinx", 1), want: noteverify.ErrSignature},
		"another signature":                    {note: strings.Replace(peterNeumannNote, "ZJkuBS", "ZJkuBT", 1), want: noteverify.ErrSignature},
		"the same signature twice":             {note: peterNeumannNote + signature, want: noteverify.ErrTwoSignatures},
		"two keys of one name":                 {note: peterNeumannNote + "— PeterNeumann AAAAAAAAAA==\n", want: noteverify.ErrTwoSignatures},
		"bits that base64 does not use":        {note: strings.Replace(peterNeumannNote, "nAM=", "nAN=", 1), want: noteverify.ErrMalformed},
		"no signature":                         {note: "text\n", want: noteverify.ErrMalformed},
		"an empty note":                        {note: "", want: noteverify.ErrMalformed},
		"no newline at the end":                {note: strings.TrimSuffix(peterNeumannNote, "\n"), want: noteverify.ErrMalformed},
		"a signature of too few bytes":         {note: "text\n\n— a AAAA\n", want: noteverify.ErrMalformed},
		"a line that is not a signature":       {note: peterNeumannNote + "hello\n", want: noteverify.ErrMalformed},
		"more bytes than a note may have":      {note: strings.Repeat("x", noteverify.MaxFile) + peterNeumannNote, want: noteverify.ErrMalformed},
		"more signatures than a note may have": {note: manySignatures(), want: noteverify.ErrMalformed},
	} {
		if _, err := noteverify.Open([]byte(c.note), keysOf(t, peterNeumannKey)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manySignatures() string {
	text := strings.Builder{}
	text.WriteString("text\n\n")
	for i := range 101 {
		fmt.Fprintf(&text, "— a%d AAAAAAAAAA==\n", i)
	}
	return text.String()
}

func TestKeysHaveOneSpelling(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"another name":                       strings.Replace(peterNeumannKey, "Peter", "Beter", 1),
		"another hash":                       strings.Replace(peterNeumannKey, "c74f", "c74e", 1),
		"a hash in upper case":               strings.Replace(peterNeumannKey, "c74f20a3", "C74F20A3", 1),
		"another key":                        strings.Replace(peterNeumannKey, "Rpc2", "Rpc3", 1),
		"space":                              peterNeumannKey + " ",
		"no key":                             "PeterNeumann+c74f20a3+",
		"nothing":                            "",
		"a private key":                      "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
		"a name only":                        "PeterNeumann",
		"a type that this version cannot do": "name+1f1a3b0c+AhpcAAAA",
	} {
		if _, err := noteverify.ParseKey(text); !errors.Is(err, noteverify.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"no keys": "", "no newline": peterNeumannKey, "an empty line": peterNeumannKey + "\n\n", "carriage returns": peterNeumannKey + "\r\n",
		"too many keys": strings.Repeat(peterNeumannKey+"\n", 1025), "too many bytes": strings.Repeat("x", noteverify.MaxFile+1),
	} {
		if _, err := noteverify.ParseKeys([]byte(text)); err == nil {
			t.Errorf("a file with %s is accepted", name)
		}
	}
	if all, err := noteverify.ParseKeys([]byte(peterNeumannKey + "\n" + peterNeumannKey + "\n")); err != nil || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestTimesOfCosignaturesAreRead(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 3)
	signed := l.Checkpoint(t, 3, l.Witness)
	keys := keysOf(t, l.Key.Key, l.Time.Key, l.Witness.Key)
	n, err := noteverify.Open(signed, keys)
	if err != nil || len(n.Signatures) != 3 {
		t.Fatalf("%+v, %v", n, err)
	}
	for i, timed := range []bool{false, true, true} {
		if s, ok := n.By(keys[i]); !ok || s.Time.IsZero() == timed {
			t.Errorf("%s: %v", keys[i].Name(), s.Time)
		}
	}
	own, err := keys[0].TimeKey(keys[1].Name())
	if diff := cmp.Diff(l.Time.Key, own.Text); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := keys[1].TimeKey("other"); err == nil {
		t.Error("a time key has a time key")
	}
}

// TestPostQuantumCosignaturesAreVerified uses ML-DSA-44.
func TestPostQuantumCosignaturesAreVerified(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 3)
	private, public, err := formats.GenerateMLDSAKey("quantum.example.com")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := formats.NewMLDSASigner(private)
	if err != nil {
		t.Fatal(err)
	}
	signed := l.Checkpoint(t, 3, logtest.Signer{Signer: signer, Key: public})
	keys := keysOf(t, l.Key.Key, public)
	n, err := noteverify.Open(signed, keys)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := n.By(keys[1]); !ok || s.Time.IsZero() {
		t.Errorf("%+v", n)
	}
}

func TestCheckpointsHaveTheFormOfTheStandard(t *testing.T) {
	t.Parallel()
	root := "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"a checkpoint":                {"example.com/log\n3\n" + root, true},
		"an extension line":           {"example.com/log\n3\n" + root + "more\n", false},
		"a size with a leading zero":  {"example.com/log\n03\n" + root, false},
		"a size that is no number":    {"example.com/log\n-3\n" + root, false},
		"a size that no log has":      {"example.com/log\n9223372036854775807\n" + root, false},
		"a root of too few bytes":     {"example.com/log\n3\n47DE\n", false},
		"no root":                     {"example.com/log\n3\n", false},
		"bits that base64 cannot use": {"example.com/log\n3\n" + strings.Replace(root, "uFU=", "uFV=", 1), false},
		"no origin":                   {"\n3\n" + root, false},
	} {
		if _, err := (noteverify.Note{Text: c.text}).Checkpoint(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPoliciesAreSatisfiedByTheirQuorum(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 3)
	var witnesses []logtest.Signer
	base := "# a comment\nlog " + l.Key.Key + " https://strongroom.example.com\n"
	for i := range 3 {
		w := logtest.NewSigner(t, fmt.Sprintf("w%d.example.com", i), true)
		witnesses = append(witnesses, w)
		base += fmt.Sprintf("witness w%d\t%s\n", i, w.Key)
	}
	for name, c := range map[string]struct {
		rest string
		want []bool // with 0, 1, 2 and 3 witnesses
	}{
		"no quorum":          {"quorum none\n", []bool{true, true, true, true}},
		"one witness":        {"quorum w0\n", []bool{false, true, true, true}},
		"any of a group":     {"group g any w0 w1\nquorum g\n", []bool{false, true, true, true}},
		"all of a group":     {"group g all w0 w1 w2\nquorum g\n", []bool{false, false, false, true}},
		"two of three":       {"group g 2 w0 w1 w2\n\nquorum g\n", []bool{false, false, true, true}},
		"a group of a group": {"group g any w1 w2\ngroup h all w0 g\nquorum h\n", []bool{false, false, true, true}},
	} {
		p, err := noteverify.ParsePolicy([]byte(base + c.rest))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n, want := range c.want {
			opened, err := noteverify.Open(l.Checkpoint(t, 3, witnesses[:n]...), p.Witnesses)
			if err != nil || p.Satisfied(opened) != want {
				t.Errorf("%s: with %d witnesses %v, %v", name, n, p.Satisfied(opened), err)
			}
		}
	}
}

func TestPoliciesThatAreRefused(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 0)
	w, other := l.Witness.Key, logtest.NewSigner(t, "other.example.com", true).Key
	for name, text := range map[string]string{
		"empty":                                "",
		"no quorum":                            "log " + l.Key.Key + "\n",
		"two quorums":                          "quorum none\nquorum none\n",
		"an unknown keyword":                   "logs " + l.Key.Key + "\nquorum none\n",
		"an unknown quorum":                    "quorum w\n",
		"a member that is defined later":       "group g any w\nwitness w " + w + "\nquorum g\n",
		"a member twice":                       "witness w " + w + "\ngroup g 2 w w\nquorum g\n",
		"a name twice":                         "witness w " + w + "\nwitness w " + other + "\nquorum w\n",
		"a key under two names":                "witness w " + w + "\nwitness v " + w + "\ngroup g 2 v w\nquorum g\n",
		"a witness called none":                "witness none " + w + "\nquorum none\n",
		"a threshold of 0":                     "witness w " + w + "\ngroup g 0 w\nquorum g\n",
		"a threshold above the members":        "witness w " + w + "\ngroup g 2 w\nquorum g\n",
		"a threshold with a sign":              "witness w " + w + "\ngroup g +1 w\nquorum g\n",
		"a group without members":              "group g all\nquorum g\n",
		"a log's key as a witness":             "witness w " + l.Key.Key + "\nquorum w\n",
		"a witness's key as a log":             "log " + w + "\nquorum none\n",
		"a key that is changed":                "log " + l.Key.Key[1:] + "\nquorum none\n",
		"no newline at the end":                "quorum none",
		"a vertical tab in place of a newline": "log " + l.Key.Key + "\nquorum none\v",
		"too many bytes":                       strings.Repeat("#", noteverify.MaxFile) + "\nquorum none\n",
	} {
		if _, err := noteverify.ParsePolicy([]byte(text)); err == nil {
			t.Errorf("accepted: %s", name)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(peterNeumannKey)
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := noteverify.ParseKey(text); err == nil && k.Text != text {
			t.Errorf("%q is read as %q", text, k.Text)
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	f.Add("log " + peterNeumannKey + "\ngroup g 1 a\nquorum none\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := noteverify.ParsePolicy([]byte(text))
		if err == nil && !p.Satisfied(noteverify.Note{}) && len(p.Witnesses) == 0 {
			t.Errorf("%q needs a witness and names none", text)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(peterNeumannNote))
	f.Fuzz(func(t *testing.T, signed []byte) {
		n, err := noteverify.Open(signed, keysOf(t, peterNeumannKey))
		if err == nil && len(n.Signatures) > 0 && !strings.HasPrefix(peterNeumannNote, n.Text) {
			t.Errorf("%q has a signature", signed)
		}
	})
}
