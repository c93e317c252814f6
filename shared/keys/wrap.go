package keys

import (
	"context"
	"fmt"
	"hash/crc32"

	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func (s store) wrap(ctx context.Context, epoch uint32, raw []byte) ([]byte, error) {
	wrapped, err := Wrap(ctx, s.config.KMS, s.config.KeyName, raw, s.associatedData(epoch))
	return wrapped.Ciphertext, err
}

func (s store) unwrap(ctx context.Context, epoch uint32, ciphertext []byte) ([]byte, error) {
	return Unwrap(ctx, s.config.KMS, s.config.KeyName, ciphertext, s.associatedData(epoch))
}

// associatedData binds a wrapped key to its document. It is the path within the
// database, so a database that is restored under another name still opens.
func (s store) associatedData(epoch uint32) []byte {
	return []byte(RelativePath(s.ref(epoch)))
}

// Wrapped is a key that Cloud KMS has encrypted.
type Wrapped struct {
	Ciphertext []byte
	Version    string // projects/…/cryptoKeyVersions/… that encrypted it
}

// Wrap has Cloud KMS encrypt a key, with the primary version of keyName or with the version
// that it names. Checksums protect the request and the reply:
// cloud.google.com/kms/docs/data-integrity-guidelines.
func Wrap(ctx context.Context, client *kms.KeyManagementClient, keyName string, raw, associatedData []byte) (Wrapped, error) {
	reply, err := client.Encrypt(ctx, &kmspb.EncryptRequest{
		Name:                        keyName,
		Plaintext:                   raw,
		PlaintextCrc32C:             checksum(raw),
		AdditionalAuthenticatedData: associatedData,
	})
	if err != nil {
		return Wrapped{}, keyError("wrap key", err)
	}
	if !reply.VerifiedPlaintextCrc32C || reply.CiphertextCrc32C.GetValue() != checksum(reply.Ciphertext).Value {
		return Wrapped{}, status.Error(codes.DataLoss, "wrap key: checksum differs")
	}
	return Wrapped{reply.Ciphertext, reply.Name}, nil
}

// Unwrap has Cloud KMS decrypt what Wrap returned for the same associated data.
func Unwrap(ctx context.Context, client *kms.KeyManagementClient, keyName string, ciphertext, associatedData []byte) ([]byte, error) {
	reply, err := client.Decrypt(ctx, &kmspb.DecryptRequest{
		Name:                        keyName,
		Ciphertext:                  ciphertext,
		CiphertextCrc32C:            checksum(ciphertext),
		AdditionalAuthenticatedData: associatedData,
	})
	if err != nil {
		return nil, keyError("unwrap key", err)
	}
	if reply.PlaintextCrc32C.GetValue() != checksum(reply.Plaintext).Value {
		return nil, status.Error(codes.DataLoss, "unwrap key: checksum differs")
	}
	return reply.Plaintext, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) *wrapperspb.Int64Value {
	return wrapperspb.Int64(int64(crc32.Checksum(b, castagnoli)))
}

// keyError distinguishes a key that cannot be used from a transient error of KMS.
func keyError(action string, err error) error {
	switch status.Code(err) {
	case codes.FailedPrecondition, codes.PermissionDenied, codes.NotFound:
		return fmt.Errorf("%s: %w: %w", action, ErrKeyUnavailable, err)
	}
	return fmt.Errorf("%s: %w", action, err)
}
