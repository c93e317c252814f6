package directory

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

var _ = dataclass.Stored[tenant.Settings]("tenants/{tenant}/settings/api")

// Settings returns the reference of the document with what the API has changed about a
// tenant. db is the directory's database.
func Settings(db *firestore.Client, t tenant.ID) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(t)).Collection("settings").Doc("api")
}

// Read returns a tenant's record as Terraform wrote it, and the settings of the API. It does
// not cache. It returns tenant.ErrNotFound if there is no such tenant.
func (d *Directory) Read(ctx context.Context, id tenant.ID) (tenant.Record, tenant.Settings, error) {
	db, err := d.Client(ctx)
	if err != nil {
		return tenant.Record{}, tenant.Settings{}, err
	}
	return read(ctx, db, id)
}

// read reads both documents of a tenant in one round trip.
func read(ctx context.Context, db *firestore.Client, id tenant.ID) (record tenant.Record, settings tenant.Settings, err error) {
	docs, err := db.GetAll(ctx, []*firestore.DocumentRef{db.Collection("tenants").Doc(string(id)), Settings(db, id)})
	if err != nil {
		return record, settings, fmt.Errorf("read tenant: %w", err)
	}
	if !docs[0].Exists() {
		return record, settings, tenant.ErrNotFound
	}
	if record, err = decode(docs[0]); err != nil {
		return record, settings, err
	}
	settings, err = DecodeSettings(docs[1])
	return record, settings, err
}

// DecodeSettings returns the settings in a document, or the zero value if it does not exist.
func DecodeSettings(doc *firestore.DocumentSnapshot) (s tenant.Settings, err error) {
	if !doc.Exists() {
		return s, nil
	}
	if err = doc.DataTo(&s); err == nil {
		err = s.Validate()
	}
	if err != nil {
		return s, fmt.Errorf("read the settings of tenant %s: %w", doc.Ref.Parent.Parent.ID, err)
	}
	return s, nil
}

// settingsOfAll returns the settings of all tenants that have any, by the tenant's ID, without the
// trust rules.
func settingsOfAll(ctx context.Context, db *firestore.Client) (map[string]*firestore.DocumentSnapshot, error) {
	docs, err := db.CollectionGroup("settings").Select("state", "entry", "changed", "leaving", "lowered").Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read the settings of tenants: %w", err)
	}
	all := make(map[string]*firestore.DocumentSnapshot, len(docs))
	for _, doc := range docs {
		all[doc.Ref.Parent.Parent.ID] = doc
	}
	return all, nil
}
