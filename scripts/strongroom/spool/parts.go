package spool

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
)

const openSuffix = ".open"

func partName(number int) string { return fmt.Sprintf("%05d", number) }

// maxDirName is the longest name of an output that is also the name of its directory.
// File systems limit names to 255 bytes.
const maxDirName = 200

// partsDir returns the directory of an output's parts. A name of an output never starts
// with a hyphen.
func (r *Run) partsDir(output string) string {
	if len(output) > maxDirName {
		sum := sha256.Sum256([]byte(output))
		output = "-" + hex.EncodeToString(sum[:])
	}
	return filepath.Join(r.dir, "parts", output)
}

// Stored records that the platform has stored the part, and frees its space.
func (r *Run) Stored(p Part) error {
	r.memory.put(p.data)
	saved, err := r.update(func(j *Journal) { j.Output(p.Output).acknowledge(p.Number, p.Size) })
	if err != nil {
		return err
	}
	if err := r.free(p, saved); err != nil {
		return fmt.Errorf("free the spool: %w", err)
	}
	return nil
}

// Recover repairs a run whose process was killed. The task's own output ends
// with the last byte that was spooled. Call Recover first on a run from Lock.
func (r *Run) Recover() error {
	for _, o := range r.Journal().Outputs {
		if err := r.recoverOutput(o.Name); err != nil {
			return fmt.Errorf("recover %s: %w", o.Name, err)
		}
	}
	return nil
}

func (r *Run) recoverOutput(name string) error {
	dir := r.partsDir(name)
	if err := r.recoverStored(Output{Name: name}, dir); err != nil {
		return err
	}
	journal := r.Journal()
	o := *journal.Output(name)
	switch {
	case o.Moved && !o.acknowledged(1):
		return r.moveSource(o)
	case o.Closed():
		return r.freeSource(o.Source)
	case o.Source != "":
		return os.RemoveAll(dir) // a partial copy, of which nothing was uploaded
	}
	return r.closeOutput(o, dir)
}

// closeOutput makes the last part final and records the number of parts.
func (r *Run) closeOutput(o Output, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	last, open, err := scanParts(dir)
	if err != nil {
		return err
	}
	last = max(last, o.last())
	if open != "" {
		if err := finish(open); err != nil {
			return err
		}
		if last, _, err = scanParts(dir); err != nil {
			return err
		}
		last = max(last, o.last())
	}
	return r.setParts(o.Name, last)
}

// finish makes an open part final, or removes it if it is empty.
func finish(open string) error {
	info, err := os.Stat(open)
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return os.Remove(open)
	}
	if err := syncFile(open); err != nil {
		return err
	}
	return durable.Rename(open, strings.TrimSuffix(open, openSuffix))
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// scanParts returns the highest final part on disk and the path of the open part, if any.
func scanParts(dir string) (last int, open string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, "", err
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), openSuffix) {
			open = filepath.Join(dir, entry.Name())
		} else if number, err := strconv.Atoi(entry.Name()); err == nil {
			last = max(last, number)
		}
	}
	return last, open, nil
}

// EachPending calls yield for each part of a closed output that is not
// acknowledged, in order. It reads each part to compute its checksums.
func (r *Run) EachPending(output string, yield func(Part)) error {
	journal := r.Journal()
	o := journal.Output(output)
	for number := 1; number <= o.Parts; number++ {
		if o.acknowledged(number) {
			continue
		}
		part := Part{Output: o.Name, Number: number, ContentType: o.ContentType}
		part.Path = filepath.Join(r.partsDir(o.Name), partName(number))
		if err := part.read(); err != nil {
			return fmt.Errorf("the spool is damaged: %w", err)
		}
		r.expect()
		yield(part)
	}
	return nil
}

func (p *Part) read() error {
	f, err := os.Open(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	buffer, sums := make([]byte, 128<<10), newSums()
	for {
		n, err := f.Read(buffer)
		sums.add(buffer[:n])
		p.Size += int64(n)
		if err == io.EOF {
			sums.of(p)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Copy spools the source of an output that is not closed. When all of it is
// copied, its parts are pending, and a source below FilesDir is removed. If the
// disk is full, nothing is changed.
func (r *Run) Copy(output string, partSize int64) error {
	journal := r.Journal()
	source := journal.Output(output).Source
	in, err := openRegular(source)
	if err != nil {
		return err
	}
	defer in.Close()
	w, err := r.Write(output, CutRule{PartSize: partSize}, func(Part) {})
	if err != nil {
		return err
	}
	defer func() { r.unstored.Add(-int64(w.part.Number - 1)) }() // EachPending counts them
	if _, err := io.Copy(w, in); err != nil {
		return errors.Join(fmt.Errorf("copy %s into the spool: %w", source, err), w.discard())
	}
	if err := w.Close(); err != nil {
		return errors.Join(err, w.discard())
	}
	return r.freeSource(source)
}

// freeSource removes a copied file if it is below FilesDir and no other output needs it.
func (r *Run) freeSource(source string) error {
	if !r.owns(source) || r.isNeeded(source, "") {
		return nil
	}
	return ignoreMissing(os.Remove(source))
}

// isNeeded reports whether an output, except one, must still be copied from a file: a
// link and its target are two outputs of one file.
func (r *Run) isNeeded(source, except string) bool {
	return slices.ContainsFunc(r.Journal().Outputs, func(o Output) bool { return o.Source == source && !o.Closed() && o.Name != except })
}
