// Package crc32c encodes checksums as Cloud Storage does.
package crc32c

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// Encode returns the base64 of a checksum's four bytes, big-endian:
// cloud.google.com/storage/docs/json_api/v1/objects.
func Encode(sum uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

// encodedSum is the length of four bytes as base64.
const encodedSum = 8

// Decode is the inverse of Encode. It accepts only what Encode returns.
func Decode(s string) (uint32, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != 4 || len(s) != encodedSum { // the decoder ignores line breaks
		return 0, errors.New("a CRC32C is the base64 of four bytes")
	}
	return binary.BigEndian.Uint32(raw), nil
}
