package rsakey_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/iam/rsakey"
)

func TestAKeyIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key.pem")
	key := rsakey.New(path)
	if public, err := key.Public(); public != nil || err != nil {
		t.Errorf("before its first use there is %v, %v", public, err)
	}
	ids := make([]string, 4)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() { ids[i] = id(t, key) })
	}
	group.Wait()
	for _, got := range append(ids, id(t, rsakey.New(path))) {
		if got != ids[0] || got == "" {
			t.Errorf("key %q, want %q", got, ids[0])
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its file is %v, %v", info.Mode(), err)
	}
}

func TestAFileThatHoldsNoKeyIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key.pem")
	for _, text := range []string{"", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := rsakey.New(path).Private(); err == nil {
			t.Errorf("%q is taken as a key", text)
		}
	}
}

func id(t *testing.T, key *rsakey.Key) string {
	private, err := key.Private()
	if err != nil {
		t.Error(err)
		return ""
	}
	return rsakey.ID(&private.PublicKey)
}
