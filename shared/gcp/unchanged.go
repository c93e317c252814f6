package gcp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// ErrChanged is the error of WriteUnchanged if a document has changed since it was read.
var ErrChanged = errors.New("a document has changed since it was read")

// Version is a document as it was when it was read.
type Version struct {
	Ref     *firestore.DocumentRef
	Updated time.Time // UpdateTime of its snapshot; zero: the document did not exist
}

// WriteUnchanged commits the writes of work in one call, without a transaction, if each of the
// documents still has the version that was read before. Otherwise, it writes nothing, and the
// error is ErrChanged. So it needs no lock, and no call that reads the documents again.
//
// Only a document that is written can be compared, so work must write each of them. What
// else the writes depend on must not be able to change without one of the documents.
//
// If the reply of the commit is lost, the client commits again, and the error is ErrChanged
// although the writes were applied. So the caller must read again after ErrChanged.
func WriteUnchanged(ctx context.Context, db *firestore.Client, documents []Version, work func(*firestore.Transaction) error) error {
	versions := make(map[string]Version, len(documents))
	for _, v := range documents {
		versions[v.Ref.Path] = v
	}
	err := Write(context.WithValue(ctx, versionsKey{}, versions), db, work)
	switch status.Code(err) {
	case codes.FailedPrecondition, codes.AlreadyExists, codes.NotFound:
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return err
}

type versionsKey struct{}

// requireVersions is a grpc.UnaryClientInterceptor that adds the versions of WriteUnchanged to
// a commit, because Google's client has no precondition for a document that is set.
func requireVersions(ctx context.Context, method string, in, out any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	versions, ok := ctx.Value(versionsKey{}).(map[string]Version)
	request, isCommit := in.(*pb.CommitRequest)
	if !ok || !isCommit {
		return invoke(ctx, method, in, out, conn, options...)
	}
	compared := map[string]bool{} // a document that is written again has changed by then
	for _, write := range request.GetWrites() {
		name := write.GetUpdate().GetName()
		if v, ok := versions[name]; ok && !compared[name] {
			write.CurrentDocument, compared[name] = v.precondition(), true
		}
	}
	if len(compared) != len(versions) {
		return status.Errorf(codes.Internal, "the commit writes %d of the %d documents that must not have changed", len(compared), len(versions))
	}
	return invoke(ctx, method, in, out, conn, options...)
}

func (v Version) precondition() *pb.Precondition {
	if v.Updated.IsZero() {
		return &pb.Precondition{ConditionType: &pb.Precondition_Exists{Exists: false}}
	}
	return &pb.Precondition{ConditionType: &pb.Precondition_UpdateTime{UpdateTime: timestamppb.New(v.Updated)}}
}
