package gcs

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"net/http"
	"strings"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksums computes the CRC32C and MD5 of what is written to it.
type checksums struct {
	crc  uint32
	md5  hash.Hash
	size int64
}

func newChecksums() *checksums { return &checksums{md5: md5.New()} }

// Write implements io.Writer. It never fails.
func (c *checksums) Write(p []byte) (int, error) {
	c.crc = crc32.Update(c.crc, castagnoli, p)
	_, _ = c.md5.Write(p)
	c.size += int64(len(p))
	return len(p), nil
}

// crc32c returns the checksum in Google's form: base64 of big-endian bytes.
func (c *checksums) crc32c() string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, c.crc))
}

func (c *checksums) md5Hash() string {
	return base64.StdEncoding.EncodeToString(c.md5.Sum(nil))
}

// expected contains the checksums that a caller declares for an upload; empty: not declared.
type expected struct {
	crc32c string // base64
	md5    string // base64
}

func (e expected) check(c *checksums) error {
	if e.crc32c != "" && e.crc32c != c.crc32c() {
		return reject(badDigest, "Provided CRC32C %q doesn't match calculated CRC32C %q.", e.crc32c, c.crc32c())
	}
	if e.md5 != "" && e.md5 != c.md5Hash() {
		return reject(badDigest, "Provided MD5 hash %q doesn't match calculated MD5 hash %q.", e.md5, c.md5Hash())
	}
	return nil
}

// add adds a declared checksum. Two declarations that differ are an error.
func (e *expected) add(kind, value string) error {
	at, size := &e.crc32c, 4
	switch kind {
	case "crc32c":
	case "md5":
		at, size = &e.md5, md5.Size
	default:
		return reject(invalidArgument, "Unknown hash %q.", kind).about("x-goog-hash")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(value)
	if err != nil || len(raw) != size {
		return reject(invalidDigest, "The %s is not base64 of %d bytes.", kind, size)
	}
	if *at != "" && !bytes.Equal([]byte(*at), []byte(value)) {
		return reject(invalidDigest, "Two values of %s are given.", kind)
	}
	*at = value
	return nil
}

// readHashHeaders reads x-goog-hash, which may be repeated or contain commas, and Content-MD5.
func readHashHeaders(h http.Header) (expected, error) {
	var e expected
	for _, line := range h.Values("X-Goog-Hash") {
		for item := range strings.SplitSeq(line, ",") {
			kind, value, _ := strings.Cut(strings.TrimSpace(item), "=")
			if err := e.add(kind, value); err != nil {
				return expected{}, err
			}
		}
	}
	if sum := h.Get("Content-Md5"); sum != "" {
		if err := e.add("md5", sum); err != nil {
			return expected{}, err
		}
	}
	return e, nil
}
