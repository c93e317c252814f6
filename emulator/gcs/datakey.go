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

// wrap encrypts o's data key with o's KMS key, or with the server's own key if it has
// none. The bucket, object and generation are authenticated.
func (s *Server) wrap(ctx context.Context, o *object, key dataKey) (err error) {
	if o.KeyName == "" {
		o.WrappedKey, err = s.ownKey.lock(key, o.lockedTo())
		return err
	}
	answer, err := s.config.KMS.Encrypt(kms.As(ctx, s.config.ServiceAgent), &kmspb.EncryptRequest{
		Name: o.KeyName, Plaintext: key[:], AdditionalAuthenticatedData: o.lockedTo(),
	})
	if err != nil {
		return keyError(err, keyNotFound)
	}
	o.WrappedKey, o.KeyVersion = answer.GetCiphertext(), answer.GetName()
	return nil
}

// unwrap decrypts o's data key. It calls KMS each time, so that a disabled key cannot
// be used.
func (s *Server) unwrap(ctx context.Context, o object) (dataKey, error) {
	if o.KeyName == "" {
		return s.ownKey.unlock(o.WrappedKey, o.lockedTo())
	}
	answer, err := s.config.KMS.Decrypt(kms.As(ctx, s.config.ServiceAgent), &kmspb.DecryptRequest{
		Name: o.KeyName, Ciphertext: o.WrappedKey, AdditionalAuthenticatedData: o.lockedTo(),
	})
	if err != nil {
		return dataKey{}, keyError(err, keyDecryptionNotFound)
	}
	return readDataKey(answer.GetPlaintext())
}

func (o object) lockedTo() []byte {
	return []byte(o.Bucket + "\x00" + o.Name + "\x00" + strconv.FormatInt(o.Generation, 10))
}

// keyError converts an error of Cloud KMS to Google Cloud Storage's:
// cloud.google.com/storage/docs/json_api/v1/status-codes. All have status 400 except a
// missing permission.
func keyError(err error, missing code) error {
	switch status.Code(err) {
	case codes.FailedPrecondition:
		return reject(keyDisabled, "Cloud KMS key is disabled, destroyed, or scheduled to be destroyed.")
	case codes.NotFound:
		return reject(missing, "The Cloud KMS key was not found.")
	case codes.PermissionDenied, codes.Unauthenticated:
		return reject(keyDenied, "The service agent may not use the Cloud KMS key.")
	}
	return fmt.Errorf("call KMS: %w", err)
}

func readDataKey(plain []byte) (dataKey, error) {
	var k dataKey
	if len(plain) != dataKeySize {
		return k, errors.New("a data key has the wrong length")
	}
	copy(k[:], plain)
	return k, nil
}

// lock encrypts key under k for one use.
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
		return dataKey{}, errors.New("a data key is truncated")
	}
	plain, err := aead.Open(nil, locked[:aead.NonceSize()], locked[aead.NonceSize():], use)
	if err != nil {
		return dataKey{}, fmt.Errorf("unlock data key: %w", err)
	}
	return readDataKey(plain)
}

// ownKey returns the key of buckets without a KMS key, which is created once. It
// stands in for the keys that Google manages.
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
