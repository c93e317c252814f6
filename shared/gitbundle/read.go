package gitbundle

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// errFormat is the error of a file that is no bundle of this package's form.
var errFormat = errors.New("it is not a git bundle of version 2 with HEAD and main, and without prerequisites")

var commitHash = lazyregexp.New(`^[0-9a-f]{40}$`)

// Read reads a bundle and returns what it has. The error says what is wrong: the bundle is
// not one that Write writes, its pack is damaged, or an object of main is missing.
func Read(r io.Reader) (Content, error) {
	in := bufio.NewReader(r)
	commit, err := readHeader(in)
	if err != nil {
		return Content{}, err
	}
	repository := memory.NewStorage()
	if _, err := packfile.NewParser(in, packfile.WithStorage(repository)).Parse(); err != nil {
		return Content{}, fmt.Errorf("its pack cannot be read: %w", err)
	}
	content, _, err := inspect(repository, commit)
	return content, err
}

// readHeader returns the commit of main.
func readHeader(in *bufio.Reader) (commit string, err error) {
	header := make([]byte, len(signature)+len("\n")+2*(hashDigits+len(" \n"))+len(headRef)+len(mainRef))
	if _, err := io.ReadFull(in, header); err != nil {
		return "", errFormat
	}
	commit = string(header[len(signature):][:hashDigits])
	want := signature + commit + " " + headRef + "\n" + commit + " " + mainRef + "\n\n"
	if !commitHash.MatchString(commit) || string(header) != want {
		return "", errFormat
	}
	return commit, nil
}

// Check returns an error unless a bundle can be read, its main is a commit, and the files of
// main have a digest.
func Check(r io.Reader, commit, digest string) error {
	content, err := Read(r)
	switch {
	case err != nil:
		return fmt.Errorf("it cannot be read as a configuration: %w", err)
	case content.Commit != commit:
		return fmt.Errorf("its main is %s, not %s", content.Commit, commit)
	case content.Digest.String() != digest:
		return fmt.Errorf("the files of its main have the digest %s, not %s", content.Digest, digest)
	}
	return nil
}
