// Package exportcopy copies an export to a directory.
//
// The copy has the files of the export under their names, and each output as one file,
// assembled from its parts:
//
//	keys                         the verifier keys that the copy is verified with
//	manifest-….json, ….note      the signed manifest
//	lists/ schemas/ runs/ …      files of the export
//	configuration/prod.bundle    the configuration of a workspace, as a git bundle
//	outputs/prod/RUN/out.log     an output
//	outputs/prod/RUN/.out.log.part  an output that is not complete yet
//
// A file gets its name only when its bytes are those that the signed manifest names,
// and are on the disk. So a copy that was interrupted continues where it ended.
package exportcopy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Errors of a copy that cannot be continued.
var (
	ErrOtherExport = errors.New("the directory has a copy of another export; choose another directory")
	ErrNotListed   = errors.New("the platform does not list files that the signed manifest names")
	ErrChanged     = errors.New("the bytes in the bucket are not those that the signed manifest names: they were changed after the export")
	ErrInTheWay    = errors.New("it exists, but it is not the file of the export; remove it and run the command again")
)

// Puller copies one export.
type Puller struct {
	Dir     string
	Export  string // ID
	Trusted []byte // verifier keys, one in each line; nil: those of the copy, or those that FetchKeys returns

	FetchKeys func(ctx context.Context) ([]byte, error)                                // the platform's verifier keys
	Files     func(ctx context.Context, token string) (api.ExportFilePage, error)      // see api.Client.ExportFiles; retries transient errors
	Read      func(context.Context, string, secret.String, int64) (*api.Object, error) // see api.Client.ReadObject

	Parallel int          // files that are fetched at the same time
	MaxBatch int          // files whose names are in memory, about 600 bytes each; zero: 100,000
	Retry    retry.Policy // of each file
	Expect   func(int64)  // adds bytes to those that are expected; negative: fewer
	Moved    func(int64)  // adds bytes to those that arrived; negative: fewer
}

// Pulled is what a pull did.
type Pulled struct {
	Manifest   manifest.Manifest
	Files      int64    // that were fetched; a part of an output is one
	Bytes      int64    // of these
	CRC32COnly int64    // parts of outputs, of the whole copy, without a SHA-256
	Mismatches int64    // parts that were fetched, and are not what their runner declared
	Mismatched []string // the first of these
}

// maxMismatched is how many parts Pulled names.
const maxMismatched = 100

// pull is one call of Pull.
type pull struct {
	Puller
	disk  disk
	pages pager
	keys  manifest.Keys

	mu         sync.Mutex
	done       Pulled
	unfinished atomic.Bool // an output has parts in several batches
}

// Pull copies what is missing. It can be interrupted at any time and run again. It
// holds the names of at most MaxBatch files in memory.
func (p Puller) Pull(ctx context.Context) (Pulled, error) {
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return Pulled{}, err
	}
	lock, err := durable.Lock(p.Dir)
	if err != nil {
		return Pulled{}, fmt.Errorf("%s: %w", p.Dir, err)
	}
	defer lock.Close()
	root, err := os.OpenRoot(p.Dir)
	if err != nil {
		return Pulled{}, err
	}
	defer root.Close()
	one := &pull{Puller: p, disk: disk{root}, pages: pager{list: p.Files}}
	if err := one.run(ctx); err != nil {
		return one.done, explainFullDisk(err)
	}
	return one.done, nil
}

func (p *pull) run(ctx context.Context) error {
	if err := p.trust(ctx); err != nil {
		return err
	}
	if err := p.openManifest(ctx); err != nil {
		return err
	}
	if err := p.fetchAll(ctx, p.signed); err != nil {
		return err
	}
	if err := p.fetchAll(ctx, p.listed); err != nil {
		return err
	}
	return p.finishOutputs()
}
