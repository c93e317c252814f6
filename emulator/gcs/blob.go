package gcs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// An object's bytes are stored on disk as a sequence of chunks. Each is encrypted
// with AES-256-GCM under the object's own data key, which is used for one object
// only. The nonce is the chunk's number, so chunks can be read separately and a
// chunk that was moved does not decrypt.
const (
	chunkSize   = 64 << 10 // plain bytes of every chunk except the last
	chunkTag    = 16       // length of AES-GCM's tag after each chunk
	dataKeySize = 32
)

// dataKey is the encryption key of one object.
type dataKey [dataKeySize]byte

func newDataKey() dataKey {
	var k dataKey
	_, _ = rand.Read(k[:]) // crypto/rand never fails since Go 1.24
	return k
}

func (k dataKey) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, fmt.Errorf("create cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

func chunkNonce(number int64) []byte {
	nonce := make([]byte, 12)
	binary.BigEndian.PutUint64(nonce[4:], uint64(number))
	return nonce
}

var chunks = sync.Pool{New: func() any { b := make([]byte, 0, chunkSize+chunkTag); return &b }}

// blobWriter encrypts what is written to it into a file. Close it once.
type blobWriter struct {
	file   *os.File
	aead   cipher.AEAD
	buffer *[]byte
	number int64
}

func newBlobWriter(file *os.File, key dataKey) (*blobWriter, error) {
	aead, err := key.aead()
	if err != nil {
		return nil, err
	}
	return &blobWriter{file: file, aead: aead, buffer: chunks.Get().(*[]byte)}, nil
}

// Write implements io.Writer.
func (w *blobWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if len(*w.buffer) == chunkSize {
			if err := w.seal(); err != nil {
				return written, err
			}
		}
		n := min(len(p), chunkSize-len(*w.buffer))
		*w.buffer = append(*w.buffer, p[:n]...)
		p = p[n:]
		written += n
	}
	return written, nil
}

func (w *blobWriter) seal() error {
	plain := *w.buffer
	sealed := w.aead.Seal(plain[:0], chunkNonce(w.number), plain, nil)
	if _, err := w.file.Write(sealed); err != nil {
		return fmt.Errorf("write chunk: %w", err)
	}
	w.number++
	*w.buffer = plain[:0]
	return nil
}

// finish writes the last chunk. If durable, it waits for the disk.
func (w *blobWriter) finish(durable bool) error {
	if len(*w.buffer) > 0 {
		if err := w.seal(); err != nil {
			return err
		}
	}
	if durable {
		return w.file.Sync()
	}
	return nil
}

// Close returns the buffer to the pool and closes the file.
func (w *blobWriter) Close() error {
	clear((*w.buffer)[:cap(*w.buffer)])
	*w.buffer = (*w.buffer)[:0]
	chunks.Put(w.buffer)
	w.buffer = nil
	return w.file.Close()
}

// blobReader reads the plain bytes [at, end) of a blob.
type blobReader struct {
	file    *os.File
	aead    cipher.AEAD
	size    int64 // of the whole object
	at, end int64
	buffer  *[]byte
	plain   []byte // unread bytes of the current chunk, a part of buffer
}

func openBlob(path string, key dataKey, size, at, end int64) (*blobReader, error) {
	aead, err := key.aead()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	return &blobReader{file: file, aead: aead, size: size, at: at, end: end, buffer: chunks.Get().(*[]byte)}, nil
}

// Read implements io.Reader.
func (r *blobReader) Read(p []byte) (int, error) {
	if r.at >= r.end {
		return 0, io.EOF
	}
	if len(r.plain) == 0 {
		if err := r.open(r.at / chunkSize); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	r.at += int64(n)
	return n, nil
}

// open decrypts one chunk and sets plain to the bytes that are to be read.
func (r *blobReader) open(number int64) error {
	start := number * chunkSize
	length := min(chunkSize, r.size-start)
	sealed := (*r.buffer)[:length+chunkTag]
	if _, err := r.file.ReadAt(sealed, number*(chunkSize+chunkTag)); err != nil {
		return fmt.Errorf("read chunk %d: %w", number, errors.Join(err, io.ErrUnexpectedEOF))
	}
	plain, err := r.aead.Open(sealed[:0], chunkNonce(number), sealed, nil)
	if err != nil {
		return fmt.Errorf("decrypt chunk %d: %w", number, err)
	}
	r.plain = plain[r.at-start : min(length, r.end-start)]
	return nil
}

// Close returns the buffer to the pool and closes the file.
func (r *blobReader) Close() error {
	clear((*r.buffer)[:cap(*r.buffer)])
	chunks.Put(r.buffer)
	r.buffer, r.plain = nil, nil
	return r.file.Close()
}
