// Package spool stores a run's output on this machine's disk, in parts, until
// the platform has acknowledged all of it.
//
// Each run is a directory. Its name is the run's ID:
//
//	run.json                  the journal
//	findings.json             issues and samples for the report
//	lock                      locked (flock) by the process that works on the run
//	files/                    STRONGROOM_OUTPUT_DIR, unless --output-dir sets another
//	parts/OUTPUT/00001        a final part, which never changes; for a long name, OUTPUT is its hash
//	parts/OUTPUT/00002.open   the part that is being written
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
)

// ErrIDTaken means that the spool has a run with the same ID.
var ErrIDTaken = errors.New("the run ID is in use: the spool has a run with this ID that is not uploaded yet")

// Errors of Lock.
var (
	ErrBusy = errors.New("another process is using this run")
	ErrGone = errors.New("the spool has no such run")
)

const (
	newPrefix   = ".new-"  // a run that is being created
	donePrefix  = ".done-" // a run that is being removed
	rejectedDir = "rejected"
)

// Dir is a directory of runs. Several processes may use it at the same time.
type Dir struct{ path string }

// ErrNotPrivate means that other users may read or change a directory.
var ErrNotPrivate = errors.New("other users may read or change it: use a directory that belongs to you and has mode 0700; a directory that does not exist is created so")

// Open opens a spool. It creates the directory if needed, readable by its owner
// only. It returns ErrNotPrivate for a directory of another user, or with another
// mode: its output is in plain text, and its runs name the files to upload.
func Open(path string) (Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Dir{}, fmt.Errorf("open the spool: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return Dir{}, fmt.Errorf("open the spool: %w", err)
	}
	if err := checkPrivate(path); err != nil {
		return Dir{}, fmt.Errorf("open the spool: %s: %w", path, err)
	}
	return Dir{path}, nil
}

// Path returns the absolute path of the directory.
func (d Dir) Path() string { return d.path }

// Runs lists the IDs of all spooled runs, the oldest first.
func (d Dir) Runs() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, fmt.Errorf("list the spool: %w", err)
	}
	var runs []string
	for _, entry := range entries {
		if uuid.Validate(entry.Name()) == nil {
			runs = append(runs, entry.Name())
		} else {
			d.sweep(entry)
		}
	}
	slices.Sort(runs) // a UUIDv7 starts with the time
	return runs, nil
}

// sweep removes the remains of a crash while a run was created or removed.
func (d Dir) sweep(entry fs.DirEntry) {
	info, err := entry.Info()
	if err != nil || time.Since(info.ModTime()) < time.Minute {
		return
	}
	if strings.HasPrefix(entry.Name(), newPrefix) || strings.HasPrefix(entry.Name(), donePrefix) {
		_ = os.RemoveAll(filepath.Join(d.path, entry.Name()))
	}
}

// Run is one spooled run, locked by this process. It is safe for concurrent use.
type Run struct {
	spool Dir
	dir   string
	lock  *durable.FileLock

	freed    chan struct{} // holds one signal: a part was removed
	unstored atomic.Int64  // parts that are being uploaded
	released atomic.Bool   // the reserve was used

	writing sync.Mutex // held by the caller of Update that writes the journal

	mu      sync.Mutex
	journal Journal
	changes []*journalChange // that the next write of the journal has

	memory    memory
	following following
}

// journalChange is the change of one caller of Update.
type journalChange struct {
	apply func(*Journal)

	done  bool // guarded by Run.writing, as the result is
	saved bool
	err   error
}

// Create spools a new run, completely or not at all. The files in filesDir will
// become outputs. If filesDir is empty, this is the run's own FilesDir.
func (d Dir) Create(j Journal, filesDir string) (*Run, error) {
	temporary, err := os.MkdirTemp(d.path, newPrefix)
	if err != nil {
		return nil, fmt.Errorf("spool the run: %w", err)
	}
	defer os.RemoveAll(temporary) // it does not exist any more if the run was created
	lock, err := lockRun(temporary)
	if err != nil {
		return nil, fmt.Errorf("spool the run: %w", err)
	}
	r := &Run{spool: d, dir: filepath.Join(d.path, j.Run), lock: lock, freed: make(chan struct{}, 1)}
	if j.Version, j.PendingDir = journalVersion, filesDir; filesDir == "" {
		j.PendingDir = r.FilesDir()
	}
	r.journal = j.clone()
	if err := errors.Join(os.Mkdir(filepath.Join(temporary, "files"), 0o700), reserve(temporary), writeJournal(temporary, &j)); err != nil {
		return nil, errors.Join(fmt.Errorf("spool the run: %w", err), lock.Close())
	}
	if err := durable.Rename(temporary, r.dir); err != nil {
		if errors.Is(err, fs.ErrExist) { // also: ENOTEMPTY
			err = ErrIDTaken
		}
		return nil, errors.Join(fmt.Errorf("spool the run %s: %w", j.Run, err), lock.Close())
	}
	return r, nil
}

