package cloudtest

import (
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// SetKeyState sets the state of a key's first version, as its owner could.
func (c *Cloud) SetKeyState(t testing.TB, keyName string, to kmspb.CryptoKeyVersion_CryptoKeyVersionState) {
	t.Helper()
	c.SetVersionState(t, keyName+"/cryptoKeyVersions/1", to)
}

// SetVersionState sets the state of a version of a key, as the key's owner could.
func (c *Cloud) SetVersionState(t testing.TB, version string, to kmspb.CryptoKeyVersion_CryptoKeyVersionState) {
	t.Helper()
	_, err := c.KMS.UpdateCryptoKeyVersion(kms.As(t.Context(), suite.OperatorAccount), &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: version, State: to},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}
