package exports

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	credentials "cloud.google.com/go/iam/credentials/apiv1"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
)

// maxConcurrentSignatures limits how many URLs of one call are signed at a time.
const maxConcurrentSignatures = 16

type filesRequest struct {
	Export    string `path:"export" class:"operational"`
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"100" default:"100" doc:"Number of parts of the export that a page covers; most parts have one file"`
	PageToken string `query:"pageToken" class:"operational"`
}

type filesResponse struct {
	Body struct {
		Files []fileBody `json:"files" doc:"May be empty on any page"`
		Next  string     `json:"nextPageToken,omitempty" class:"operational" doc:"Token for the next page; absent on the last page"`
	}
}

type fileBody struct {
	Name    string    `json:"name" class:"operational" doc:"Path of the file within the export"`
	Size    int64     `json:"size" class:"operational" doc:"Bytes"`
	CRC32C  string    `json:"crc32c" class:"operational" doc:"Base64 of the big-endian checksum"`
	SHA256  string    `json:"sha256" class:"operational" doc:"Hexadecimal digits"`
	Rows    int64     `json:"rows,omitempty" class:"operational" doc:"Rows of a table"`
	URL     string    `json:"url" class:"secret" doc:"GET reads the file; it opens this one file only"`
	Expires time.Time `json:"expires" class:"operational" doc:"The URL works before this"`
}

// files returns URLs for the files of an export that is done. The audit entry is
// written before a URL exists.
func (h *Handler) files(ctx context.Context, in *filesRequest) (*filesResponse, error) {
	s := access.From(ctx)
	e, err := h.doneExport(ctx, homeOf(s), in.Export)
	if err != nil {
		return nil, err
	}
	key := "files of " + string(e.ID)
	after, err := access.ParsePageToken[string](ctx, in.PageToken, key)
	if err != nil {
		return nil, err
	}
	files, next, err := listFiles(ctx, homeOf(s), e.ID, after, in.PageSize)
	if err != nil {
		return nil, err
	}
	record := entry(s, s.Tenant.ID, auditlog.ReadExportFiles, "exports/"+string(e.ID))
	record.Counts = map[string]int64{"files": int64(len(files))}
	if _, err := h.guard.Audit.Append(ctx, s.DB, record); err != nil {
		return nil, err
	}
	out := &filesResponse{}
	if out.Body.Files, err = h.sign(ctx, s.Tenant.ExportsBucket, e.ID, files); err != nil {
		return nil, err
	}
	if next != "" {
		out.Body.Next = access.PageToken(ctx, next, key)
	}
	return out, nil
}

// doneExport reads an export that is done. A partial export is never shown.
func (h *Handler) doneExport(ctx context.Context, home exportjob.Home, rawID string) (export.Export, error) {
	id, err := parseID(rawID)
	if err != nil {
		return export.Export{}, err
	}
	e, err := home.Get(ctx, id)
	if err != nil {
		return export.Export{}, toProblem(err)
	}
	switch {
	case e.Active:
		return e, api.Refuse(http.StatusConflict, fmt.Sprintf("the export is %s; wait until its state is done", e.State))
	case e.State != export.Done:
		return e, api.Refuse(http.StatusConflict, fmt.Sprintf("the export is %s, so it is not complete; create another one", e.State))
	}
	return e, nil
}

// listFiles returns the files of the next parts, and the ID of the last of these
// parts if there may be more.
func listFiles(ctx context.Context, home exportjob.Home, id export.ID, after string, parts int) (files []export.File, next string, err error) {
	query := home.Parts(id).OrderBy(firestore.DocumentID, firestore.Asc)
	if after != "" {
		query = query.StartAfter(after)
	}
	docs, err := query.Limit(parts).Documents(ctx).GetAll()
	if err != nil {
		return nil, "", fmt.Errorf("list the parts of an export: %w", err)
	}
	for _, doc := range docs {
		p, err := exportjob.Decode[export.Part](doc)
		if err != nil {
			return nil, "", err
		}
		files = append(files, p.Files...)
	}
	if len(docs) == parts {
		next = docs[len(docs)-1].Ref.ID
	}
	return files, next, nil
}

// sign returns the files with a URL for each. A URL names the tenant's bucket and one
// object of the export in it.
func (h *Handler) sign(ctx context.Context, bucket string, id export.ID, files []export.File) ([]fileBody, error) {
	client, err := h.credentials.Get(ctx, func(ctx context.Context) (*credentials.IamCredentialsClient, error) {
		cloud := h.deps.Clients.Config
		options, err := cloud.Dial(cloud.IAMCredentialsHost)
		if err != nil {
			return nil, err
		}
		return credentials.NewIamCredentialsClient(ctx, options...)
	})
	if err != nil {
		return nil, err
	}
	signer, expires := signedurl.NewIAM(client, h.reader), h.deps.Now().Add(signedurl.MaxLifetime)
	bodies := make([]fileBody, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentSignatures)
	for i, f := range files {
		group.Go(func() error {
			url, end, err := h.minter.MintRead(ctx, signer, signedurl.ReadPolicy{Bucket: bucket, Object: string(id) + "/" + f.Name, Expires: expires})
			bodies[i] = fileBody{
				Name: f.Name, Size: f.Size, CRC32C: crc32c.Encode(f.CRC32C), SHA256: hex.EncodeToString(f.SHA256), Rows: f.Rows,
				URL: url.Reveal(), Expires: end,
			}
			return err
		})
	}
	return bodies, group.Wait()
}
