package keys

import (
	"context"
	"fmt"
	"hash/crc32"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// wrap has KMS encrypt a key. Checksums protect the request and the reply:
// cloud.google.com/kms/docs/data-integrity-guidelines.
func (s store) wrap(ctx context.Context, epoch uint32, raw []byte) ([]byte, error) {
	reply, err := s.config.KMS.Encrypt(ctx, &kmspb.EncryptRequest{
		Name:                        s.config.KeyName,
		Plaintext:                   raw,
		PlaintextCrc32C:             checksum(raw),
		AdditionalAuthenticatedData: s.associatedData(epoch),
	})
	if err != nil {
		return nil, keyError("wrap key", err)
	}
	if !reply.VerifiedPlaintextCrc32C || reply.CiphertextCrc32C.GetValue() != checksum(reply.Ciphertext).Value {
		return nil, status.Error(codes.DataLoss, "wrap key: checksum differs")
	}
	return reply.Ciphertext, nil
}

func (s store) unwrap(ctx context.Context, epoch uint32, ciphertext []byte) ([]byte, error) {
	reply, err := s.config.KMS.Decrypt(ctx, &kmspb.DecryptRequest{
		Name:                        s.config.KeyName,
		Ciphertext:                  ciphertext,
		CiphertextCrc32C:            checksum(ciphertext),
		AdditionalAuthenticatedData: s.associatedData(epoch),
	})
	if err != nil {
		return nil, keyError("unwrap key", err)
	}
	if reply.PlaintextCrc32C.GetValue() != checksum(reply.Plaintext).Value {
		return nil, status.Error(codes.DataLoss, "unwrap key: checksum differs")
	}
	return reply.Plaintext, nil
}

// associatedData binds a wrapped key to its document. It is the path within the
// database, so a database that is restored under another name still opens.
func (s store) associatedData(epoch uint32) []byte {
	return []byte(RelativePath(s.ref(epoch)))
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
