package assistantupdate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/proto"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// storedDocuments returns the raw documents of the workspace, by path within it.
func (w *fixture) storedDocuments(c *cloudtest.Cloud) map[string]map[string]*pb.Value {
	below := fmt.Sprintf("tenants/%s/workspaces/%s/", w.ID, w.Workspace)
	all := map[string]map[string]*pb.Value{}
	c.Firestore.Walk(func(_, document string, fields map[string]*pb.Value) bool {
		if path, ok := strings.CutPrefix(document, below); ok {
			all[path] = fields
		}
		return true
	})
	return all
}

// projections returns the bytes of checks, issues and SLIs, without the time of the
// last fold. Texts are opened, because a sealed text differs each time.
func (w *fixture) projections(t *testing.T, c *cloudtest.Cloud) map[string]string {
	t.Helper()
	kinds := []string{records.ChecksCollection, records.IssuesCollection, records.SLIsCollection}
	all := map[string]string{}
	for path, fields := range w.storedDocuments(c) {
		kind, id, _ := strings.Cut(path, "/")
		if !slices.Contains(kinds, kind) {
			continue
		}
		plain := map[string]*pb.Value{}
		for name, value := range fields {
			if name != "folded" {
				plain[name] = value
			}
		}
		if kind == records.IssuesCollection {
			text, err := records.OpenIssueText(t.Context(), w.keys.Open, records.IssueRef(w.db, w.ID, w.Workspace, issue.ID(id)), fields["text"].GetBytesValue())
			if err != nil {
				t.Fatal(err)
			}
			plain["text"] = &pb.Value{ValueType: &pb.Value_StringValue{StringValue: text.Title + " " + string(text.Line)}}
		}
		all[path] = string(marshal(t, plain))
	}
	return all
}

func marshal(t *testing.T, fields map[string]*pb.Value) []byte {
	t.Helper()
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.Document{Fields: fields})
	if err != nil {
		t.Fatal(err)
	}
	return wire
}
