package gitwire

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/plumbing/format/pktline"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/plumbing/protocol/packp"
	"github.com/go-git/go-git/v6/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// NewFetch returns the body of a fetch of one commit without its history.
func NewFetch(commit string) []byte {
	var out bytes.Buffer
	_, _ = pktline.Writef(&out, "want %s side-band-64k ofs-delta shallow agent=strongroom\n", commit) // a buffer does not fail
	_, _ = pktline.Writef(&out, "deepen 1\n")
	_ = pktline.WriteFlush(&out)
	_, _ = pktline.Writef(&out, "done\n")
	return out.Bytes()
}

// ReadFiles reads the response to a fetch and returns the files of the commit. The files
// are those of a valid tree, so their paths are safe.
func ReadFiles(response []byte, commit string) (configtree.Tree, error) {
	in := bytes.NewReader(response)
	if err := errors.Join((&packp.ShallowUpdate{}).Decode(in), (&packp.ServerResponse{}).Decode(in)); err != nil {
		return configtree.Tree{}, errors.New("the response to the fetch is not valid")
	}
	st := memory.NewStorage()
	pack := sideband.NewDemuxer(sideband.Sideband64k, in)
	if _, err := packfile.NewParser(pack, packfile.WithStorage(st)).Parse(); err != nil {
		return configtree.Tree{}, fmt.Errorf("parse the pack: %w", err)
	}
	c, err := object.GetCommit(st, plumbing.NewHash(commit))
	if err != nil {
		return configtree.Tree{}, fmt.Errorf("find the commit in the pack: %w", err)
	}
	files, err := readFiles(c)
	if err != nil {
		return configtree.Tree{}, err
	}
	tree, faults := configtree.New(files)
	if len(faults) > 0 {
		return configtree.Tree{}, fmt.Errorf("the platform sent a configuration that is not valid: %s", faults[0])
	}
	return tree, nil
}

func readFiles(c *object.Commit) (files []configtree.File, err error) {
	all, err := c.Files()
	if err != nil {
		return nil, fmt.Errorf("list the files of the commit: %w", err)
	}
	err = all.ForEach(func(f *object.File) error {
		r, err := f.Reader()
		if err != nil {
			return err
		}
		defer r.Close()
		data, err := io.ReadAll(io.LimitReader(r, configtree.MaxFileBytes+1))
		files = append(files, configtree.File{Path: f.Name, Data: data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the files of the commit: %w", err)
	}
	return files, nil
}
