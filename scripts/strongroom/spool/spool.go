// Package spool keeps a run's output on this machine's disk, in parts, until
// the platform has acknowledged all of it.
//
// A run is a directory named by its id:
//
//	run.json              the journal
//	findings.json         what the report will carry beside the journal
//	lock                  held (flock) by the process that works on the run
//	files/                STRONGROOM_OUTPUT_DIR, unless another was chosen
//	parts/OUTPUT/00001    a part: final, never changed again
//	parts/OUTPUT/00002.open   the part that grows
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
	"syscall"
	"time"

	"github.com/google/uuid"
)

// Why a run cannot be taken up.
var (
	ErrBusy = errors.New("another process works on this run")
	ErrGone = errors.New("there is no such run in the spool")
)

const (
	freshPrefix = ".new-"  // a run that is not whole yet
	donePrefix  = ".done-" // a run that is being removed
	keptDir     = "refused"
)

// Dir is a directory of runs. Several processes may use one.
type Dir struct{ path string }

// Open makes the directory if it is missing; only its owner may look into it.
func Open(path string) (Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Dir{}, fmt.Errorf("open the spool: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return Dir{}, fmt.Errorf("open the spool: %w", err)
	}
	return Dir{path}, nil
}

// Path is where the directory is.
func (d Dir) Path() string { return d.path }

// Runs lists the ids of all spooled runs, oldest first.
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
	slices.Sort(runs) // a UUIDv7 begins with the time
	return runs, nil
}

// sweep removes what a crash left of a run that was not yet, or no longer, one.
func (d Dir) sweep(entry fs.DirEntry) {
	info, err := entry.Info()
	if err != nil || time.Since(info.ModTime()) < time.Minute {
		return
	}
	if strings.HasPrefix(entry.Name(), freshPrefix) || strings.HasPrefix(entry.Name(), donePrefix) {
		_ = os.RemoveAll(filepath.Join(d.path, entry.Name()))
	}
}

// Run is one spooled run, locked by this process. It is safe for concurrent use.
type Run struct {
	spool Dir
	dir   string
	lock  *os.File

	mu      sync.Mutex
	journal Journal
}

// Create spools a new run. Until it returns there is none. The files of the
// directory collect, or if that is empty of FilesDir, will become outputs.
func (d Dir) Create(j Journal, collect string) (*Run, error) {
	fresh, err := os.MkdirTemp(d.path, freshPrefix)
	if err != nil {
		return nil, fmt.Errorf("spool the run: %w", err)
	}
	lock, err := lockRun(fresh)
	if err != nil {
		return nil, fmt.Errorf("spool the run: %w", err)
	}
	r := &Run{spool: d, dir: filepath.Join(d.path, j.Run), lock: lock}
	if j.Version, j.Collect = journalVersion, collect; collect == "" {
		j.Collect = r.FilesDir()
	}
	r.journal = j.clone()
	if err := errors.Join(os.Mkdir(filepath.Join(fresh, "files"), 0o700), writeJournal(fresh, &j)); err != nil {
		return nil, errors.Join(fmt.Errorf("spool the run: %w", err), lock.Close())
	}
	if err := renameSynced(fresh, r.dir); err != nil {
		return nil, errors.Join(fmt.Errorf("spool the run %s: %w", j.Run, err), lock.Close())
	}
	return r, nil
}

// Lock takes up a spooled run. Errors: ErrBusy; ErrGone when there is no such
// run, or no longer.
func (d Dir) Lock(id string) (*Run, error) {
	if uuid.Validate(id) != nil {
		return nil, fmt.Errorf("%q is not the id of a run", id)
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
	return &Run{spool: d, dir: dir, lock: lock, journal: journal}, nil
}

func lockRun(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the run: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrBusy
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// FilesDir is the run's own directory for files that its task leaves.
func (r *Run) FilesDir() string { return filepath.Join(r.dir, "files") }

// Journal is a copy of the journal as it stands.
func (r *Run) Journal() Journal {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.journal.clone()
}

// Update changes the journal durably, or not at all.
func (r *Run) Update(change func(*Journal)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.journal.clone()
	change(&next)
	if err := writeJournal(r.dir, &next); err != nil {
		return err
	}
	r.journal = next
	return nil
}

// Close lets other processes work on the run.
func (r *Run) Close() error { return r.lock.Close() }

// Remove ends the run: it is acknowledged. Files that are left in FilesDir, as
// they could not be uploaded, are kept; kept is where they went, or empty.
func (r *Run) Remove() (kept string, err error) {
	for _, path := range r.Journal().Told {
		if err := r.freeSource(path); err != nil {
			return "", fmt.Errorf("free the spool: %w", err)
		}
	}
	if hasFiles(r.FilesDir()) {
		kept = filepath.Join(r.spool.path, keptDir, r.Journal().Run)
		if err := errors.Join(os.MkdirAll(filepath.Dir(kept), 0o700), os.Rename(r.FilesDir(), kept)); err != nil {
			return "", fmt.Errorf("keep refused files: %w", err)
		}
	}
	done := filepath.Join(r.spool.path, donePrefix+filepath.Base(r.dir))
	if err := renameSynced(r.dir, done); err != nil {
		return kept, fmt.Errorf("remove the spooled run: %w", err)
	}
	if err := os.RemoveAll(done); err != nil {
		return kept, fmt.Errorf("remove the spooled run: %w", err)
	}
	return kept, r.Close()
}

// hasFiles reports whether there is anything but directories below dir.
func hasFiles(dir string) bool {
	found := errors.New("found")
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			return found
		}
		return nil
	})
	return errors.Is(err, found)
}
