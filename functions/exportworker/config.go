package exportworker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/storage/memory"
	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/findings"
	"github.com/strongroom-dev/strongroom/shared/gitbundle"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// configuration is what the document of a workspace's configuration says: see
// functions/configs.
type configuration struct {
	Commit  string    `firestore:"commit"`
	Digest  string    `firestore:"digest"`
	Packs   []pack    `firestore:"packs"`
	Updated time.Time `firestore:"updated"`
}

// pack is an object with objects of git.
type pack struct {
	SHA256 string `firestore:"sha256"`
	Size   int64  `firestore:"size"`
}

// writeConfigs writes the rows of the first configurations of the range, and their bundles.
// A part writes few, because each needs much memory.
func (t *task) writeConfigs(ctx context.Context, file *rowsFile) (rest export.Range, more bool, bundles []export.File, err error) {
	rest = t.part.Range
	docs, err := t.documents(t.part.Table, rest).Limit(export.MaxPartBundles + 1).Documents(ctx).GetAll()
	if err != nil {
		return rest, false, nil, fmt.Errorf("read configurations: %w", err)
	}
	for i, doc := range docs {
		if i == export.MaxPartBundles {
			return rest, true, bundles, nil
		}
		rest.From = keys.RelativePath(doc.Ref) + afterID
		if t.isBefore(doc) {
			continue
		}
		row, bundle, err := t.writeBundle(ctx, doc)
		if err != nil {
			return rest, false, nil, err
		}
		if bundle != nil {
			bundles = append(bundles, *bundle)
		}
		if err := file.add(row); err != nil {
			return rest, false, nil, err
		}
	}
	return rest, false, bundles, nil
}

// writeBundle writes the bundle of a configuration, as it was at the read time, and returns
// its row. The bundle is nil if a pack does not exist any more: somebody has deleted it
// after the history was reset.
func (t *task) writeBundle(ctx context.Context, doc *firestore.DocumentSnapshot) (row export.ConfigRow, bundle *export.File, err error) {
	var c configuration
	if err := doc.DataTo(&c); err != nil {
		return row, nil, malformed(fmt.Errorf("decode a configuration: %w", err))
	}
	of := export.Bundle{Workspace: workspaceOf(doc.Ref), Commit: c.Commit, Digest: c.Digest}
	row = export.ConfigRow{Workspace: of.Workspace, Commit: c.Commit, Digest: c.Digest, Updated: c.Updated.UTC(), State: export.BundleMissing}
	repository, err := t.loadRepository(ctx, of.Workspace, c.Packs)
	if bucket.IsMissing(err) {
		return row, nil, nil
	}
	if err != nil {
		return row, nil, err
	}
	var data bytes.Buffer
	content, err := gitbundle.Write(&data, repository, c.Commit)
	if err == nil && content.Digest.String() != c.Digest {
		err = errors.New("the files of main have another digest than the configuration says")
	}
	if err != nil {
		return row, nil, malformed(fmt.Errorf("bundle the configuration of %s: %w", of.Workspace, err))
	}
	written, err := t.create(ctx, of.Directory(), of.Ending(), data.Bytes())
	if err != nil {
		return row, nil, err
	}
	written.Bundle = &of
	row.State, row.File, row.Path, row.Commits, row.Files = export.BundleExported, written.Name, of.Path(), content.Commits, content.Files
	return row, &written, nil
}

// maxConcurrentPacks limits how many packs are read at a time.
const maxConcurrentPacks = 8

// loadRepository reads the packs of a configuration into memory.
func (t *task) loadRepository(ctx context.Context, w tenant.WorkspaceID, packs []pack) (*memory.Storage, error) {
	data := make([][]byte, len(packs))
	group, readCtx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentPacks)
	for i, p := range packs {
		group.Go(func() (err error) {
			data[i], err = t.readPack(readCtx, w, p)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	repository := memory.NewStorage()
	for i := range data {
		if _, err := packfile.NewParser(bytes.NewReader(data[i]), packfile.WithStorage(repository)).Parse(); err != nil {
			return nil, malformed(fmt.Errorf("parse pack %d: %w", i, err))
		}
		data[i] = nil // its objects are in the repository
	}
	return repository, nil
}

func (t *task) readPack(ctx context.Context, w tenant.WorkspaceID, p pack) ([]byte, error) {
	data, err := bucket.Read(ctx, t.packs.Object(records.ConfigPack(w, p.SHA256)), p.Size)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != p.SHA256 {
		return nil, malformed(errors.New("a pack has other bytes than were pushed"))
	}
	return data, nil
}

// review is what the document of a review says: see functions/configs.
type review struct {
	Digest   string `firestore:"digest"`
	Reviewer struct {
		Issuer   string `firestore:"issuer"`
		Subject  string `firestore:"subject"`
		Pipeline bool   `firestore:"pipeline"`
	} `firestore:"reviewer"`
	Files   int64     `firestore:"files"`
	Bytes   int64     `firestore:"bytes"`
	Created time.Time `firestore:"created"`
	Waivers []byte    `firestore:"waivers"`
}

func (t *task) reviewRow(ctx context.Context, w tenant.WorkspaceID, doc *firestore.DocumentSnapshot) (any, error) {
	var r review
	if err := doc.DataTo(&r); err != nil {
		return nil, malformed(fmt.Errorf("decode a review: %w", err))
	}
	plain, err := records.CryptFunc(t.keys.Open).Apply(ctx, doc.Ref, r.Waivers)
	if err != nil {
		return nil, unreadable(err)
	}
	var waivers []findings.Waiver
	if err := json.Unmarshal(plain, &waivers); err != nil {
		return nil, malformed(fmt.Errorf("decode the waivers of a review: %w", err))
	}
	row := export.ReviewRow{
		Workspace: w, Digest: r.Digest, Issuer: r.Reviewer.Issuer, Subject: r.Reviewer.Subject, Pipeline: r.Reviewer.Pipeline,
		Files: r.Files, Bytes: r.Bytes, Created: r.Created.UTC(),
	}
	for _, waiver := range waivers {
		row.Waivers = append(row.Waivers, export.WaiverRow(waiver))
	}
	return row, nil
}
