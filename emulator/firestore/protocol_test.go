package firestore_test

import (
	"strings"
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
)

var protocolTests = []protocolTest{
	{"an unknown transaction is rejected", unknownTransaction},
	{"a finished transaction is rejected", finishedTransaction},
	{"a batch of writes returns a status for each, and rejects a document twice", batchWrite},
	{"single documents are created, read, changed and deleted", singleDocuments},
	{"transforms return their results", transformResults},
	{"paths 100 collections deep are stored", deepPath},
}

func text(s string) *pb.Value { return &pb.Value{ValueType: &pb.Value_StringValue{StringValue: s}} }
func number(i int64) *pb.Value {
	return &pb.Value{ValueType: &pb.Value_IntegerValue{IntegerValue: i}}
}

func set(name string, fields map[string]*pb.Value) *pb.Write {
	return &pb.Write{Operation: &pb.Write_Update{Update: &pb.Document{Name: name, Fields: fields}}}
}

func unknownTransaction(t *testing.T, raw pb.FirestoreClient, database string) {
	_, err := raw.Commit(t.Context(), &pb.CommitRequest{Database: database, Transaction: []byte("never begun")})
	wantCode(t, "commit", err, codes.InvalidArgument)
	_, err = raw.Rollback(t.Context(), &pb.RollbackRequest{Database: database, Transaction: []byte("never begun")})
	wantCode(t, "rollback", err, codes.InvalidArgument)
}

func finishedTransaction(t *testing.T, raw pb.FirestoreClient, database string) {
	tx, err := raw.BeginTransaction(t.Context(), &pb.BeginTransactionRequest{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	_, err = raw.Commit(t.Context(), &pb.CommitRequest{Database: database, Transaction: tx.Transaction})
	wantCode(t, "commit", err, codes.OK)
	_, err = raw.Commit(t.Context(), &pb.CommitRequest{Database: database, Transaction: tx.Transaction})
	wantCode(t, "commit again", err, codes.InvalidArgument)
	_, err = raw.Rollback(t.Context(), &pb.RollbackRequest{Database: database, Transaction: tx.Transaction})
	wantCode(t, "rollback after commit", err, codes.OK)
}

func batchWrite(t *testing.T, raw pb.FirestoreClient, database string) {
	root := database + "/documents/"
	missing := set(root+"a/2", nil)
	missing.CurrentDocument = &pb.Precondition{ConditionType: &pb.Precondition_Exists{Exists: true}}
	r, err := raw.BatchWrite(t.Context(), &pb.BatchWriteRequest{Database: database, Writes: []*pb.Write{
		set(root+"a/1", nil), missing, set(root+"a/3", nil),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []codes.Code{codes.OK, codes.NotFound, codes.OK} {
		if got := codes.Code(r.Status[i].GetCode()); got != want {
			t.Errorf("write %d: got %v, want %v", i, got, want)
		}
	}
	_, err = raw.BatchWrite(t.Context(), &pb.BatchWriteRequest{Database: database, Writes: []*pb.Write{
		set(root+"a/4", nil), set(root+"a/4", nil),
	}})
	wantCode(t, "the same document twice", err, codes.InvalidArgument)
}

func singleDocuments(t *testing.T, raw pb.FirestoreClient, database string) {
	ctx, root := t.Context(), database+"/documents"
	create := &pb.CreateDocumentRequest{
		Parent: root, CollectionId: "a", DocumentId: "1",
		Document: &pb.Document{Fields: map[string]*pb.Value{"x": text("y"), "n": number(1)}},
	}
	_, err := raw.CreateDocument(ctx, create)
	wantCode(t, "create", err, codes.OK)
	_, err = raw.CreateDocument(ctx, create)
	wantCode(t, "create again", err, codes.AlreadyExists)
	name := root + "/a/1"
	changed, err := raw.UpdateDocument(ctx, &pb.UpdateDocumentRequest{
		Document:   &pb.Document{Name: name, Fields: map[string]*pb.Value{"x": text("z")}},
		UpdateMask: &pb.DocumentMask{FieldPaths: []string{"x"}},
	})
	wantCode(t, "update", err, codes.OK)
	if x := changed.GetFields()["x"].GetStringValue(); x != "z" {
		t.Errorf("x = %q", x)
	}
	got, err := raw.GetDocument(ctx, &pb.GetDocumentRequest{Name: name, Mask: &pb.DocumentMask{FieldPaths: []string{"n"}}})
	wantCode(t, "get", err, codes.OK)
	if n := got.GetFields()["n"].GetIntegerValue(); n != 1 || len(got.GetFields()) != 1 {
		t.Errorf("with a mask of n: %v", got.GetFields())
	}
	_, err = raw.DeleteDocument(ctx, &pb.DeleteDocumentRequest{Name: name})
	wantCode(t, "delete", err, codes.OK)
	_, err = raw.GetDocument(ctx, &pb.GetDocumentRequest{Name: name})
	wantCode(t, "get what was deleted", err, codes.NotFound)
}

func transformResults(t *testing.T, raw pb.FirestoreClient, database string) {
	w := set(database+"/documents/a/1", map[string]*pb.Value{"n": number(40)})
	w.UpdateTransforms = []*pb.DocumentTransform_FieldTransform{
		{FieldPath: "n", TransformType: &pb.DocumentTransform_FieldTransform_Increment{Increment: number(2)}},
		{FieldPath: "l", TransformType: &pb.DocumentTransform_FieldTransform_AppendMissingElements{
			AppendMissingElements: &pb.ArrayValue{Values: []*pb.Value{text("a")}},
		}},
	}
	r, err := raw.Commit(t.Context(), &pb.CommitRequest{Database: database, Writes: []*pb.Write{w}})
	if err != nil {
		t.Fatal(err)
	}
	got := r.WriteResults[0].TransformResults
	if len(got) != 2 || got[0].GetIntegerValue() != 42 {
		t.Errorf("got %v", got)
	}
	if _, null := got[1].GetValueType().(*pb.Value_NullValue); !null {
		t.Errorf("an array's transform returned %v", got[1])
	}
}

func deepPath(t *testing.T, raw pb.FirestoreClient, database string) {
	for depth, want := range map[int]codes.Code{100: codes.OK, 101: codes.InvalidArgument} {
		name := database + "/documents" + strings.Repeat("/c/d", depth)
		_, err := raw.Commit(t.Context(), &pb.CommitRequest{Database: database, Writes: []*pb.Write{set(name, nil)}})
		wantCode(t, "commit", err, want)
	}
}
