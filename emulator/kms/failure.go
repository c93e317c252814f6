package kms

import (
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
)

// decryptionFailed does not say whether the key, the ciphertext or the associated
// data is wrong. Google's error does not either.
var decryptionFailed = status.Error(codes.InvalidArgument,
	"Decryption failed: verify that 'name' refers to the correct CryptoKey.")

func badName(name string) error {
	return status.Errorf(codes.InvalidArgument, "Resource name %q is invalid.", name)
}

func notFound(what, name string) error {
	return status.Errorf(codes.NotFound, "%s %s not found.", what, name)
}

func exists(what, name string) error {
	return status.Errorf(codes.AlreadyExists, "%s %s already exists.", what, name)
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

func unmodeled(what string) error {
	return status.Errorf(codes.Unimplemented, "%s is not modeled.", what)
}

func internal(err error) error { return status.Errorf(codes.Internal, "%v", err) }

func denied(permission, name string) error {
	return detailed(codes.PermissionDenied,
		"Permission '"+permission+"' denied on resource '"+name+"' (or it may not exist).",
		&errdetails.ErrorInfo{
			Reason: "IAM_PERMISSION_DENIED", Domain: "cloudkms.googleapis.com",
			Metadata: map[string]string{"permission": permission, "resource": name},
		})
}

// notEnabled is Google's error for a version that is not enabled: a
// PreconditionFailure with KEY_DISABLED, KEY_DESTROY_SCHEDULED or KEY_DESTROYED.
func notEnabled(v *kmspb.CryptoKeyVersion) error {
	return detailed(codes.FailedPrecondition,
		v.GetName()+" is not enabled, current state is: "+v.GetState().String()+".",
		&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
			{Type: "KEY_" + v.GetState().String(), Subject: v.GetName()},
		}})
}

func wrongState(v *kmspb.CryptoKeyVersion, act string) error {
	return status.Errorf(codes.FailedPrecondition, "%s cannot be %s, current state is: %s.", v.GetName(), act, v.GetState())
}

func noPrimary(name string) error {
	return status.Errorf(codes.FailedPrecondition, "CryptoKey %s has no primary version.", name)
}

func wrongPurpose(k *kmspb.CryptoKey, act string) error {
	return status.Errorf(codes.FailedPrecondition, "CryptoKey %s with purpose %s cannot %s.", k.GetName(), k.GetPurpose(), act)
}

func detailed(code codes.Code, text string, detail protoadapt.MessageV1) error {
	st, err := status.New(code, text).WithDetails(detail)
	if err != nil {
		return status.Error(code, text)
	}
	return st.Err()
}
