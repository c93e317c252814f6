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
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/functions/uploads"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// elsewhere is a cloud in another process: what it costs is not the function's.
type elsewhere struct {
	Config  gcp.Config
	Access  string // the token that Config hides
	Runner  string
	Account string
}

const elsewhereSetting = "STRONGROOM_BENCHMARK_CLOUD"

// TestCloudElsewhere is no test: it is the process that BenchmarkMint starts.
// It tells of its cloud on file 3, and ends when its input does.
func TestCloudElsewhere(t *testing.T) {
	if os.Getenv(elsewhereSetting) == "" {
		t.Skip("only BenchmarkMint runs it")
	}
	c := cloudtest.New(t, cloud.Options{})
	tn := c.Tenant(t)
	config := c.As(cloud.FunctionAccount("uploads"))
	told := elsewhere{config, config.AccessToken.Reveal(), tn.Token(t, "runner"), tn.SigningAccount}
	if err := json.NewEncoder(os.NewFile(3, "parent")).Encode(told); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// startElsewhere runs the cloud in another process until the benchmark ends.
func startElsewhere(b *testing.B) elsewhere {
	b.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestCloudElsewhere$")
	child.Env = append(os.Environ(), elsewhereSetting+"=1")
	input, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	told, tell, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	child.ExtraFiles = []*os.File{tell}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = input.Close(); _ = child.Wait() })
	_ = tell.Close() // the child has its own
	defer told.Close()
	var e elsewhere
	if err := json.NewDecoder(told).Decode(&e); err != nil {
		b.Fatal(err)
	}
	e.Config.AccessToken = secret.New(e.Access)
	return e
}

// localKey writes a key that signs as account.
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

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkMint mints a hundred URLs a call over HTTP with a local key, and
// compares the CPU time of this process with that of bare RSA signatures. The
// function, its Firestore client and the HTTP client that asks are in this
// process and count; Firestore, KMS and the bucket are in another and do not.
func BenchmarkMint(b *testing.B) {
	e := startElsewhere(b)
	dir, key := localKey(b, e.Account)
	clients := gcp.NewClients(e.Config)
	b.Cleanup(func() { _ = clients.Close() })
	h, err := uploads.New(b.Context(), uploads.Config{
		Cloud: e.Config, LocalKeys: dir, Access: access.Config{Audience: cloud.Audience, Config: auditlog.Config{AuditKeyName: auditKey}},
	}, uploads.Deps{Clients: clients, Now: time.Now, Log: api.NewLogger(io.Discard)})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	body, err := json.Marshal(map[string]any{"parts": hundred("stdout.log")})
	if err != nil {
		b.Fatal(err)
	}
	ask(b, server.URL, e.Runner, body) // builds what is built on first use

	var minting, signing time.Duration
	for b.Loop() {
		began := cpu(b)
		ask(b, server.URL, e.Runner, body)
		minted := cpu(b)
		digest := sha256.Sum256(body)
		for range 100 {
			if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
		minting, signing = minting+minted-began, signing+cpu(b)-minted
	}
	urls := float64(b.N * 100)
	b.ReportMetric(float64(minting.Microseconds())/urls, "cpu-µs/URL")
	b.ReportMetric(float64(signing.Microseconds())/urls, "cpu-µs/bare")
	b.ReportMetric(minting.Seconds()/signing.Seconds(), "x-bare-CPU")
}

func ask(b *testing.B, url, token string, body []byte) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/v1/workspaces/prod/runs/"+cloudtest.NewRun(b)+"/uploads", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		b.Fatalf("status %d, %v", answer.StatusCode, err)
	}
}
