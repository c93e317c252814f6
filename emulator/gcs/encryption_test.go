package gcs_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
)

const version1 = keyName + "/cryptoKeyVersions/1"

// setKey sets the state of the key's first version.
func (f *fixture) setKey(state kmspb.CryptoKeyVersion_CryptoKeyVersionState) {
	f.t.Helper()
	_, err := f.kms.UpdateCryptoKeyVersion(kms.As(context.Background(), admin), &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: version1, State: state},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	check(f.t, err)
}

func (f *fixture) destroyKey() {
	f.t.Helper()
	_, err := f.kms.DestroyCryptoKeyVersion(kms.As(context.Background(), admin), &kmspb.DestroyCryptoKeyVersionRequest{Name: version1})
	check(f.t, err)
}

func TestReadsAndWritesFailWithoutTheKey(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		turnOff func(*fixture)
		status  int
		code    string
	}{
		"disabled":                       {func(f *fixture) { f.setKey(kmspb.CryptoKeyVersion_DISABLED) }, 400, "CloudKmsDisabledKey"},
		"scheduled for destruction":      {func(f *fixture) { f.destroyKey() }, 400, "CloudKmsDisabledKey"},
		"destroyed":                      {func(f *fixture) { f.destroyKey(); f.clock.Advance(60 * 24 * time.Hour) }, 400, "CloudKmsDisabledKey"},
		"without the agent's permission": {func(f *fixture) { check(f.t, f.iam.Unbind(agentBinding)) }, 403, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.write("part", "secret")
			url := f.url + "/" + bucket + "/part"
			test.turnOff(f)
			f.send(http.MethodGet, url, "", f.token(viewer)).wantError(t, test.status, test.code)
			f.send(http.MethodPut, url+"2", "more", f.token(admin)).wantError(t, test.status, test.code)
			signed := f.sign("part3", uploadHeaders[0])
			if name != "destroyed" { // the signature is 60 days old by then
				f.send(http.MethodPut, signed, "more", uploadHeaders[0]).wantError(t, test.status, test.code)
			}
			_, err := read(f.object(viewer, "part"))
			wantStatus(t, err, test.status)
			wantStatus(t, write(f.object(admin, "part2"), "more"), test.status)
			if _, err := f.object(viewer, "part").Attrs(t.Context()); err != nil {
				t.Errorf("metadata: %v", err)
			}
		})
	}
}

var agentBinding = iam.Binding{Member: agent, Role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", Resource: keyName}

func TestAnEnabledKeyDecryptsOldObjects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "secret")
	f.setKey(kmspb.CryptoKeyVersion_DISABLED)
	f.setKey(kmspb.CryptoKeyVersion_ENABLED)
	if text, err := read(f.object(viewer, "part")); err != nil || text != "secret" {
		t.Errorf("read %q, %v", text, err)
	}
}

func TestUnknownKeyIsNotFound(t *testing.T) {
	t.Parallel()
	const unknown = ring + "/cryptoKeys/unknown"
	f := newFixture(t, func(b *gcs.Bucket, _ *gcs.Config) { b.DefaultKMSKeyName = unknown })
	check(t, f.iam.Bind(iam.Binding{Member: agent, Role: agentBinding.Role, Resource: "projects/" + project}))
	f.send(http.MethodPut, f.url+"/"+bucket+"/part", "x", f.token(admin)).wantError(t, 400, "CloudKmsEncryptionKeyNotFound")
}

func TestDiskHasNoPlainContent(t *testing.T) {
	t.Parallel()
	const canary = "canary-91c7-in-the-mine"
	for name, key := range map[string]string{"under a KMS key": keyName, "under the emulator's key": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(b *gcs.Bucket, _ *gcs.Config) { b.DefaultKMSKeyName = key })
			f.write("part", strings.Repeat(canary, 10_000))
			f.send(http.MethodPut, f.sign("part2", uploadHeaders[0]), canary, uploadHeaders[0])
			ctx, cancel := context.WithCancel(t.Context())
			out := f.object(admin, "open").NewWriter(ctx)
			out.ChunkSize = 256 << 10
			_, err := out.Write(bytes.Repeat([]byte(canary), 20_000)) // leaves an open session
			check(t, err)
			files := 0
			err = filepath.WalkDir(f.gcs.Root(), func(path string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				files++
				text, err := os.ReadFile(path)
				for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))[:20], hex.EncodeToString([]byte(canary))} {
					if bytes.Contains(text, []byte(form)) {
						t.Errorf("%s contains the canary", path)
					}
				}
				return err
			})
			if err != nil || files < 3 {
				t.Errorf("searched %d files, %v", files, err)
			}
			cancel()
			if err := out.Close(); err == nil {
				t.Error("a cancelled upload is closed well")
			}
		})
	}
}

func TestChunksThatAreMovedOrChangedAreNotServed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", strings.Repeat("a", 200_000))
	blobs, err := filepath.Glob(filepath.Join(f.gcs.Root(), "objects", "*"))
	if err != nil || len(blobs) != 1 {
		t.Fatalf("blobs %v, %v", blobs, err)
	}
	sealed, err := os.ReadFile(blobs[0])
	check(t, err)
	const chunk = 64<<10 + 16
	for name, changed := range map[string][]byte{
		"a bit is flipped":    append(append([]byte{}, sealed[0]^1), sealed[1:]...),
		"chunks are swapped":  append(append(append([]byte{}, sealed[chunk:2*chunk]...), sealed[:chunk]...), sealed[2*chunk:]...),
		"the last is cut off": sealed[:3*chunk],
	} {
		check(t, os.WriteFile(blobs[0], changed, 0o600))
		if text, err := read(f.object(viewer, "part")); err == nil {
			t.Errorf("%s: read %d bytes", name, len(text))
		}
	}
}
