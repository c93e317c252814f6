package upload

import (
	"context"
	"errors"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

// errNotRecorded means that the bucket has the part, but the platform has not
// yet recorded which content it has.
var errNotRecorded = errors.New("the bucket has this part, but the platform has not recorded it yet")

// delivery uploads one part to the bucket.
type delivery struct {
	uploader *Uploader
	part     spool.Part
	target   *api.Target // nil: must be minted
	exists   bool        // the bucket has an object with that name; only the platform knows its content
}

// step makes one attempt. It succeeds when the platform or the bucket has the
// part with the same content.
func (d *delivery) step(ctx context.Context) error {
	if d.target == nil {
		if stored, err := d.mint(ctx); stored || err != nil {
			return err
		}
	}
	if d.exists {
		d.target = nil
		return &retry.Transient{Err: errNotRecorded}
	}
	return d.put(ctx)
}

// mint reports whether the part is already stored. Otherwise, it sets the target.
func (d *delivery) mint(ctx context.Context) (stored bool, err error) {
	u := d.uploader
	targets, err := u.mint(ctx, []spool.Part{d.part})
	var problem *api.Problem
	if errors.As(err, &problem) && len(problem.Stored) > 0 {
		stored, err := isStored(d.part, problem.Stored)
		if !stored && err == nil {
			err = problem
		}
		if stored {
			u.config.Moved(d.part.Size)
		}
		return stored, err
	}
	if err == nil {
		d.target = &targets[0]
	}
	return false, err
}

func (d *delivery) put(ctx context.Context) error {
	body, err := d.uploader.open(d.part)
	if err != nil {
		return err
	}
	err = d.uploader.config.Client.Put(ctx, *d.target, body, d.part.Size, api.Checksum(d.part.CRC32C))
	body.close(err != nil)
	var failure *retry.Transient
	switch {
	case errors.Is(err, api.ErrExists), errors.Is(err, api.ErrUnverified):
		d.exists = true
		d.target = nil
		return &retry.Transient{Err: err}
	case errors.Is(err, api.ErrExpired), errors.As(err, &failure):
		d.target = nil // if only the response was lost, the platform will say that the part is stored
		return transient(err)
	}
	return err
}

// transient marks an error as transient, unless it already is.
func transient(err error) error {
	var marked *retry.Transient
	if errors.As(err, &marked) {
		return err
	}
	return &retry.Transient{Err: err}
}
