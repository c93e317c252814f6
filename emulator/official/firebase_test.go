package official_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/official"
)

func TestFirebaseStartsBothEmulators(t *testing.T) {
	needEmulators(t)
	if _, err := exec.LookPath("firebase"); err != nil {
		t.Skip("firebase is not on the PATH: npm install -g firebase-tools@15")
	}
	out, err := exec.CommandContext(t.Context(), "../firebase.sh", "env").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"\nFIRESTORE_EMULATOR_HOST=127.0.0.1:8686\n", "\nPUBSUB_EMULATOR_HOST=127.0.0.1:8685\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the command does not have %s", strings.TrimSpace(want))
		}
	}
}

func TestClearFirestoreDeletesTheDocumentsOfEachDatabase(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path)
		if strings.Contains(r.URL.Path, "other") {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	if err := official.ClearFirestore(t.Context(), host, "p", "(default)", "directory"); err != nil {
		t.Error(err)
	}
	if err := official.ClearFirestore(t.Context(), host, "p", "other"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a server that is no emulator: %v", err)
	}
	want := []string{
		"DELETE /emulator/v1/projects/p/databases/(default)/documents",
		"DELETE /emulator/v1/projects/p/databases/directory/documents",
		"DELETE /emulator/v1/projects/p/databases/other/documents",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
