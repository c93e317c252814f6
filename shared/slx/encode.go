package slx

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxPartBytes limits the elements of one document, as JSON.
const MaxPartBytes = 512 << 10

// maxDecodedBytes limits what Decode reads: a part or a page, which may have one element
// more than its limit.
const maxDecodedBytes = 2 << 20

// Parts splits elements into parts that fit into documents.
func Parts(elements []Element) (parts [][]Element) {
	size := 0
	for i, e := range elements {
		n := e.bytes()
		if i == 0 || size+n > MaxPartBytes {
			parts, size = append(parts, nil), 0
		}
		last := len(parts) - 1
		parts[last], size = append(parts[last], e), size+n
	}
	return parts
}

// Encode returns a part, a page or a directory as it is sealed: JSON, compressed with gzip.
func Encode[T []Element | []SLX | Directory](value T) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if err := json.NewEncoder(z).Encode(value); err != nil {
		return nil, fmt.Errorf("encode %T: %w", value, err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("encode %T: %w", value, err)
	}
	return out.Bytes(), nil
}

// Decode reads what Encode returned.
func Decode[T []Element | []SLX | Directory](encoded []byte) (value T, err error) {
	z, err := gzip.NewReader(bytes.NewReader(encoded))
	if err != nil {
		return value, fmt.Errorf("decode %T: %w", value, err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxDecodedBytes+1))
	if err != nil {
		return value, fmt.Errorf("decode %T: %w", value, err)
	}
	if len(plain) > maxDecodedBytes {
		return value, errors.New("decode a part of a configuration: it is too large")
	}
	if err := json.Unmarshal(plain, &value); err != nil {
		return value, errors.New("decode a part of a configuration: it is not JSON of this kind")
	}
	return value, nil
}
