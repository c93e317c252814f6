package gcp

import (
	"context"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
)

type approvalKey struct{}

// WithApproval returns a context with which nothing is written to Firestore before
// approve returns nil. Reads do not wait. If approve returns an error, the write fails
// with it. approve may be called several times, also at the same time.
func WithApproval(ctx context.Context, approve func() error) context.Context {
	return context.WithValue(ctx, approvalKey{}, approve)
}

// awaitApproval is a grpc.UnaryClientInterceptor that holds writes until they are approved.
func awaitApproval(ctx context.Context, method string, in, out any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	switch in.(type) {
	case *pb.CommitRequest, *pb.BatchWriteRequest:
		if approve, ok := ctx.Value(approvalKey{}).(func() error); ok {
			if err := approve(); err != nil {
				return err
			}
		}
	}
	return invoke(ctx, method, in, out, conn, options...)
}
