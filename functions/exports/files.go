package exports

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	credentials "cloud.google.com/go/iam/credentials/apiv1"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"

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
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"100" default:"100" doc:"Maximum number of files"`
	PageToken string `query:"pageToken" class:"operational"`
}

type filesResponse struct {
	Body struct {
		Files []fileBody `json:"files" doc:"May be empty on any page"`
		Next  string     `json:"nextPageToken,omitempty" class:"operational" doc:"Token for the next page; absent on the last page"`
	}
}

type fileBody struct {
	Name   string `json:"name" class:"operational" doc:"Path of the file within the export"`
	Size   int64  `json:"size" class:"operational" doc:"Bytes"`
	CRC32C string `json:"crc32c" class:"operational" doc:"Base64 of the big-endian checksum"`
	SHA256 string `json:"sha256,omitempty" class:"metadata" doc:"Hexadecimal digits; absent if checksum is crc32c-only"`
	Rows   int64  `json:"rows,omitempty" class:"operational" doc:"Rows of a table"`

	Checksum string `json:"checksum,omitempty" class:"operational" enum:"sha256,crc32c-only" doc:"Of a part of an output: whether the runner declared its SHA-256"`
	Path     string `json:"path,omitempty" class:"operational" doc:"Of a part of an output: the file that is assembled from it and its neighbors. Of the bundle of a configuration: the file that pull stores it as"`
	Offset   *int64 `json:"offset,omitempty" class:"operational" doc:"Where the part begins in path, in bytes"`

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
	first, err := access.ParsePageToken[filePosition](ctx, in.PageToken, key)
	if err != nil {
		return nil, err
	}
	files, next, err := listFiles(ctx, homeOf(s), e.ID, first, in.PageSize)
	if err != nil {
		return nil, err
	}
	record := entry(s, s.Tenant.ID, auditlog.ReadExportFiles, "exports/"+string(e.ID))
	record.Counts = map[string]int64{"files": int64(len(files))}
	begun, err := h.guard.Audit.Append(ctx, s.DB, record)
	if err != nil {
		return nil, err
	}
	from, err := h.bucketOf(ctx, s, e, files)
	if errors.Is(err, errWithdrawn) {
		err = h.refuseFiles(ctx, s, e.ID, begun)
	}
	if err != nil {
		return nil, err
	}
	out := &filesResponse{}
	if out.Body.Files, err = h.sign(ctx, from, e.ID, files); err != nil {
		return nil, err
	}
	if next != (filePosition{}) {
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

// maxListedParts limits how many parts of an export one call reads. Parts that plan have
// no files.
const maxListedParts = 1000

// filePosition is the first file of a page: the index of a file of a part of the export.
type filePosition struct {
	Part string `json:"p"`
	File int    `json:"f"`
}

// listFiles returns the files from a position on, and the position of the next page if
// there may be more.
func listFiles(ctx context.Context, home exportjob.Home, id export.ID, first filePosition, size int) (files []export.File, next filePosition, err error) {
	query := home.Parts(id).OrderBy(firestore.DocumentID, firestore.Asc)
	if first.Part != "" {
		query = query.StartAt(first.Part)
	}
	docs := query.Limit(maxListedParts + 1).Documents(ctx)
	defer docs.Stop()
	for read := 0; ; read++ {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return files, filePosition{}, nil
		}
		if err != nil {
			return nil, next, fmt.Errorf("list the parts of an export: %w", err)
		}
		if read == maxListedParts {
			return files, filePosition{Part: doc.Ref.ID}, nil
		}
		p, err := exportjob.Decode[export.Part](doc)
		if err != nil {
			return nil, next, err
		}
		for i, f := range p.Files {
			if p.ID == first.Part && i < first.File {
				continue
			}
			if len(files) == size {
				return files, filePosition{Part: p.ID, File: i}, nil
			}
			files = append(files, f)
		}
	}
}

// signer signs as the reader of exports.
func (h *Handler) signer(ctx context.Context) (signedurl.Signer, error) {
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
	return signedurl.NewIAM(client, h.reader), nil
}

// sign returns the files with a URL for each. A URL names the bucket of the export and one
// object of the export in it.
func (h *Handler) sign(ctx context.Context, bucket string, id export.ID, files []export.File) ([]fileBody, error) {
	signer, err := h.signer(ctx)
	if err != nil {
		return nil, err
	}
	expires := h.deps.Now().Add(signedurl.MaxLifetime)
	bodies := make([]fileBody, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentSignatures)
	for i, f := range files {
		group.Go(func() error {
			bodies[i] = showFile(f)
			url, end, err := h.minter.MintRead(ctx, signer, signedurl.ReadPolicy{Bucket: bucket, Object: string(id) + "/" + f.Name, Expires: expires})
			bodies[i].URL, bodies[i].Expires = url.Reveal(), end
			return err
		})
	}
	return bodies, group.Wait()
}

func showFile(f export.File) fileBody {
	b := fileBody{Name: f.Name, Size: f.Size, CRC32C: crc32c.Encode(f.CRC32C), SHA256: hex.EncodeToString(f.SHA256), Rows: f.Rows}
	if o, ok := f.Object(); ok {
		b.Checksum, b.Path, b.Offset = string(f.Checksum()), export.AssembledPath(o, f.Copied.First), &f.Copied.Offset
	}
	if f.Bundle != nil {
		b.Path = f.Bundle.Path()
	}
	return b
}
