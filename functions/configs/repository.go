package configs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/storage/memory"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// maxRepositoryBytes limits all objects of a repository, decompressed: a request holds them in
// memory.
const maxRepositoryBytes = 48 << 20

// mainBranch is the only reference of a repository.
const mainBranch = plumbing.ReferenceName("refs/heads/main")

// repository is the document of a workspace's repository. It says what main is and which
// packs have its objects, so a push takes effect when this document changes. A pack that
// it does not list is not part of the repository.
type repository struct {
	Commit  string    `firestore:"commit" class:"operational"` // 40 hexadecimal digits; empty: nothing was pushed yet
	Digest  string    `firestore:"digest" class:"operational"` // of the tree in effect, and so the ID of its review
	Packs   []pack    `firestore:"packs"`
	Bytes   int64     `firestore:"bytes" class:"operational"` // of all objects, decompressed
	Updated time.Time `firestore:"updated" class:"operational"`

	// What the files say about SLXs is in this many documents: see records.ConfigElements.
	// functions/configgraph makes the workspace's graph of them.
	Elements int   `firestore:"elements" class:"operational"`
	Omitted  int64 `firestore:"omitted" class:"operational"` // elements that did not fit

	Kinds map[string]int64 `firestore:"kinds" class:"operational"` // number of documents of each kind

	RepublishAt time.Time `firestore:"republishAt,omitempty" class:"operational"` // see records.RepublishConfigAt
}

// pack is an object in the tenant's bucket of configurations.
type pack struct {
	SHA256 string `firestore:"sha256" class:"operational"` // of its bytes; also its name
	Size   int64  `firestore:"size" class:"operational"`   // in bytes
	Fresh  bool   `firestore:"fresh" class:"operational"`  // no pack before it has one of its objects
}

const workspacePath = "tenants/{tenant}/workspaces/{workspace}/"

var (
	_ = dataclass.Stored[repository](workspacePath + records.ConfigsCollection + "/{config}")
	_ = dataclass.Stored[review](workspacePath + records.ConfigReviewsCollection + "/{review}")
	_ = dataclass.Stored[hold](workspacePath + "configHolds/{review}")
)

// object returns the name of a pack in the bucket.
func (p pack) object(s access.Session) string {
	return records.ConfigPack(s.Workspace, p.SHA256)
}

// heldObject returns the name of an encrypted pack that waits for approval. No workspace
// has this name, so it is never the name of a pack in effect.
func (p pack) heldObject(s access.Session) string { return "_held/" + p.object(s) }

func newPack(data []byte) pack {
	sum := sha256.Sum256(data)
	return pack{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
}

func repositoryRef(s access.Session) *firestore.DocumentRef {
	return records.ConfigRef(s.DB, s.Tenant.ID, s.Workspace)
}

// elements are the references of the elements of the commit in effect.
func (r repository) elements(s access.Session) []*firestore.DocumentRef {
	return records.ConfigElementsRefs(s.DB, s.Tenant.ID, s.Workspace, r.Commit, r.Elements)
}

// newest returns the newest packs, or all if there are not that many.
func (r repository) newest(n int) []pack { return r.Packs[max(0, len(r.Packs)-n):] }

// reserve reserves the memory of a request that loads the repository: more bytes, the objects
// with a quarter more, and some of the packs, which are not needed at the same time. A request
// that has no large body holds nothing while it waits. With a push of 8 MiB, the largest
// repository needs no more than memory.Max of shared/memory.
func (r repository) reserve(ctx context.Context, more int64) error {
	return api.Reserve(ctx, more+r.Bytes*5/4+min(r.packBytes(), maxMergedBytes))
}

func (r repository) packBytes() (n int64) {
	for _, p := range r.Packs {
		n += p.Size
	}
	return n
}

// readRepository reads the document. A workspace without one has the zero repository.
func readRepository(ctx context.Context, s access.Session) (r repository, err error) {
	doc, err := repositoryRef(s).Get(ctx)
	return decodeRepository(doc, err)
}

func decodeRepository(doc *firestore.DocumentSnapshot, err error) (r repository, _ error) {
	if status.Code(err) == codes.NotFound {
		return repository{}, nil
	}
	if err == nil {
		err = doc.DataTo(&r)
	}
	if err != nil {
		return repository{}, fmt.Errorf("read repository: %w", err)
	}
	return r, nil
}

// references returns a storer with the references of the repository and no objects.
func (r repository) references() *memory.Storage {
	st := memory.NewStorage()
	if r.Commit != "" {
		_ = st.SetReference(plumbing.NewHashReference(mainBranch, plumbing.NewHash(r.Commit))) // it returns no error
	}
	_ = st.SetReference(plumbing.NewSymbolicReference(plumbing.HEAD, mainBranch))
	return st
}

// maxConcurrentReads limits how many packs are read at a time.
const maxConcurrentReads = 8

// load reads all packs of the repository. It returns a problem if the tenant's key is not
// available.
func (h *Handler) load(ctx context.Context, s access.Session, r repository) (*memory.Storage, error) {
	st, _, err := h.loadPacks(ctx, s, r, 0)
	return st, err
}

// loadPacks reads all packs, and keeps the bytes of the newest ones.
func (h *Handler) loadPacks(ctx context.Context, s access.Session, r repository, newest int) (*memory.Storage, []loadedPack, error) {
	packs := make([]loadedPack, len(r.Packs))
	err := h.eachPack(ctx, s, r, func(i int, data []byte) (err error) {
		packs[i].pack = r.Packs[i]
		if i >= len(packs)-newest {
			packs[i].data = data
		}
		if packs[i].objects, err = unpack(data, ofStored); err != nil {
			return fmt.Errorf("read pack %d: %s", i, err) // it is not the client's
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	st := r.references()
	for _, l := range packs {
		if err := addObjects(st, l.objects); err != nil {
			return nil, nil, err
		}
	}
	return st, packs, nil
}

func addObjects(st *memory.Storage, objects []*packedObject) error {
	for _, o := range objects {
		if _, err := st.SetEncodedObject(o); err != nil {
			return fmt.Errorf("add object: %w", err)
		}
	}
	return nil
}

// readPacks returns the bytes of all packs.
func (h *Handler) readPacks(ctx context.Context, s access.Session, r repository) ([][]byte, error) {
	packs := make([][]byte, len(r.Packs))
	err := h.eachPack(ctx, s, r, func(i int, data []byte) error {
		packs[i] = data
		return nil
	})
	return packs, err
}

// eachPack calls do with each pack, some of them at the same time.
func (h *Handler) eachPack(ctx context.Context, s access.Session, r repository, do func(i int, data []byte) error) error {
	from, err := h.bucket(ctx, s)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentReads)
	for i, p := range r.Packs {
		group.Go(func() error {
			data, err := readPack(ctx, from.Object(p.object(s)), p)
			if err != nil {
				return keyLocked(err)
			}
			return do(i, data)
		})
	}
	return group.Wait()
}

func readPack(ctx context.Context, from *storage.ObjectHandle, p pack) ([]byte, error) {
	data, err := bucket.Read(ctx, from, p.Size)
	if err != nil {
		return nil, err
	}
	if newPack(data).SHA256 != p.SHA256 {
		return nil, errors.New("a pack has other bytes than were pushed")
	}
	return data, nil
}

// keyLocked returns the problem of a key that is not available, if that is the cause of an
// error of the bucket.
func keyLocked(err error) error {
	if bucket.IsKeyLocked(err) {
		return api.Refuse(403, api.KeyLockedText)
	}
	return err
}
