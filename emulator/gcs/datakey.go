package gcs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"go.etcd.io/bbolt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/kms"
)

// wrap locks o's data key with o's KMS key, or with the server's own if it has
// none. The lock names bucket, object and generation.
func (s *Server) wrap(ctx context.Context, o *object, key dataKey) (err error) {
	if o.KeyName == "" {
		o.WrappedKey, err = s.ownKey.lock(key, o.lockedTo())
		return err
	}
	answer, err := s.config.KMS.Encrypt(kms.As(ctx, s.config.ServiceAgent), &kmspb.EncryptRequest{
		Name: o.KeyName, Plaintext: key[:], AdditionalAuthenticatedData: o.lockedTo(),
	})
	if err != nil {
		return keyRefusal(err, keyNotFound)
	}
	o.WrappedKey, o.KeyVersion = answer.GetCiphertext(), answer.GetName()
	return nil
}

// unwrap opens o's data key. KMS is asked each time, so that a key that is
// disabled is out of use at once.
func (s *Server) unwrap(ctx context.Context, o object) (dataKey, error) {
	if o.KeyName == "" {
		return s.ownKey.unlock(o.WrappedKey, o.lockedTo())
	}
	answer, err := s.config.KMS.Decrypt(kms.As(ctx, s.config.ServiceAgent), &kmspb.DecryptRequest{
		Name: o.KeyName, Ciphertext: o.WrappedKey, AdditionalAuthenticatedData: o.lockedTo(),
	})
	if err != nil {
		return dataKey{}, keyRefusal(err, keyDecryptionNotFound)
	}
	return readDataKey(answer.GetPlaintext())
}

func (o object) lockedTo() []byte {
	return []byte(o.Bucket + "\x00" + o.Name + "\x00" + strconv.FormatInt(o.Generation, 10))
}

// keyRefusal says what Google Cloud Storage says for an answer of Cloud KMS:
// cloud.google.com/storage/docs/json_api/v1/status-codes, all 400 but the
// missing permission.
func keyRefusal(err error, missing code) error {
	switch status.Code(err) {
	case codes.FailedPrecondition:
		return refuse(keyDisabled, "Cloud KMS key is disabled, destroyed, or scheduled to be destroyed.")
	case codes.NotFound:
		return refuse(missing, "The Cloud KMS key was not found.")
	case codes.PermissionDenied, codes.Unauthenticated:
		return refuse(keyDenied, "The service agent may not use the Cloud KMS key.")
	}
	return fmt.Errorf("ask KMS: %w", err)
}

func readDataKey(plain []byte) (dataKey, error) {
	var k dataKey
	if len(plain) != dataKeySize {
		return k, errors.New("a data key has the wrong length")
	}
	copy(k[:], plain)
	return k, nil
}

// lock seals key under k for the one use that is named.
func (k dataKey) lock(key dataKey, use []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	return aead.Seal(nonce, nonce, key[:], use), nil
}

func (k dataKey) unlock(locked, use []byte) (dataKey, error) {
	aead, err := k.aead()
	if err != nil {
		return dataKey{}, err
	}
	if len(locked) < aead.NonceSize() {
		return dataKey{}, errors.New("a data key is cut short")
	}
	plain, err := aead.Open(nil, locked[:aead.NonceSize()], locked[aead.NonceSize():], use)
	if err != nil {
		return dataKey{}, fmt.Errorf("unlock data key: %w", err)
	}
	return readDataKey(plain)
}

// ownKey is the key of buckets without a KMS key, made once; it stands for the
// keys that Google manages.
func (s *store) ownKey() (key dataKey, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) error {
		table := tx.Bucket(stateTable)
		if kept := table.Get([]byte("key")); kept != nil {
			key, err = readDataKey(kept)
			return err
		}
		key = newDataKey()
		return table.Put([]byte("key"), key[:])
	})
	return key, err
}
