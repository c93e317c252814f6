package iam

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"cloud.google.com/go/iam/credentials/apiv1/credentialspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const maxBody = 1 << 20 // bytes; Google documents no limit

// Handler serves the REST form of IAM Credentials:
// POST /v1/projects/-/serviceAccounts/{email}:signBlob.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/projects/-/serviceAccounts/{call}", func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.serve(r)
		if err != nil {
			writeError(w, err)
			return
		}
		write(w, http.StatusOK, answer)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, status.Error(codes.NotFound, "Requested entity was not found."))
	})
	return mux
}

func (s *Server) serve(r *http.Request) ([]byte, error) {
	email, ok := strings.CutSuffix(r.PathValue("call"), ":signBlob")
	if !ok {
		return nil, status.Error(codes.Unimplemented, "Only signBlob is modeled.")
	}
	caller, err := s.identify(r.Header.Values("Authorization"))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, status.Error(codes.InvalidArgument, "Request payload size exceeds the limit.")
	}
	request, err := parseSignBlob(body)
	if err != nil {
		return nil, err
	}
	request.Name = accountPrefix + email
	answer, err := s.signBlob(caller, request)
	if err != nil {
		return nil, err
	}
	return marshal(answer)
}

// parseSignBlob parses {"payload": base64, "delegates": […]}. It rejects unknown
// and duplicate names, as Google does.
func parseSignBlob(body []byte) (*credentialspb.SignBlobRequest, error) {
	var r credentialspb.SignBlobRequest
	if err := protojson.Unmarshal(body, &r); err != nil {
		return nil, status.Error(codes.InvalidArgument, "Invalid JSON payload received.")
	}
	return &r, nil
}

// restError is Google's error format: cloud.google.com/apis/design/errors#http_mapping.
type restError struct {
	Error struct {
		Code    int               `json:"code"`
		Message string            `json:"message"`
		Status  string            `json:"status"`
		Details []json.RawMessage `json:"details,omitempty"`
	} `json:"error"`
}

func writeError(w http.ResponseWriter, err error) {
	st := status.Convert(err)
	mapped, ok := httpStatus[st.Code()]
	if !ok {
		mapped = httpStatus[codes.Internal]
	}
	var body restError
	body.Error.Code, body.Error.Status, body.Error.Message = mapped.code, mapped.name, st.Message()
	for _, detail := range st.Proto().GetDetails() {
		if text, err := marshal(detail); err == nil {
			body.Error.Details = append(body.Error.Details, text)
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	write(w, mapped.code, text)
}

// httpStatus maps gRPC codes to HTTP as google/rpc/code.proto does.
var httpStatus = map[codes.Code]struct {
	code int
	name string
}{
	codes.InvalidArgument:  {http.StatusBadRequest, "INVALID_ARGUMENT"},
	codes.Unauthenticated:  {http.StatusUnauthorized, "UNAUTHENTICATED"},
	codes.PermissionDenied: {http.StatusForbidden, "PERMISSION_DENIED"},
	codes.NotFound:         {http.StatusNotFound, "NOT_FOUND"},
	codes.Unimplemented:    {http.StatusNotImplemented, "UNIMPLEMENTED"},
	codes.Internal:         {http.StatusInternalServerError, "INTERNAL"},
}

func marshal(m proto.Message) ([]byte, error) { return protojson.Marshal(m) }

func write(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	_, _ = w.Write(body) // an error means that the caller has left
}
