package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
)

// storedBytes returns how many bytes of documents a tenant has, by collection, as
// Firestore calculates their size: cloud.google.com/firestore/docs/storage-size.
func (b *bench) storedBytes(ctx context.Context) (map[string]float64, error) {
	db, err := b.Operator.Default(ctx)
	if err != nil {
		return nil, err
	}
	sizes := map[string]float64{}
	return sizes, addSizes(ctx, db.Collection("tenants").Doc(string(b.tenant)), sizes)
}

// addSizes adds the documents below ref, at any depth.
func addSizes(ctx context.Context, ref *firestore.DocumentRef, sizes map[string]float64) error {
	collections := ref.Collections(ctx)
	for {
		collection, err := collections.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list collections of a document: %w", err)
		}
		if err := addCollection(ctx, collection, sizes); err != nil {
			return err
		}
	}
}

func addCollection(ctx context.Context, collection *firestore.CollectionRef, sizes map[string]float64) error {
	refs, err := collection.DocumentRefs(ctx).GetAll() // also documents that do not exist, but have collections
	if err != nil {
		return fmt.Errorf("list collection %s: %w", collection.ID, err)
	}
	documents, err := collection.Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("read collection %s: %w", collection.ID, err)
	}
	for _, doc := range documents {
		sizes[collection.ID] += documentSize(doc)
	}
	for _, ref := range refs {
		if err := addSizes(ctx, ref, sizes); err != nil {
			return err
		}
	}
	return nil
}

func documentSize(doc *firestore.DocumentSnapshot) float64 {
	_, path, _ := strings.Cut(doc.Ref.Path, "/documents/")
	size := 16.0 + 32
	for segment := range strings.SplitSeq(path, "/") {
		size += float64(len(segment)) + 1
	}
	return size + mapSize(doc.Data())
}

func mapSize(fields map[string]any) float64 {
	size := 0.0
	for name, value := range fields {
		size += float64(len(name)) + 1 + valueSize(value)
	}
	return size
}

func valueSize(value any) float64 {
	switch v := value.(type) {
	case nil, bool:
		return 1
	case string:
		return float64(len(v)) + 1
	case []byte:
		return float64(len(v))
	case []any:
		size := 0.0
		for _, element := range v {
			size += valueSize(element)
		}
		return size
	case map[string]any:
		return 32 + mapSize(v)
	case *firestore.DocumentRef:
		return float64(len(v.Path)) + 16
	}
	return 8 // a number or a time
}
