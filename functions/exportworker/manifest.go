package exportworker

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/signednote"
)

// manifest writes the schemas, the manifest and its signature, and completes the
// export. It fails while the audit entry of the request is not published, which
// takes about a minute.
func (t *task) manifest(ctx context.Context) error {
	m, err := t.newManifest(ctx)
	if err != nil {
		return err
	}
	files, err := t.schemas(ctx)
	if err != nil {
		return err
	}
	for _, f := range files {
		m.Files = append(m.Files, listed(f))
	}
	text, err := m.Encode()
	if err != nil {
		return err
	}
	if len(text) > manifest.MaxSize {
		return fmt.Errorf("the manifest has %d bytes, more than %d", len(text), manifest.MaxSize)
	}
	digest := sha256.Sum256(text)
	note, err := t.sign(ctx, digest[:])
	if err != nil {
		return err
	}
	manifestName, noteName := manifest.Names(digest[:])
	for _, f := range []struct {
		name string
		data []byte
	}{{manifestName, text}, {noteName, note}} {
		written, err := t.createAs(ctx, f.name, f.data)
		if err != nil {
			return err
		}
		files = append(files, written)
	}
	t.part.Finish(files...)
	return t.jobs.Complete(ctx, t.home, t.export.ID, t.part, digest[:])
}

// newManifest returns the manifest without its schemas.
func (t *task) newManifest(ctx context.Context) (manifest.Manifest, error) {
	proven, err := t.audit.Prove(ctx, t.home.DB, t.home.Tenant, t.tiles, t.export.Entry)
	if err != nil {
		return manifest.Manifest{}, err
	}
	_, first, err := t.home.Part(ctx, t.export.ID, exportjob.FirstPart().ID)
	if err != nil {
		return manifest.Manifest{}, err
	}
	m := manifest.Manifest{
		Format: manifest.Format, Tenant: string(t.home.Tenant), Export: string(t.export.ID),
		From: t.export.Request.From.UTC(), ReadTime: t.export.ReadTime.UTC(), Finished: t.deps.Now().UTC(), Proves: manifest.Proof,
		Log: manifest.Log{
			Size: proven.Size, Begin: first.Range.Begin, End: first.Range.End, Entry: string(proven.Leaf), Proof: string(proven.Proof),
		},
	}
	for _, kind := range t.export.Request.Kinds {
		m.Kinds = append(m.Kinds, string(kind))
	}
	for _, w := range t.export.Request.Workspaces {
		m.Workspaces = append(m.Workspaces, string(w))
	}
	return m, eachPart(ctx, t.partsOf(export.ListPart), func(p export.Part) error {
		for _, f := range p.Files {
			list := listed(f)
			list.Rows = p.Listed
			m.Lists = append(m.Lists, list)
		}
		return nil
	})
}

// schemas writes the JSON Schemas of the export's tables.
func (t *task) schemas(ctx context.Context) ([]export.File, error) {
	var files []export.File
	for _, table := range t.export.Request.Tables() {
		text, err := export.Schema(table)
		if err != nil {
			return nil, err
		}
		f, err := t.create(ctx, manifest.Schemas+string(table)+"-", ".json", text)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// sign returns the signed note of the manifest with a digest.
func (t *task) sign(ctx context.Context, digest []byte) ([]byte, error) {
	client, err := t.deps.Clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := signednote.Keys(ctx, client, t.config.ManifestKeyName)
	if err != nil {
		return nil, fmt.Errorf("read the manifest key: %w", err)
	}
	origin := manifest.Origin(t.config.Host, string(t.home.Tenant))
	return keys[len(keys)-1].Sign(ctx, client, origin, manifest.NoteText(origin, string(t.export.ID), digest))
}
