package gcp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/firestore"
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
)

// Increment adds to numbers of one document, which is created if it does not exist.
type Increment struct {
	Ref *firestore.DocumentRef
	By  map[string]int64 // by field path, such as "runs.used"
	Set map[string]any   // other fields of the document
}

// AddAll commits the increments in one call, without a read, and returns the numbers after
// it, by field path, for each increment. Google's client does not return them, although the
// reply of the commit has them.
//
// If the reply is lost, the numbers may be added again. So they must be numbers
// that may be too large.
func AddAll(ctx context.Context, db *firestore.Client, increments ...Increment) ([]map[string]int64, error) {
	totals := &transformed{}
	err := Write(context.WithValue(ctx, transformedKey{}, totals), db, func(tx *firestore.Transaction) error {
		for _, i := range increments {
			if err := tx.Set(i.Ref, i.fields(), firestore.MergeAll); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("increment: %w", err)
	}
	if len(totals.writes) != len(increments) {
		return nil, errors.New("increment: the reply does not have the numbers")
	}
	return totals.writes, nil
}

// fields returns the document to merge.
func (i Increment) fields() map[string]any {
	fields := map[string]any{}
	for name, value := range i.Set {
		fields[name] = value
	}
	for path, n := range i.By {
		names := strings.Split(path, ".")
		at := fields
		for _, name := range names[:len(names)-1] {
			inner, ok := at[name].(map[string]any)
			if !ok {
				inner = map[string]any{}
				at[name] = inner
			}
			at = inner
		}
		at[names[len(names)-1]] = firestore.Increment(n)
	}
	return fields
}

type transformedKey struct{}

// transformed has the numbers that a commit has incremented, for each of its writes.
type transformed struct{ writes []map[string]int64 }

// returnTransformed is a grpc.UnaryClientInterceptor that keeps the results of transforms.
func returnTransformed(ctx context.Context, method string, in, out any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	err := invoke(ctx, method, in, out, conn, options...)
	kept, ok := ctx.Value(transformedKey{}).(*transformed)
	request, isCommit := in.(*pb.CommitRequest)
	if err != nil || !ok || !isCommit {
		return err
	}
	kept.writes = nil
	results := out.(*pb.CommitResponse).GetWriteResults()
	for i, write := range request.GetWrites()[:min(len(results), len(request.GetWrites()))] {
		numbers := map[string]int64{}
		for j, value := range results[i].GetTransformResults() {
			numbers[write.GetUpdateTransforms()[j].GetFieldPath()] = value.GetIntegerValue()
		}
		kept.writes = append(kept.writes, numbers)
	}
	return nil
}