// Lock opens a spooled run for this process only. Errors: ErrBusy if another
// process has locked it; ErrGone if it does not exist.
func (d Dir) Lock(id string) (*Run, error) {
	if uuid.Validate(id) != nil {
		return nil, fmt.Errorf("%q is not a run ID", id)
	}
	dir := filepath.Join(d.path, id)
	lock, err := lockRun(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, err
	}
	journal, err := readJournal(dir) // after the lock: another process may have removed the run
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrGone
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Run{spool: d, dir: dir, lock: lock, journal: journal, freed: make(chan struct{}, 1)}, nil
}

// Read returns the journal of a run, which another process may be changing. The
// error is ErrGone if the run does not exist.
func (d Dir) Read(id string) (Journal, error) {
	if uuid.Validate(id) != nil {
		return Journal{}, fmt.Errorf("%q is not a run ID", id)
	}
	j, err := readJournal(filepath.Join(d.path, id))
	if errors.Is(err, fs.ErrNotExist) {
		return Journal{}, ErrGone
	}
	return j, err
}

// Size returns the bytes of a run in the spool.
func (d Dir) Size(id string) (bytes int64) {
	_ = filepath.WalkDir(filepath.Join(d.path, id), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || entry.Name() == reserveName {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}

// Discard deletes a run that is not uploaded, even if it is damaged. Errors: as
// those of Lock.
func (d Dir) Discard(id string) error {
	if uuid.Validate(id) != nil {
		return fmt.Errorf("%q is not a run ID", id)
	}
	dir := filepath.Join(d.path, id)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return ErrGone
	}
	lock, err := lockRun(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	done := filepath.Join(d.path, donePrefix+id)
	if err := durable.Rename(dir, done); err != nil {
		return fmt.Errorf("discard the run: %w", err)
	}
	if err := os.RemoveAll(done); err != nil {
		return fmt.Errorf("discard the run: %w", err)
	}
	return nil
}

func lockRun(dir string) (*durable.FileLock, error) {
	lock, err := durable.Lock(filepath.Join(dir, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, fmt.Errorf("lock the run: %w", err)
	}
	return lock, nil
}

// FilesDir is the run's own directory for the files that its task writes.
func (r *Run) FilesDir() string { return filepath.Join(r.dir, "files") }

// Journal returns a copy of the current journal.
func (r *Run) Journal() Journal {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.journal.clone()
}

// Update changes the journal durably, or not at all. If the disk is full, and the
// reserve is used, it changes the journal in memory. The next Update for which
// there is space stores that.
func (r *Run) Update(change func(*Journal)) error {
	_, err := r.update(change)
	return err
}

// update is Update. It reports whether the change is stored. While one caller writes the
// journal, the changes of others wait, and one of them writes all of these: so when parts are
// stored faster than the disk is, several of them share a write, which waits for the disk twice.
func (r *Run) update(change func(*Journal)) (saved bool, err error) {
	c := &journalChange{apply: change}
	r.mu.Lock()
	r.changes = append(r.changes, c)
	r.mu.Unlock()
	r.writing.Lock()
	defer r.writing.Unlock()
	if !c.done {
		r.writeChanges()
	}
	return c.saved, c.err
}

// writeChanges writes the journal with all changes that wait.
func (r *Run) writeChanges() {
	r.mu.Lock()
	changes, next := r.changes, r.journal.clone()
	r.changes = nil
	r.mu.Unlock()
	for _, c := range changes {
		c.apply(&next)
	}
	err := r.inReserve(func() error { return writeJournal(r.dir, &next) })
	if saved := err == nil; saved || IsFull(err) {
		r.mu.Lock()
		r.journal = next
		r.mu.Unlock()
		err = nil
		for _, c := range changes {
			c.saved = saved
		}
	}
	for _, c := range changes {
		c.done, c.err = true, err
	}
}

// Close unlocks the run.
func (r *Run) Close() error { return r.lock.Close() }

// Remove removes a run that the platform has acknowledged. It moves files in
// FilesDir that could not be uploaded to the directory kept, which is empty if
// every file was uploaded.
func (r *Run) Remove() (kept string, err error) {
	for _, path := range r.Journal().Reported {
		if err := r.freeSource(path); err != nil {
			return "", fmt.Errorf("free the spool: %w", err)
		}
	}
	if hasFiles(r.FilesDir()) {
		kept = filepath.Join(r.spool.path, rejectedDir, r.Journal().Run)
		if err := errors.Join(os.MkdirAll(filepath.Dir(kept), 0o700), os.Rename(r.FilesDir(), kept)); err != nil {
			return "", fmt.Errorf("keep rejected files: %w", err)
		}
	}
	done := filepath.Join(r.spool.path, donePrefix+filepath.Base(r.dir))
	if err := durable.Rename(r.dir, done); err != nil {
		return kept, fmt.Errorf("remove the spooled run: %w", err)
	}
	if err := os.RemoveAll(done); err != nil {
		return kept, fmt.Errorf("remove the spooled run: %w", err)
	}
	return kept, r.Close()
}

// hasFiles reports whether there are files below dir. Links and pipes have no content
// of their own.
func hasFiles(dir string) bool {
	found := errors.New("found")
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			return found
		}
		return nil
	})
	return errors.Is(err, found)
}
