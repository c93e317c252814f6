package manifest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/note"
)

// Report is the result of Verify.
type Report struct {
	Manifest Manifest // zero if it is not authentic
	Files    int      // that were verified, without the manifest and its note
	Bytes    int64    // of these files
	// CRC32COnly is how many of these files are parts of outputs of which only a CRC32C
	// is known: nothing shows if somebody changed them deliberately.
	CRC32COnly int
	// Bundles is how many of these files are bundles that WithBundles has checked.
	Bundles  int
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
	maxLine = 4 << 10 // of a list; a line has up to three names of an output, of up to 400 bytes each
)

// String returns the problem in one line.
func (p Problem) String() string {
	if p.Name == "" {
		return p.What
	}
	return p.Name + ": " + p.What
}

// Verify verifies the export in a directory: its signature, its inclusion in the
// audit log, and every file. A report without problems means that the directory has
// exactly the files that the platform wrote. The error is that of a directory that
// cannot be read.
func Verify(directory fs.FS, keys Keys, options ...Option) (Report, error) {
	v := newVerifier(directory, keys)
	for _, option := range options {
		option(v)
	}
	if err := v.open(); err != nil || v.report.Manifest.Format == "" {
		return v.report, err
	}
	for _, f := range v.report.Manifest.Files {
		v.file(f)
	}
	var lists []string
	for _, f := range v.report.Manifest.Lists {
		if v.file(f) {
			lists = append(lists, f.Name)
		}
	}
	if v.expect != nil {
		v.announce(lists)
	}
	for _, name := range lists {
		v.list(name)
	}
	if v.stopped != nil {
		return v.report, v.stopped
	}
	v.reportMissing()
	if err := v.checkAssembled(); err != nil {
		return v.report, err
	}
	return v.report, v.findAdded()
}

// Option is an option of Verify.
type Option func(*verifier)

// WithProgress makes Verify call expect with the bytes that it will read, and read
// with those that it has read. An error of read stops the verification, and Verify
// returns it.
func WithProgress(expect func(bytes int64), read func(bytes int64) error) Option {
	return func(v *verifier) { v.expect, v.read = expect, read }
}

// Open authenticates the manifest of the export in a directory: its signature, and its
// inclusion in the audit log. It reads no other file.
func Open(directory fs.FS, keys Keys) (Report, error) {
	v := newVerifier(directory, keys)
	err := v.open()
	return v.report, err
}

// verifier is one verification.
type verifier struct {
	directory fs.FS
	keys      Keys
	expect    func(bytes int64) // nil: not called
	read      func(bytes int64) error
	stopped   error // of read

	checkBundle func(io.Reader, Bundle) error // nil: not called

	named     map[string]bool  // files that the export has
	bundles   map[string]bool  // paths of bundles that the export has
	assembled map[string]int64 // bytes of the parts in each assembled file
	alone     map[string]bool  // assembled files of which a part is there under its own name
	missing   []File           // parts of outputs
	report    Report
}

func newVerifier(directory fs.FS, keys Keys) *verifier {
	return &verifier{
		directory: directory, keys: keys, read: func(int64) error { return nil },
		named: map[string]bool{}, bundles: map[string]bool{}, assembled: map[string]int64{}, alone: map[string]bool{},
	}
}

// countingReader reports what is read.
type countingReader struct {
	from     io.Reader
	verifier *verifier
}

// Read implements io.Reader.
func (r countingReader) Read(p []byte) (int, error) {
	v := r.verifier
	if v.stopped != nil {
		return 0, v.stopped
	}
	n, err := r.from.Read(p)
	v.stopped = v.read(int64(n))
	return n, err
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
	signed, err := v.readSmall(notes[0], maxNote)
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
	text, err := v.readSmall(name, MaxSize)
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
	if err := m.verifyLog(v.keys.Log); err != nil {
		v.problem("", "%v", err)
	}
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

// readSmall reads a small file.
func (v *verifier) readSmall(name string, limit int64) ([]byte, error) {
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

// findAdded finds files that the export does not name.
func (v *verifier) findAdded() error {
	return fs.WalkDir(v.directory, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case d.IsDir(), v.named[path], path == KeysFile && d.Type().IsRegular():
		case IsPartial(path):
			v.problem(path, "it is not complete: a pull was interrupted; run it again")
		default:
			v.problem(path, "it is not part of the export: somebody added it")
		}
		return nil
	})
}
