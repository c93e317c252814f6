package manifest

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/go-json-experiment/json"
)

// list verifies the files that an authentic list names.
func (v *verifier) list(name string) {
	err := v.readList(name, func(f File) error {
		switch {
		case f.Part != nil:
			v.part(f)
		case f.Bundle != nil:
			v.bundle(f)
		default:
			v.file(f)
		}
		return v.stopped
	})
	if err != nil {
		v.problem(name, "it is not a list: %v", err)
	}
}

// announce reports the files that lists name as expected.
func (v *verifier) announce(lists []string) {
	for _, name := range lists {
		_ = v.readList(name, func(f File) error { v.expect(f.Size); return nil }) // list reports errors
	}
}

func (v *verifier) readList(name string, each func(File) error) error {
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

// ReadList calls each with the files that a list names, until it returns an error. list
// is uncompressed.
func ReadList(list io.Reader, each func(File) error) error {
	lines := bufio.NewScanner(list)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var f File
		if err := json.Unmarshal(lines.Bytes(), &f, json.RejectUnknownMembers(true)); err != nil {
			return fmt.Errorf("read line: %w", err)
		}
		if err := f.validate(); err != nil {
			return err
		}
		if err := each(f); err != nil {
			return err
		}
	}
	return lines.Err()
}

// validate returns an error unless a reader can safely use the names of f as paths.
func (f File) validate() error {
	if !fs.ValidPath(f.Name) || strings.HasPrefix(f.Name, namePrefix) {
		return fmt.Errorf("the name %q is not valid", f.Name)
	}
	p := f.Part
	switch {
	case !f.hasNameOfKind():
		return fmt.Errorf("the name %q is not valid for what the file is", f.Name)
	case p == nil && f.SHA256 == "":
		return fmt.Errorf("%s has no SHA-256", f.Name)
	case f.Bundle != nil:
		return f.Bundle.validate()
	case p == nil:
		return nil
	case !fs.ValidPath(p.Path) || !strings.HasPrefix(p.Path, Outputs) || p.Offset < 0 || f.Size < 0:
		return fmt.Errorf("the path %q with the offset %d is not valid", p.Path, p.Offset)
	case (p.Checksum == SHA256) != (f.SHA256 != "") || p.Checksum != SHA256 && p.Checksum != CRC32COnly:
		return fmt.Errorf("the checksum %q of %s is not valid", p.Checksum, f.Name)
	}
	return nil
}

// hasNameOfKind reports whether the name of f is in the directory for what it is.
func (f File) hasNameOfKind() bool {
	for _, assembled := range []string{Outputs, Configs} {
		if strings.HasPrefix(f.Name, assembled) {
			return false
		}
	}
	isPart, isBundle := strings.HasPrefix(f.Name, Parts), strings.HasPrefix(f.Name, Bundles)
	return isPart == (f.Part != nil) && isBundle == (f.Bundle != nil)
}
