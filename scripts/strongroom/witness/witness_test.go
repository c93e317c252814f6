package witness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/logtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// platform is a log, and what the witness has sent to it.
type platform struct {
	log      *logtest.Log
	size     int
	received [][]byte
	sendErr  error
}

func (p *platform) watched(t testing.TB) Log {
	files := p.log.Copy(t, p.size)
	return Log{
		Fetch: func(_ context.Context, path string, _ int) ([]byte, error) {
			file, ok := files[path]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return file.Data, nil
		},
		Cosign: func(_ context.Context, signed []byte) error {
			p.received = append(p.received, signed)
			return p.sendErr
		},
	}
}

func open(t testing.TB, dir string) *Witness {
	t.Helper()
	w, err := Open(dir, "", "witness.example.com")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// sizeOf returns the size of a signed checkpoint, of which the witness's signature
// must be valid.
func sizeOf(t testing.TB, w *Witness, signed []byte) uint64 {
	t.Helper()
	n, err := noteverify.Open(signed, []noteverify.Key{w.verifier})
	if err != nil || len(n.Signatures) != 1 {
		t.Fatalf("%v: %s", err, signed)
	}
	c, err := n.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	return c.Size
}

var errCrash = errors.New("crash")

// crash is what is on the disk if the machine stops while a file is replaced.
type crash struct {
	name  string
	leave func(path string, data []byte) error
}

var crashes = []crash{
	{"before anything is written", func(string, []byte) error { return nil }},
	{"with an empty temporary file", func(path string, _ []byte) error { return os.WriteFile(path+durable.TemporarySuffix, nil, 0o600) }},
	{"with half of the temporary file", func(path string, data []byte) error {
		return os.WriteFile(path+durable.TemporarySuffix, data[:len(data)/2], 0o600)
	}},
	{"before the rename", func(path string, data []byte) error { return durable.Write(path+durable.TemporarySuffix, data) }},
	{"after the rename", durable.Replace},
}

// TestTheStateNeverGoesBack stops the witness at each file that it replaces, in
// each way, and then before and after it sends the signature.
func TestTheStateNeverGoesBack(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 600)
	for _, c := range crashes {
		for at := range 4 { // the log's keys and 3 checkpoints
			t.Run(fmt.Sprintf("%s, file %d", c.name, at), func(t *testing.T) {
				t.Parallel()
				testCrash(t, l, c, at)
			})
		}
	}
}

func testCrash(t *testing.T, l *logtest.Log, c crash, at int) {
	dir := t.TempDir()
	p := &platform{log: l}
	written, signed := 0, uint64(0)
	for _, size := range []int{300, 301, 301, 600, 600, 600} {
		p.size = size
		w, err := Open(dir, "", "witness.example.com")
		if err != nil {
			t.Fatal(err)
		}
		w.replace = func(path string, data []byte) error {
			if written++; written == at+1 {
				return errors.Join(errCrash, c.leave(path, data))
			}
			return durable.Replace(path, data)
		}
		_, err = w.Update(t.Context(), p.watched(t))
		if err != nil && !errors.Is(err, errCrash) {
			t.Fatalf("size %d: %v", size, err)
		}
		state, _, err := w.last()
		if err != nil || state.Size < signed {
			t.Fatalf("the state went from %d to %d entries: %v", signed, state.Size, err)
		}
		for _, sent := range p.received {
			if n := sizeOf(t, w, sent); n > state.Size {
				t.Errorf("a signature of %d entries was sent before the state had more than %d", n, state.Size)
			}
		}
		signed = state.Size
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if signed != 600 || len(p.received) < 4 {
		t.Errorf("it signed %d entries and sent %d signatures", signed, len(p.received))
	}
}

func TestASignatureThatWasNotSentIsSentAgain(t *testing.T) {
	t.Parallel()
	w := open(t, t.TempDir())
	p := &platform{log: logtest.New(t, 5), size: 5, sendErr: errCrash}
	if _, err := w.Update(t.Context(), p.watched(t)); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	p.sendErr = nil
	if _, err := w.Update(t.Context(), p.watched(t)); err != nil || len(p.received) != 2 || sizeOf(t, w, p.received[1]) != 5 {
		t.Errorf("%v, %d sent", err, len(p.received))
	}
}

func TestTheSignatureReplacesAnEarlierOne(t *testing.T) {
	t.Parallel()
	w := open(t, t.TempDir())
	l := logtest.New(t, 5)
	first, err := w.cosign(l.Checkpoint(t, 5, l.Witness))
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.cosign(first)
	if err != nil || strings.Count(string(second), "— witness.example.com ") != 2 { // logtest's witness has this name too
		t.Logf("%v: %s", err, second)
	}
	if n := strings.Count(string(second), "\n— "); n != 3 {
		t.Errorf("%d signatures:\n%s", n, second)
	}
}

func TestOneWitnessUsesADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := open(t, dir)
	if _, err := Open(dir, "", "witness.example.com"); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("a second witness: %v", err)
	}
	key := w.Key()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if again := open(t, dir); again.Key() != key {
		t.Errorf("the key was %s and is %s", key, again.Key())
	}
}

func TestStatesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(dir string) error{
		"the key is missing":      func(dir string) error { return os.Remove(filepath.Join(dir, keyFile)) },
		"others can read the key": func(dir string) error { return os.Chmod(filepath.Join(dir, keyFile), 0o644) },
		"the key is damaged": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, keyFile), []byte("PRIVATE+KEY+a+b"), 0o600)
		},
		"the key is another one":    func(dir string) error { return replaceKey(dir) },
		"the checkpoint is damaged": func(dir string) error { return flip(filepath.Join(dir, checkpointFile)) },
		"the checkpoint is empty":   func(dir string) error { return os.WriteFile(filepath.Join(dir, checkpointFile), nil, 0o600) },
		"the log's keys are damaged": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, logKeysFile), []byte("hello\n"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := &platform{log: logtest.New(t, 5), size: 5}
			w := open(t, dir)
			if _, err := w.Update(t.Context(), p.watched(t)); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(w.Close(), damage(dir)); err != nil {
				t.Fatal(err)
			}
			w, err := Open(dir, "", "witness.example.com")
			if err == nil {
				_, err = w.Update(t.Context(), p.watched(t))
				_ = w.Close()
			}
			if err == nil || len(p.received) != 1 {
				t.Errorf("%v, %d signatures", err, len(p.received))
			}
		})
	}
}

func replaceKey(dir string) error {
	_, err := createKey(filepath.Join(dir, keyFile), "witness.example.com")
	return err
}

func flip(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[3] ^= 1
	return os.WriteFile(path, data, 0o600)
}

func TestALogsNewKeyIsTrustedIfTheLogOnlyGrew(t *testing.T) {
	t.Parallel()
	w := open(t, t.TempDir())
	p := &platform{log: logtest.New(t, 300), size: 290}
	if _, err := w.Update(t.Context(), p.watched(t)); err != nil {
		t.Fatal(err)
	}
	rotated := logtest.New(t, 300) // the same entries under another key
	next := &platform{log: rotated, size: 300}
	watched := next.watched(t)
	fetch := watched.Fetch
	watched.Fetch = func(ctx context.Context, path string, limit int) ([]byte, error) {
		data, err := fetch(ctx, path, limit)
		if path == "keys" {
			data = append([]byte(p.log.Key.Key+"\n"+p.log.Time.Key+"\n"), data...)
		}
		return data, err
	}
	signed, err := w.Update(t.Context(), watched)
	if err != nil || len(signed.NewKeys) != 2 || signed.Size != 300 || signed.Previous != 290 {
		t.Errorf("%+v, %v", signed, err)
	}
	if _, err := w.Update(t.Context(), p.watched(t)); !errors.Is(err, ErrShrunk) {
		t.Errorf("the old state: %v", err)
	}
}
