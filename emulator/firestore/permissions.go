package firestore

import (
	"slices"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/proto"
)

// The permissions that RPCs need.
const (
	getDatabase  = "datastore.databases.get"
	getEntity    = "datastore.entities.get"
	listEntities = "datastore.entities.list"
	createEntity = "datastore.entities.create"
	updateEntity = "datastore.entities.update"
	deleteEntity = "datastore.entities.delete"
)

// permissionsFor returns the permissions that a request needs, each once, sorted.
// Source: cloud.google.com/firestore/docs/security/iam#permissions.
func permissionsFor(request proto.Message) []string {
	switch r := request.(type) {
	case *pb.GetDocumentRequest, *pb.BatchGetDocumentsRequest, *pb.ListenRequest:
		return []string{getEntity}
	case *pb.ListDocumentsRequest, *pb.RunQueryRequest, *pb.RunAggregationQueryRequest, *pb.PartitionQueryRequest:
		return []string{getEntity, listEntities}
	case *pb.ListCollectionIdsRequest:
		return []string{listEntities}
	case *pb.Write:
		return writePermissions(r)
	case *pb.CommitRequest:
		return writePermissions(r.GetWrites()...)
	case *pb.BatchWriteRequest:
		return writePermissions(r.GetWrites()...)
	}
	return []string{getDatabase}
}

// writePermissions depend on the precondition: a write that does not say whether
// the document exists may create it or update it. No writes need only the database.
func writePermissions(writes ...*pb.Write) []string {
	needed := []string{getDatabase}
	for _, w := range writes {
		exists, stated := w.GetCurrentDocument().GetConditionType().(*pb.Precondition_Exists)
		_, remove := w.GetOperation().(*pb.Write_Delete)
		switch {
		case remove:
			needed = append(needed, deleteEntity)
		case w.GetCurrentDocument().GetUpdateTime() != nil || stated && exists.Exists:
			needed = append(needed, updateEntity)
		case stated:
			needed = append(needed, createEntity)
		default:
			needed = append(needed, createEntity, updateEntity)
		}
	}
	slices.Sort(needed)
	return slices.Compact(needed)
}
