package exportcopy

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// download fetches one file of an export into its target.
type download struct {
	pull *pull
	entry
	url  signedURL
	file *os.File // the partial file of the target

	sha, crc   hash.Hash // of the first have bytes
	have       int64
	counted    int64         // bytes of have that are in the progress
	generation string        // of the object; empty: not known yet
	stale      secret.String // a URL that expired
	restarted  bool          // the bytes were wrong once
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// earlySync is the size from which a part is synced to the disk when it arrives.
const earlySync = 1 << 20

// fetch fetches a file, or what is missing of it. Transient errors are retried.
func (p *pull) fetch(ctx context.Context, e entry, url signedURL) (err error) {
	file, err := p.disk.openPartial(e.target.name)
	if err != nil {
		return err
	}
	d := &download{pull: p, entry: e, url: url, file: file}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := d.resume(); err != nil {
		return err
	}
	switch {
	case d.isRight():
	case e.file.Size == 0:
		return fmt.Errorf("%s: %w", e.file.Name, ErrChanged)
	default:
		if err := p.Retry.Do(ctx, d.attempt); err != nil {
			return err
		}
		p.count(e.file.Size)
	}
	if e.target.entries > 1 && e.file.Size >= earlySync { // rather than everything when the last part arrives
		if err := file.Sync(); err != nil {
			return err
		}
	}
	return p.arrived(e.target)
}

// noteMismatch notes a part whose bytes are those that are stored, but not those that
// its runner declared.
func (p *pull) noteMismatch(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done.Mismatches++; len(p.done.Mismatched) < maxMismatched {
		p.done.Mismatched = append(p.done.Mismatched, name)
	}
}

// count notes a file that was fetched.
func (p *pull) count(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done.Files++
	p.done.Bytes += bytes
}

// resume reads what an interrupted pull left of the file.
func (d *download) resume() error {
	d.reset()
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	isAlone := d.offset == 0 && d.target.entries == 1 // so it is written from its beginning on
	end := d.offset + d.entry.file.Size
	switch {
	case isAlone && info.Size() <= end:
		end = info.Size()
	case isAlone && !d.target.isPart, info.Size() < end:
		return nil
	}
	if err := d.read(end - d.offset); err != nil {
		return err
	}
	if d.have == d.entry.file.Size && !d.isRight() {
		d.reset()
	}
	return nil
}

// read reads the first bytes of the file from the disk.
func (d *download) read(size int64) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	read, err := io.CopyBuffer(writerFunc(d.hash), io.NewSectionReader(d.file, d.offset, size), *buffer)
	d.have = read
	d.pull.Expect(-read)
	return err
}

func (d *download) hash(p []byte) {
	d.crc.Write(p)
	if d.sha != nil {
		d.sha.Write(p)
	}
}

// reset begins the file again.
func (d *download) reset() {
	d.pull.Moved(-d.counted)
	d.pull.Expect(d.have - d.counted) // was on the disk
	d.have, d.counted, d.crc = 0, 0, crc32.New(castagnoli)
	if d.entry.file.SHA256 != "" {
		d.sha = sha256.New()
	}
}

// attempt fetches what is missing.
func (d *download) attempt(ctx context.Context) error {
	url, err := d.url.get(ctx, d.stale)
	if err != nil {
		return err
	}
	name := d.entry.file.Name
	object, err := d.pull.Read(ctx, name, url, d.have)
	switch {
	case errors.Is(err, api.ErrReadExpired):
		d.stale = url
		return &retry.Transient{Err: err}
	case errors.Is(err, api.ErrOtherObject):
		return fmt.Errorf("%s: %w", name, ErrChanged)
	case err != nil:
		return err
	}
	defer object.Body.Close()
	if err := d.checkObject(object); err != nil {
		return err
	}
	if err := d.store(object.Body); err != nil {
		return err
	}
	switch {
	case d.isRight():
		return nil
	case d.entry.file.Part != nil && d.hasCRC():
		d.pull.noteMismatch(name)
		return nil
	case d.restarted:
		return fmt.Errorf("%s: %w", name, ErrChanged)
	}
	d.reset()
	d.restarted = true
	return &retry.Transient{Err: fmt.Errorf("%s: the bytes that arrived are not those that the signed manifest names", name)}
}

// checkObject compares what the bucket says of the object.
func (d *download) checkObject(o *api.Object) error {
	name := d.entry.file.Name
	if o.Size != d.entry.file.Size || o.CRC32C != "" && o.CRC32C != d.entry.file.CRC32C || d.generation != "" && o.Generation != d.generation {
		return fmt.Errorf("%s: %w", name, ErrChanged)
	}
	d.generation = o.Generation
	if o.First != d.have { // the bucket ignored the range
		d.reset()
	}
	return nil
}

// buffers are for copying.
var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// store writes the rest of the file to the disk.
func (d *download) store(body io.Reader) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		n, err := body.Read(*buffer)
		p := (*buffer)[:n]
		if d.have+int64(n) > d.entry.file.Size {
			return fmt.Errorf("%s: %w", d.entry.file.Name, ErrChanged)
		}
		if _, err := d.file.WriteAt(p, d.offset+d.have); err != nil {
			return err
		}
		d.hash(p)
		d.have += int64(n)
		d.counted += int64(n)
		d.pull.Moved(int64(n))
		switch {
		case errors.Is(err, io.EOF) && d.have == d.entry.file.Size:
			return nil
		case errors.Is(err, io.EOF):
			return &retry.Transient{Err: fmt.Errorf("read %s: %w", d.entry.file.Name, io.ErrUnexpectedEOF)}
		case err != nil:
			return err
		}
	}
}

// isRight reports whether all bytes are there and are those that the export names.
func (d *download) isRight() bool {
	return d.hasCRC() && (d.sha == nil || hex.EncodeToString(d.sha.Sum(nil)) == d.entry.file.SHA256)
}

// hasCRC reports whether all bytes are there and have the CRC32C that the export names.
func (d *download) hasCRC() bool {
	f := d.entry.file
	return d.have == f.Size && base64.StdEncoding.EncodeToString(d.crc.Sum(nil)) == f.CRC32C
}

// writerFunc is an io.Writer that never fails.
type writerFunc func([]byte)

// Write implements io.Writer.
func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
