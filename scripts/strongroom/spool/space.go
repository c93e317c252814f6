package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
)

const (
	reserveName  = "reserve"
	reserveBytes = 256 << 10 // more than the largest journal: 1,000 outputs with names of 200 bytes

	storedSuffix = ".stored" // of a part that is stored, which a full disk kept out of the journal
)

// IsFull reports whether err means that the spool's disk is full, or its quota used.
func IsFull(err error) bool { return isAny(err, fullErrors) }

// isOfProcess reports whether a file could not be opened for a reason that is not the
// file's.
func isOfProcess(err error) bool { return isAny(err, processErrors) }

func isAny(err error, errnos []syscall.Errno) bool {
	return slices.ContainsFunc(errnos, func(errno syscall.Errno) bool { return errors.Is(err, errno) })
}

// reserve takes the space that the journal needs when the disk is full.
func reserve(dir string) error {
	path := filepath.Join(dir, reserveName)
	if err := durable.Write(path, make([]byte, reserveBytes)); err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("reserve space: %w", err)
	}
	return nil
}

// inReserve calls write. If the disk is full, it releases the reserve and calls
// write again. The reserve is taken again when there is space.
func (r *Run) inReserve(write func() error) error {
	err := write()
	if IsFull(err) && os.Remove(filepath.Join(r.dir, reserveName)) == nil {
		r.released.Store(true)
		err = write()
	}
	if err == nil && r.released.Load() {
		r.released.Store(reserve(r.dir) != nil)
	}
	return err
}

// expect counts a part that will be uploaded, which frees its space.
func (r *Run) expect() { r.unstored.Add(1) }

// free removes a stored part from the disk. If the journal does not record it,
// because the disk is full, the part's name does.
func (r *Run) free(p Part, saved bool) error {
	defer func() {
		select {
		case r.freed <- struct{}{}:
		default:
		}
		r.unstored.Add(-1) // after the signal: see AwaitSpace
	}()
	if saved {
		return ignoreMissing(os.Remove(p.Path))
	}
	mark := p.Path + storedSuffix
	if err := os.Rename(p.Path, mark); err != nil { // needs no space
		return ignoreMissing(err)
	}
	if err := os.Truncate(mark, 0); err != nil {
		return err
	}
	saved, err := r.update(func(*Journal) {}) // there is space now
	if err != nil || !saved {
		return err
	}
	return ignoreMissing(os.Remove(mark))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// AwaitSpace waits until the upload of a part has freed space. It reports false
// if no part is being uploaded, or none was uploaded for as long as timeout.
func (r *Run) AwaitSpace(timeout time.Duration) bool {
	idle := r.unstored.Load() <= 0
	select {
	case <-r.freed: // perhaps by the last upload, after the disk was full
		return true
	default:
	}
	if idle {
		return false
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-r.freed:
		return true
	case <-timer.C:
		return false
	}
}

// recoverStored acknowledges the parts whose names say that they are stored.
func (r *Run) recoverStored(o Output, dir string) error {
	marks, err := filepath.Glob(filepath.Join(dir, "*"+storedSuffix))
	if err != nil || len(marks) == 0 {
		return err
	}
	saved, err := r.update(func(j *Journal) {
		for _, mark := range marks {
			if number, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(mark), storedSuffix)); err == nil {
				j.Output(o.Name).acknowledge(number, 0)
			}
		}
	})
	for _, mark := range marks {
		if err == nil && saved {
			err = ignoreMissing(os.Remove(mark))
		}
	}
	return err
}

// Move makes the source of an output its only part, without a copy, for which a
// full disk has no space. It reports false if the source is too large for a part,
// is not below FilesDir, or is the source of another output too.
func (r *Run) Move(output string, partSize int64) (moved bool, err error) {
	journal := r.Journal()
	source := journal.Output(output).Source
	info, err := os.Lstat(source)
	if err != nil || !info.Mode().IsRegular() || info.Size() > partSize || !r.owns(source) || r.isNeeded(source, output) {
		return false, err
	}
	err = r.Update(func(j *Journal) { j.Output(output).Parts, j.Output(output).Moved = 1, true })
	if err != nil {
		return false, err
	}
	return true, r.moveSource(*journal.Output(output))
}

// moveSource is safe to repeat after a crash.
func (r *Run) moveSource(o Output) error {
	dir := r.partsDir(o.Name)
	if err := r.inReserve(func() error { return os.MkdirAll(dir, 0o700) }); err != nil {
		return fmt.Errorf("move %s: %w", o.Name, err)
	}
	return ignoreMissing(os.Rename(o.Source, filepath.Join(dir, partName(1))))
}

// owns reports whether a path is below FilesDir.
func (r *Run) owns(path string) bool {
	return strings.HasPrefix(path, r.FilesDir()+string(filepath.Separator))
}

// Verify returns nil if all output that is not stored yet is in the spool.
// Otherwise, the error says what is lost.
func (r *Run) Verify() error {
	var errs []error
	for _, o := range r.Journal().Outputs {
		if o.Cut {
			errs = append(errs, fmt.Errorf("%s was cut, because the spool's disk was full: %d bytes are lost", o.Name, o.Lost))
		}
		if !o.Closed() && o.Source != "" {
			if _, err := os.Stat(o.Source); err != nil {
				errs = append(errs, err)
			}
		}
		for number := 1; number <= o.Parts; number++ {
			if _, err := os.Stat(filepath.Join(r.partsDir(o.Name), partName(number))); err != nil && !o.acknowledged(number) {
				errs = append(errs, fmt.Errorf("%s part %d: %w", o.Name, number, err))
			}
		}
	}
	return errors.Join(errs...)
}
