package manifest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"slices"
)

// file verifies one file, and reports whether it is as the manifest says.
func (v *verifier) file(f File) bool {
	if v.named[f.Name] {
		v.problem(f.Name, "the export names it twice")
		return false
	}
	v.named[f.Name] = true
	v.count(f)
	opened, err := v.directory.Open(f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		v.miss(f)
		return false
	}
	if err != nil {
		v.problem(f.Name, "it cannot be opened: %v", err)
		return false
	}
	defer opened.Close()
	if f.Part != nil {
		v.alone[f.Part.Path] = true
	}
	if what := f.check(countingReader{opened, v}); what != "" {
		v.problem(f.Name, "%s", what)
		return false
	}
	return true
}

// miss notes a file that is missing. Which name to report for a part of an output is
// known at the end.
func (v *verifier) miss(f File) {
	if f.Part == nil {
		v.problem(f.Name, "it is missing")
		return
	}
	v.missing = append(v.missing, f)
}

// reportMissing reports the parts of outputs that are missing: the assembled file once,
// or the parts themselves if others of the same file are there.
func (v *verifier) reportMissing() {
	reported := map[string]bool{}
	for _, f := range v.missing {
		path := f.Part.Path
		switch {
		case v.alone[path]:
			v.problem(f.Name, "it is missing")
		case !reported[path]:
			reported[path] = true
			v.problem(path, "it is missing")
		}
	}
}

func (v *verifier) count(f File) {
	v.report.Files++
	v.report.Bytes += f.Size
	if f.SHA256 == "" {
		v.report.CRC32COnly++
	}
}

// check returns what is wrong with the bytes of a file, or nothing.
func (f File) check(opened io.Reader) string {
	digest, crc := sha256.New(), crc32.New(crc32.MakeTable(crc32.Castagnoli))
	size, err := io.Copy(io.MultiWriter(digest, crc), io.LimitReader(opened, f.Size+1))
	sameDigest := hex.EncodeToString(digest.Sum(nil)) == f.SHA256
	sameCRC := base64.StdEncoding.EncodeToString(crc.Sum(nil)) == f.CRC32C
	switch {
	case err != nil:
		return fmt.Sprintf("it cannot be read: %v", err)
	case size != f.Size:
		return fmt.Sprintf("it was changed: its size is not %d bytes", f.Size)
	case f.SHA256 == "" && !sameCRC:
		return "it was changed: its CRC32C differs"
	case f.SHA256 == "":
		return ""
	case !sameDigest && sameCRC && f.Part != nil:
		return "its SHA-256 is not the one that the runner declared, although its CRC32C is that of the stored object: it was changed, or the declaration was wrong"
	case !sameDigest:
		return "it was changed: its SHA-256 differs"
	case !sameCRC:
		return "its CRC32C differs from the manifest's, although its SHA-256 does not"
	}
	return ""
}

// part verifies a part of an output: in the assembled file, or, if none exists,
// under its own name.
func (v *verifier) part(f File) {
	opened, err := v.directory.Open(f.Part.Path)
	if errors.Is(err, fs.ErrNotExist) {
		v.file(f)
		return
	}
	v.named[f.Part.Path] = true
	v.assembled[f.Part.Path] += f.Size
	v.count(f)
	if err != nil {
		v.problem(f.Part.Path, "it cannot be opened: %v", err)
		return
	}
	defer opened.Close()
	bytes, ok := opened.(io.ReaderAt)
	if !ok {
		v.problem(f.Part.Path, "it cannot be read from the middle")
		return
	}
	if what := f.check(countingReader{io.NewSectionReader(bytes, f.Part.Offset, f.Size), v}); what != "" {
		v.problem(f.Part.Path, "part %d, at byte %d: %s", f.Part.Part, f.Part.Offset, what)
	}
}

// checkAssembled finds assembled files of whose parts none is wrong, but which have more
// bytes than the parts.
func (v *verifier) checkAssembled() error {
	for _, path := range slices.Sorted(maps.Keys(v.assembled)) {
		size := v.assembled[path]
		info, err := fs.Stat(v.directory, path)
		if err != nil {
			return fmt.Errorf("read the size of %s: %w", path, err)
		}
		reported := slices.ContainsFunc(v.report.Problems, func(p Problem) bool { return p.Name == path })
		if info.Size() != size && !reported {
			v.problem(path, "it was changed: it has %d bytes, its parts have %d", info.Size(), size)
		}
	}
	return nil
}
