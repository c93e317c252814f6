package iam

import (
	"context"
	"strings"

	"cloud.google.com/go/iam/credentials/apiv1/credentialspb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	signBlobPermission = "iam.serviceAccounts.signBlob"
	accountPrefix      = "projects/-/serviceAccounts/" // the API requires the "-"
)

// RegisterCredentials serves google.iam.credentials.v1.IAMCredentials with the
// method SignBlob. The other methods return Unimplemented.
func (s *Server) RegisterCredentials(server *grpc.Server) {
	credentialspb.RegisterIAMCredentialsServer(server, credentials{server: s})
}

type credentials struct {
	credentialspb.UnimplementedIAMCredentialsServer
	server *Server
}

func (c credentials) SignBlob(ctx context.Context, r *credentialspb.SignBlobRequest) (*credentialspb.SignBlobResponse, error) {
	caller, err := c.server.Caller(ctx)
	if err != nil {
		return nil, err
	}
	return c.server.signBlob(caller, r)
}

// signBlob signs for caller with the account's managed key: RSASSA-PKCS1-v1_5 over
// the SHA-256 of the payload.
func (s *Server) signBlob(caller string, r *credentialspb.SignBlobRequest) (*credentialspb.SignBlobResponse, error) {
	email, err := parseAccountName(r.GetName())
	if err != nil {
		return nil, err
	}
	if len(r.GetPayload()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "The payload must not be empty.")
	}
	if len(r.GetDelegates()) != 0 {
		return nil, status.Error(codes.Unimplemented, "Delegation is not modeled.")
	}
	if !s.Allowed(caller, signBlobPermission, "serviceAccounts/"+email) {
		return nil, denied(signBlobPermission)
	}
	a := s.account(email)
	if a == nil {
		return nil, status.Error(codes.NotFound, "Unknown service account")
	}
	keyID, signature, err := a.sign(r.GetPayload())
	if err != nil {
		return nil, status.Error(codes.Internal, "The key could not be generated.")
	}
	s.counts.signBlob.Add(1)
	return &credentialspb.SignBlobResponse{KeyId: keyID, SignedBlob: signature}, nil
}

// parseAccountName parses projects/-/serviceAccounts/EMAIL.
func parseAccountName(name string) (email string, err error) {
	email, ok := strings.CutPrefix(name, accountPrefix)
	if !ok || !accountEmail.MatchString(email) {
		return "", status.Error(codes.InvalidArgument,
			"Invalid form of account ID. Should be "+accountPrefix+"{ACCOUNT_EMAIL}")
	}
	return email, nil
}

func denied(permission string) error {
	return withInfo(codes.PermissionDenied,
		"Permission '"+permission+"' denied on resource (or it may not exist).",
		&errdetails.ErrorInfo{
			Reason: "IAM_PERMISSION_DENIED", Domain: "iam.googleapis.com",
			Metadata: map[string]string{"permission": permission},
		})
}
