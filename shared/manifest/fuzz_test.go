package manifest

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzReadList looks for a line whose names are not paths below the export.
func FuzzReadList(f *testing.F) {
	f.Add([]byte(`{"name":"runs/x.jsonl.gz","size":1,"crc32c":"AAAAAA==","sha256":"00","rows":1}` + "\n"))
	f.Add([]byte(`{"name":"parts/prod/run/x/00001","size":1,"crc32c":"","rows":0,"part":{"workspace":"prod","run":"run","output":"x",` +
		`"part":1,"generation":1,"checksum":"crc32c-only","path":"outputs/prod/run/x","offset":0}}` + "\n"))
	f.Add([]byte(`{"name":"bundles/prod/x.bundle","size":1,"crc32c":"","sha256":"00","rows":0,"bundle":{"workspace":"prod",` +
		`"commit":"4b825dc642cb6eb9a060e54bf8d69288fbee4904","digest":"` + strings.Repeat("0", 64) + `","path":"configuration/prod.bundle"}}` + "\n"))
	f.Add([]byte(`{"name":"../x"}`))
	f.Fuzz(func(t *testing.T, list []byte) {
		_ = ReadList(bytes.NewReader(list), func(file File) error {
			names := []string{file.Name}
			if file.Part != nil {
				names = append(names, file.Part.Path)
			}
			if file.Bundle != nil {
				names = append(names, file.Bundle.Path)
			}
			for _, name := range names {
				if !fs.ValidPath(name) || !filepath.IsLocal(name) || IsManifest(name) || name == KeysFile {
					t.Errorf("the name %q is accepted", name)
				}
			}
			if file.Part == nil && file.SHA256 == "" {
				t.Errorf("%q has no SHA-256", file.Name)
			}
			return nil
		})
	})
}

// FuzzParseKeys looks for keys that are accepted without one of each kind.
func FuzzParseKeys(f *testing.F) {
	f.Add("example.com/v1/tenants/acme/exports+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n")
	f.Add("example.com/audit/log+00000000+AA\n\n+")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := ParseKeys(text)
		if err == nil && (keys.Manifest == nil || keys.Log == nil || strings.Count(text, "+") < 4) {
			t.Errorf("%q is accepted", text)
		}
	})
}

// FuzzParseNoteText looks for a text that is accepted and is not one that NoteText
// writes.
func FuzzParseNoteText(f *testing.F) {
	f.Add(NoteText("example.com/v1/tenants/acme/exports", "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31", make([]byte, 32)))
	f.Add("a\nb\nsha256 00\n")
	f.Fuzz(func(t *testing.T, text string) {
		export, digest, err := parseNoteText(text)
		if err != nil {
			return
		}
		origin, _, _ := strings.Cut(text, "\n")
		if want := origin + "\n" + export + "\nsha256 " + digest + "\n"; want != text || len(digest) != 64 {
			t.Errorf("%q is read as %q", text, want)
		}
	})
}
