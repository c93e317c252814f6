package configtree

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// dotFiles are the only names that may start with a dot.
var dotFiles = []string{".strongroomignore", ".strongroomwaivers", ".gitignore"}

// CheckPath rejects a path that a tree may not have.
func CheckPath(p string) error {
	if p == "" || len(p) > MaxPathBytes {
		return fmt.Errorf("a path has 1 to %d bytes; shorten it", MaxPathBytes)
	}
	segments := strings.Split(p, "/")
	if len(segments) > MaxDepth+1 {
		return fmt.Errorf("a path has at most %d directories; move the file up", MaxDepth)
	}
	for i, s := range segments {
		if err := checkSegment(s, i == len(segments)-1); err != nil {
			return err
		}
	}
	return nil
}

func checkSegment(s string, last bool) error {
	switch {
	case s == "" || s == "." || s == "..":
		return errors.New("a path has no empty, . or .. segment; rename the file")
	case strings.ContainsFunc(s, func(r rune) bool { return !allowed(r) }):
		return errors.New("a name has only the characters A-Z a-z 0-9 . _ -; rename the file")
	case strings.HasPrefix(s, ".") && !(last && isDotFile(s)):
		return errors.New("a name does not start with a dot; remove the file or rename it")
	case strings.HasPrefix(s, "-") || strings.HasSuffix(s, "."):
		return errors.New("a name does not start with a hyphen or end with a dot; rename the file")
	}
	return nil
}

func allowed(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
}

func isDotFile(name string) bool {
	for _, d := range dotFiles {
		if name == d {
			return true
		}
	}
	return false
}

// uploadInfo is the file that has the token of the uploader of a workspace builder. It is
// never part of a configuration.
const uploadInfo = "uploadinfo.yaml"

// checkPaths rejects paths that are not valid, and pairs that differ only in case or
// that would be both a file and a directory.
func checkPaths(files []File) (faults []Fault) {
	spelled := map[string]string{} // by the lowercase path of a file or a directory
	isFile := map[string]bool{}
	for _, f := range files {
		if err := CheckPath(f.Path); err != nil {
			faults = append(faults, Fault{Path: printable(f.Path), Message: err.Error()})
			continue
		}
		lower := strings.ToLower(f.Path)
		switch {
		case path.Base(lower) == uploadInfo:
			faults = append(faults, Fault{Path: f.Path, Message: "this file has the builder's token; remove it"})
		case clashes(spelled, isFile, f.Path):
			faults = append(faults, Fault{Path: f.Path, Message: "another path differs only in case, or is a file where this has a directory; rename one of them"})
		}
		isFile[lower] = true
	}
	return faults
}

// clashes adds a path and its directories to spelled, and reports whether one of them
// clashes with an earlier path.
func clashes(spelled map[string]string, isFile map[string]bool, p string) bool {
	clash := isFile[strings.ToLower(p)]
	for part := p; part != "."; part = path.Dir(part) {
		lower := strings.ToLower(part)
		if old, ok := spelled[lower]; ok && (old != part || part == p) || part != p && isFile[lower] {
			clash = true
		}
		spelled[lower] = part
	}
	return clash
}

// printable returns a path that is safe to show.
func printable(p string) string {
	clean := strings.Map(func(r rune) rune {
		if allowed(r) || r == '/' {
			return r
		}
		return '?'
	}, p)
	return clean[:min(len(clean), MaxPathBytes)]
}
