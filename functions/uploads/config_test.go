package uploads_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
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

func TestConfigNamesTheMissingSettings(t *testing.T) {
	t.Parallel()
	_, _, err := function.Settings[uploads.Config](nil)
	for _, setting := range []string{"GOOGLE_CLOUD_PROJECT", "STRONGROOM_AUDIENCE", "STRONGROOM_AUDIT_KEY"} {
		if err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("%v does not name %s", err, setting)
		}
	}
	_, _, err = function.Settings[uploads.Config]([]string{"K_SERVICE=uploads", "STORAGE_EMULATOR_HOST=127.0.0.1:1"})
	if !errors.Is(err, gcp.ErrEmulatorInProduction) {
		t.Errorf("an emulator in production: %v", err)
	}
}

func TestLocalKeysAreReadAtStart(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	for name, test := range map[string]struct {
		file    string
		text    []byte
		wantErr string // empty: no error
	}{
		"a good key":                 {"a@b.pem", privateKey(t, 2048), ""},
		"another file":               {"README", []byte("canary"), ""},
		"a file that is not PEM":     {"a@b.pem", []byte("canary"), "a@b.pem"},
		"a PEM that is not a key":    {"a@b.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("canary")}), "a@b.pem"},
		"a key of 1,024 bits":        {"a@b.pem", privateKey(t, 1024), "2048 bits"},
		"a key of another algorithm": {"a@b.pem", ellipticKey(t), "RSA"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, test.file), test.text, 0o600); err != nil {
				t.Fatal(err)
			}
			clients := gcp.NewClients(c.As(suite.FunctionAccount("uploads")))
			t.Cleanup(func() { _ = clients.Close() })
			_, err := uploads.New(t.Context(), uploads.Config{
				LocalKeys: dir, Access: access.Config{Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKey}},
			}, function.Deps{Clients: clients, Now: time.Now, Log: api.NewLogger(io.Discard)})
			if (err != nil) != (test.wantErr != "") || (err != nil && !strings.Contains(err.Error(), test.wantErr)) {
				t.Errorf("got %v, want %q", err, test.wantErr)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error shows the file: %v", err)
			}
		})
	}
}

func privateKey(t *testing.T, bits int) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, key)
}

func ellipticKey(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, key)
}

func encoded(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
