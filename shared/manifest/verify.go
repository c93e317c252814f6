package manifest

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/note"
)

// Keys are what an export is verified with. They are published at
// GET /v1/tenants/{tenant}/audit/log/keys.
type Keys struct {
	Manifest note.Verifiers // of notes of manifests
	Log      note.Verifiers // of checkpoints of the audit log
}

// Report is the result of Verify.
type Report struct {
	Manifest Manifest // zero if it is not authentic
	Files    int      // that were verified, without the manifest and its note
	Bytes    int64    // of these files
	Problems []Problem
}

// Problem is what is wrong with a file of an export.
type Problem struct {
	Name string // empty: the export as a whole
	What string // such as "it is missing"
}

// Limits of what Verify reads into memory.
const (
	maxNote = 64 << 10
	maxLine = 4 << 10 // of a list
)

// Verify verifies the export in a directory: its signature, its inclusion in the
// audit log, and every file. A report without problems means that the directory has
// exactly the files that the platform wrote. The error is that of a directory that
// cannot be read.
func Verify(directory fs.FS, keys Keys) (Report, error) {
	v := &verifier{directory: directory, keys: keys, named: map[string]bool{}}
	if err := v.open(); err != nil {
		return Report{}, err
	}
	if v.report.Manifest.Format == "" {
		return v.report, nil
	}
	if err := v.report.Manifest.verifyLog(keys.Log); err != nil {
		v.problem("", "%v", err)
	}
	for _, f := range v.report.Manifest.Files {
		v.file(f)
	}
	for _, f := range v.report.Manifest.Lists {
		if v.file(f) {
			v.list(f.Name)
		}
	}
	return v.report, v.findAdded()
}

type verifier struct {
	directory fs.FS
	keys      Keys
	named     map[string]bool // files that the export has
	report    Report
}

func (v *verifier) problem(name, format string, arguments ...any) {
	v.report.Problems = append(v.report.Problems, Problem{name, fmt.Sprintf(format, arguments...)})
}

// open finds the note and the manifest and authenticates them.
func (v *verifier) open() error {
	notes, err := fs.Glob(v.directory, namePrefix+"*"+noteEnding)
	if err != nil {
		return fmt.Errorf("find the manifest: %w", err)
	}
	if len(notes) != 1 {
		v.problem("", "there are %d files %s*%s; an export has one", len(notes), namePrefix, noteEnding)
		return nil
	}
	signed, err := v.read(notes[0], maxNote)
	if err != nil {
		return err
	}
	text, err := openNote(signed, v.keys.Manifest)
	if err != nil {
		v.problem(notes[0], "%v", err)
		return nil
	}
	export, digest, err := parseNoteText(text)
	if err != nil {
		v.problem(notes[0], "%v", err)
		return nil
	}
	return v.openManifest(notes[0], export, digest)
}

func (v *verifier) openManifest(noteName, export, digest string) error {
	name := namePrefix + digest[:32] + jsonEnding
	v.named[noteName], v.named[name] = true, true
	text, err := v.read(name, MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		v.problem(name, "it is missing")
		return nil
	}
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != digest {
		v.problem(name, "it was changed: its SHA-256 is not the signed one")
		return nil
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil || m.Format != Format || m.Export != export {
		v.problem(name, "it is not a manifest of the format %s for the export that the note names", Format)
		return nil
	}
	v.report.Manifest = m
	return nil
}

// openNote returns the text of a note that one of the verifiers has signed. The note
// must have that one signature, in the one form in which it is written.
func openNote(signed []byte, verifiers note.Verifiers) (string, error) {
	n, err := note.Open(signed, verifiers)
	if err != nil {
		return "", fmt.Errorf("its signature is not valid for the given keys: %w", err)
	}
	s := n.Sigs[0]
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || n.Text+"\n— "+s.Name+" "+base64.StdEncoding.EncodeToString(raw)+"\n" != string(signed) {
		return "", errors.New("it was changed: it does not have exactly one signature in its usual form")
	}
	return n.Text, nil
}

// read reads a small file.
func (v *verifier) read(name string, limit int64) ([]byte, error) {
	f, err := v.directory.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		v.problem(name, "it has more than %d bytes", limit)
	}
	return data, nil
}

// file verifies one file, and reports whether it is as the manifest says.
func (v *verifier) file(f File) bool {
	if v.named[f.Name] {
		v.problem(f.Name, "the export names it twice")
		return false
	}
	v.named[f.Name] = true
	v.report.Files++
	v.report.Bytes += f.Size
	opened, err := v.directory.Open(f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		v.problem(f.Name, "it is missing")
		return false
	}
	if err != nil {
		v.problem(f.Name, "it cannot be opened: %v", err)
		return false
	}
	defer opened.Close()
	digest, crc := sha256.New(), crc32.New(crc32.MakeTable(crc32.Castagnoli))
	size, err := io.Copy(io.MultiWriter(digest, crc), io.LimitReader(opened, f.Size+1))
	switch {
	case err != nil:
		v.problem(f.Name, "it cannot be read: %v", err)
	case size != f.Size:
		v.problem(f.Name, "it was changed: its size is not %d bytes", f.Size)
	case hex.EncodeToString(digest.Sum(nil)) != f.SHA256:
		v.problem(f.Name, "it was changed: its SHA-256 differs")
	case base64.StdEncoding.EncodeToString(crc.Sum(nil)) != f.CRC32C:
		v.problem(f.Name, "its CRC32C differs from the manifest's, although its SHA-256 does not")
	default:
		return true
	}
	return false
}

// list verifies the files that an authentic list names.
func (v *verifier) list(name string) {
	err := v.readList(name, func(f File) { v.file(f) })
	if err != nil {
		v.problem(name, "it is not a list: %v", err)
	}
}

func (v *verifier) readList(name string, each func(File)) error {
	f, err := v.directory.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	return ReadList(unzipped, each)
}

// ReadList calls each with the files that a list names. list is uncompressed.
func ReadList(list io.Reader, each func(File)) error {
	lines := bufio.NewScanner(list)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var f File
		if err := json.Unmarshal(lines.Bytes(), &f, json.RejectUnknownMembers(true)); err != nil {
			return fmt.Errorf("read line: %w", err)
		}
		if !fs.ValidPath(f.Name) || strings.HasPrefix(f.Name, namePrefix) {
			return fmt.Errorf("the name %q is not valid", f.Name)
		}
		each(f)
	}
	return lines.Err()
}

// findAdded finds files that the export does not name.
func (v *verifier) findAdded() error {
	return fs.WalkDir(v.directory, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && !v.named[path] {
			v.problem(path, "it is not part of the export: somebody added it")
		}
		return nil
	})
}
