package keys_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// envelopes is the configuration of an account for a KMS key.
func envelopes(t testing.TB, c *cloudtest.Cloud, account, keyName string) keys.EnvelopeConfig {
	t.Helper()
	clients := gcp.NewClients(c.As(account))
	t.Cleanup(func() { _ = clients.Close() })
	client, err := clients.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keys.EnvelopeConfig{KeyName: keyName, KMS: client, Now: c.Clock.Now}
}

func sealEnvelope(t testing.TB, s *keys.EnvelopeSealer) []byte {
	t.Helper()
	sealed, err := s.Seal(t.Context(), []byte("text"), []byte("here"))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// wrappedKey is the wrapped key in an envelope.
func wrappedKey(sealed []byte) []byte {
	return sealed[3 : 3+binary.BigEndian.Uint16(sealed[1:])]
}

func TestAnEnvelopeNeedsOneRoleToSealAndAnotherToOpen(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	key := c.Tenant(t).KeyName
	writer, reader := suite.FunctionAccount("custody"), suite.FunctionAccount("sweep")
	errWriter := c.IAM.Bind(iam.Binding{Member: writer, Role: "roles/cloudkms.cryptoKeyEncrypter", Resource: key})
	errReader := c.IAM.Bind(iam.Binding{Member: reader, Role: "roles/cloudkms.cryptoKeyDecrypter", Resource: key})
	if err := errors.Join(errWriter, errReader); err != nil {
		t.Fatal(err)
	}
	sealed := sealEnvelope(t, keys.NewEnvelopeSealer(envelopes(t, c, writer, key)))
	opener := keys.NewEnvelopeOpener(envelopes(t, c, reader, key))
	if text, err := opener.Open(t.Context(), sealed, []byte("here")); err != nil || string(text) != "text" {
		t.Errorf("the reader opens %q with %v", text, err)
	}
	if _, err := keys.NewEnvelopeOpener(envelopes(t, c, writer, key)).Open(t.Context(), sealed, []byte("here")); !errors.Is(err, keys.ErrKeyUnavailable) {
		t.Errorf("the writer opens: %v", err)
	}
	if _, err := keys.NewEnvelopeSealer(envelopes(t, c, reader, key)).Seal(t.Context(), nil, nil); !errors.Is(err, keys.ErrKeyUnavailable) {
		t.Errorf("the reader seals: %v", err)
	}
}

func TestAnEnvelopeSealerUsesAKeyForAnHour(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	config := envelopes(t, c, suite.OperatorAccount, c.Tenant(t).KeyName)
	sealer := keys.NewEnvelopeSealer(config)
	first := sealEnvelope(t, sealer)
	c.Clock.Advance(time.Hour - time.Second)
	if !bytes.Equal(wrappedKey(sealEnvelope(t, sealer)), wrappedKey(first)) {
		t.Error("another key within the hour")
	}
	c.Clock.Advance(time.Second)
	next := sealEnvelope(t, sealer)
	if bytes.Equal(wrappedKey(next), wrappedKey(first)) {
		t.Error("the same key after an hour")
	}
	if bytes.Equal(wrappedKey(sealEnvelope(t, keys.NewEnvelopeSealer(config))), wrappedKey(next)) {
		t.Error("another process has the same key")
	}
	opener := keys.NewEnvelopeOpener(config)
	for _, sealed := range [][]byte{first, next} {
		if _, err := opener.Open(t.Context(), sealed, []byte("here")); err != nil {
			t.Error(err)
		}
	}
}

func TestManyCallsShareOneEnvelopeKey(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	config := envelopes(t, c, suite.OperatorAccount, c.Tenant(t).KeyName)
	sealer, opener := keys.NewEnvelopeSealer(config), keys.NewEnvelopeOpener(config)
	before := c.KMS.Counts()
	values := make([][]byte, 64)
	var work sync.WaitGroup
	for i := range values {
		work.Go(func() {
			var err error
			if values[i], err = sealer.Seal(t.Context(), []byte("text"), []byte("here")); err != nil {
				t.Error(err)
				return
			}
			if _, err := opener.Open(t.Context(), values[i], []byte("here")); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	after := c.KMS.Counts()
	if encrypted, decrypted := after.Encrypt-before.Encrypt, after.Decrypt-before.Decrypt; encrypted != 1 || decrypted != 1 {
		t.Errorf("%d encryptions and %d decryptions, want 1 of each", encrypted, decrypted)
	}
}

func TestADisabledKeyOpensNoEnvelopeAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	key := c.Tenant(t).KeyName
	config := envelopes(t, c, suite.OperatorAccount, key)
	sealer, opener := keys.NewEnvelopeSealer(config), keys.NewEnvelopeOpener(config)
	sealed := sealEnvelope(t, sealer)
	if _, err := opener.Open(t.Context(), sealed, []byte("here")); err != nil {
		t.Fatal(err)
	}
	c.SetKeyState(t, key, kmspb.CryptoKeyVersion_DISABLED)
	c.Clock.Advance(5*time.Minute + time.Second)
	if _, err := opener.Open(t.Context(), sealed, []byte("here")); !errors.Is(err, keys.ErrKeyUnavailable) {
		t.Errorf("after five minutes, it opens: %v", err)
	}
	c.Clock.Advance(time.Hour)
	if _, err := sealer.Seal(t.Context(), []byte("text"), []byte("here")); !errors.Is(err, keys.ErrKeyUnavailable) {
		t.Errorf("after an hour, it seals: %v", err)
	}
}

func TestAnEnvelopeThatWasMovedOrChangedDoesNotOpen(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	config := envelopes(t, c, suite.OperatorAccount, c.Tenant(t).KeyName)
	sealed, opener := sealEnvelope(t, keys.NewEnvelopeSealer(config)), keys.NewEnvelopeOpener(config)
	refuses := func(name string, value, place []byte) {
		if _, err := opener.Open(t.Context(), value, place); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	refuses("at another place", sealed, []byte("there"))
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		refuses("with a changed byte", changed, []byte("here"))
		refuses("cut", sealed[:i], []byte("here"))
	}
	other := envelopes(t, c, suite.OperatorAccount, c.Tenant(t).KeyName)
	if _, err := keys.NewEnvelopeOpener(other).Open(t.Context(), sealed, []byte("here")); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("with another KMS key: %v", err)
	}
	tenantKeys := sealerOf(t, c, c.Tenant(t).Record, "deks-of-envelopes")
	if _, err := tenantKeys.Open(t.Context(), sealed, []byte("here")); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("as a sealed field: %v", err)
	}
}

func FuzzOpenEnvelope(f *testing.F) {
	c := cloudtest.Shared(f)
	config := envelopes(f, c, suite.OperatorAccount, c.Tenant(f).KeyName)
	opener := keys.NewEnvelopeOpener(config)
	f.Add(sealEnvelope(f, keys.NewEnvelopeSealer(config))[:40])
	f.Add([]byte{2, 0, 0})
	f.Add([]byte{2, 255, 255, 1})
	f.Fuzz(func(t *testing.T, value []byte) {
		if _, err := opener.Open(t.Context(), value, []byte("here")); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("%x: %v", value, err)
		}
	})
}
