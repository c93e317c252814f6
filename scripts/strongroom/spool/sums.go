package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sums are the checksums and the lines of a part.
type sums struct {
	digest hash.Hash // SHA-256
	crc    uint32
	lines  int64
}

func newSums() sums { return sums{digest: sha256.New()} }

func (s *sums) add(data []byte) {
	s.digest.Write(data)
	s.crc = crc32.Update(s.crc, castagnoli, data)
	s.lines += countLines(data)
}

// of sets the fields of the part whose bytes were added.
func (s *sums) of(p *Part) {
	p.SHA256, p.CRC32C, p.Lines = hex.EncodeToString(s.digest.Sum(nil)), s.crc, s.lines
}

func countLines(data []byte) int64 { return int64(bytes.Count(data, []byte{'\n'})) }
