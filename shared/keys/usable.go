package keys

import (
	"context"

	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
)

// CheckUsable returns ErrKeyUnavailable if a Cloud KMS key cannot encrypt now. It asks
// Cloud KMS each time, and needs no permission to decrypt.
func CheckUsable(ctx context.Context, client *kms.KeyManagementClient, keyName string) error {
	probe := []byte("probe")
	_, err := client.Encrypt(ctx, &kmspb.EncryptRequest{Name: keyName, Plaintext: probe, PlaintextCrc32C: checksum(probe)})
	if err != nil {
		return keyError("check key", err)
	}
	return nil
}
