package upload

import (
	"context"
	"errors"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

// errNotRecorded is what a bucket's refusal leaves open until the platform has
// recorded what the bucket holds.
var errNotRecorded = errors.New("the bucket holds this part, the platform has not recorded it yet")

// delivery brings one part to the bucket.
type delivery struct {
	uploader *Uploader
	part     spool.Part
	target   *api.Target // nil: to be minted
	exists   bool        // the bucket has an object of that name; whose, is for the platform to say
}

func (d *delivery) run(ctx context.Context) error {
	if err := d.uploader.config.Retry.Do(ctx, d.step); err != nil {
		return err
	}
	return d.uploader.config.Stored(d.part)
}

// step succeeds when the platform, or the bucket, holds the part as it is here.
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

// mint reports whether the part is stored already.
func (d *delivery) mint(ctx context.Context) (stored bool, err error) {
	u := d.uploader
	targets, err := u.config.Client.Mint(ctx, u.config.Run, describe([]spool.Part{d.part}))
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
	var again *retry.Transient
	switch {
	case errors.Is(err, api.ErrExists), errors.Is(err, api.ErrUnverified):
		d.exists = true
		d.target = nil
		return &retry.Transient{Err: err}
	case errors.Is(err, api.ErrExpired), errors.As(err, &again):
		d.target = nil // it may have been stored though the answer was lost: the platform may know
		return transient(err)
	}
	return err
}

// transient marks an error, unless it is marked.
func transient(err error) error {
	var again *retry.Transient
	if errors.As(err, &again) {
		return err
	}
	return &retry.Transient{Err: err}
}
