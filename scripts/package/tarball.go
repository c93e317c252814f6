package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
)

// extension is that of the archives that people expect on a platform.
func extension(on platform) string {
	if on.system == "windows" {
		return ".zip"
	}
	return ".tar.gz"
}

// archiveFor archives all files below dir for a platform. Only program is executable.
func archiveFor(on platform, dir, program string) ([]byte, error) {
	if on.system == "windows" {
		z, err := archive(dir)
		return z.content, err
	}
	return tarball(dir, program)
}

// tarball is a compressed tar of all files below dir, sorted by name, with one time and
// one owner.
func tarball(dir, program string) ([]byte, error) {
	tree := os.DirFS(dir)
	names, err := filesOf(tree)
	if err != nil {
		return nil, fmt.Errorf("tar: %w", err)
	}
	var content bytes.Buffer
	compressed := gzip.NewWriter(&content)
	out := tar.NewWriter(compressed)
	for _, name := range names {
		text, err := fs.ReadFile(tree, name)
		if err == nil {
			err = addToTar(out, name, text, name == program)
		}
		if err != nil {
			return nil, fmt.Errorf("tar %s: %w", name, err)
		}
	}
	if err := out.Close(); err != nil {
		return nil, fmt.Errorf("tar: %w", err)
	}
	if err := compressed.Close(); err != nil {
		return nil, fmt.Errorf("tar: %w", err)
	}
	return content.Bytes(), nil
}

func addToTar(out *tar.Writer, name string, text []byte, executable bool) error {
	header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text)), ModTime: epoch}
	if executable {
		header.Mode = 0o755
	}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err := out.Write(text)
	return err
}

// digest is the SHA-256 of an artifact, in hexadecimal.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
