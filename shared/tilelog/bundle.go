package tilelog

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/transparency-dev/tessera/api"
)

// AppendEntry appends an entry to a bundle: its length as two big-endian bytes,
// and its bytes.
func AppendEntry(bundle, entry []byte) ([]byte, error) {
	if len(entry) > MaxEntrySize {
		return nil, fmt.Errorf("add entry to bundle: it has %d bytes, more than %d", len(entry), MaxEntrySize)
	}
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(entry))), entry...), nil
}

// Entries returns the entries of a bundle. They share the bundle's memory.
func Entries(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, fmt.Errorf("read entry bundle: %w", err)
	}
	if len(b.Entries) > TileWidth {
		return nil, fmt.Errorf("read entry bundle: it has %d entries, more than %d", len(b.Entries), TileWidth)
	}
	return b.Entries, nil
}

// CutBundle returns the first width entries of a bundle, as a bundle. A bundle
// of an earlier, smaller tree is the beginning of the present one.
func CutBundle(bundle []byte, width int) ([]byte, error) {
	entries, err := Entries(bundle)
	if err != nil {
		return nil, err
	}
	if width > len(entries) {
		return nil, fmt.Errorf("cut entry bundle: it has %d entries, not %d", len(entries), width)
	}
	size := 0
	for _, entry := range entries[:width] {
		size += 2 + len(entry)
	}
	return bundle[:size:size], nil
}

// CopyEntries copies the first count entries of a bundle, as a bundle, without
// holding them in memory.
func CopyEntries(w io.Writer, bundle io.Reader, count int) error {
	buffered := bufio.NewReader(bundle)
	for range count {
		size, err := buffered.Peek(2)
		if err != nil {
			return fmt.Errorf("copy entry bundle: %w", err)
		}
		if _, err := io.CopyN(w, buffered, 2+int64(binary.BigEndian.Uint16(size))); err != nil {
			return fmt.Errorf("copy entry bundle: %w", err)
		}
	}
	return nil
}
