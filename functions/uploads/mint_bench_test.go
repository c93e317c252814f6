//go:build unix

package uploads_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/uploads"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// localKey creates a key that signs as account.
func localKey(b *testing.B, account string) (dir string, key *rsa.PrivateKey) {
	b.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	dir = b.TempDir()
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, account+".pem"), text, 0o600); err != nil {
		b.Fatal(err)
	}
	return dir, key
}

// BenchmarkMint mints a hundred URLs per call over HTTP with a local key, and
// compares the CPU time of this process with that of a hundred plain RSA
// signatures. The function, its Firestore client and the HTTP client
// run in this process and count. Firestore, KMS and the bucket do not.
func BenchmarkMint(b *testing.B) {
	e := cloudtest.StartProcess(b, "uploads")
	dir, key := localKey(b, e.Tenant.SigningAccount)
	clients := gcp.NewClients(e.Config)
	b.Cleanup(func() { _ = clients.Close() })
	h, err := uploads.New(b.Context(), uploads.Config{
		LocalKeys: dir, Access: access.Config{Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKey}},
	}, function.Deps{Clients: clients, Now: time.Now, Log: api.NewLogger(io.Discard)})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	body, err := json.Marshal(map[string]any{"parts": hundredParts("stdout.log")})
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256(body)
	sign := func() {
		for range 100 {
			if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	}
	cloudtest.CompareCPU(b, func() { requestMint(b, server.URL, e.Runner, body) }, sign, "bare")
}

func requestMint(b *testing.B, url, token string, body []byte) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/v1/workspaces/prod/runs/"+cloudtest.NewRun(b)+"/uploads", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("status %d, %v", response.StatusCode, err)
	}
}
