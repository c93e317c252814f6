package iam

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const tokenPrefix = "ya29.emulated-"

// AccessToken returns the bearer token of an account, which is a secret. The token
// is opaque and stays the same for the lifetime of the Server or its Dir. It is
// invalid until the account exists.
func (s *Server) AccessToken(email string) string {
	mac := hmac.New(sha256.New, s.seed)
	mac.Write([]byte(email))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Authenticate returns the account of an access token: the part of an
// Authorization header after "Bearer ".
func (s *Server) Authenticate(bearer string) (email string, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	email, ok = s.tokens[bearer]
	return email, ok
}

// Caller returns the account that makes a gRPC call, from the `authorization`
// metadata. Its error is a status Unauthenticated.
func (s *Server) Caller(ctx context.Context) (email string, err error) {
	return s.identify(metadata.ValueFromIncomingContext(ctx, "authorization"))
}

// identify returns the account of a call, given its Authorization headers.
func (s *Server) identify(headers []string) (email string, err error) {
	if len(headers) == 0 || headers[0] == "" {
		return "", unauthenticated("CREDENTIALS_MISSING", "Request is missing required authentication credential.")
	}
	scheme, bearer, _ := strings.Cut(headers[0], " ")
	email, ok := s.Authenticate(bearer)
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || !ok {
		return "", unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", "Request had invalid authentication credentials.")
	}
	return email, nil
}

func unauthenticated(reason, text string) error {
	return withInfo(codes.Unauthenticated,
		text+" Expected OAuth 2 access token, login cookie or other valid authentication credential. "+
			"See https://developers.google.com/identity/sign-in/web/devconsole-project.",
		&errdetails.ErrorInfo{Reason: reason, Domain: "googleapis.com"})
}

// withInfo returns a status with google.rpc.ErrorInfo, as Google's APIs do.
func withInfo(code codes.Code, text string, info *errdetails.ErrorInfo) error {
	st, err := status.New(code, text).WithDetails(info)
	if err != nil {
		return status.Error(code, text)
	}
	return st.Err()
}
