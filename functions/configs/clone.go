package configs

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v6/plumbing/format/pktline"
	"github.com/go-git/go-git/v6/plumbing/protocol/packp/sideband"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
)

// isClone reports whether a fetch of protocol 2 asks for everything: for main, without
// saying what the client has. Each line that is not known may ask for something else.
func isClone(protocol string, body []byte, main string) bool {
	if version(protocol) == "" {
		return false
	}
	wants, done, offsets := false, false, false
	r := bytes.NewReader(body)
	for {
		_, packet, err := pktline.ReadLine(r)
		if err != nil {
			return err == io.EOF && wants && done && offsets
		}
		switch line := strings.TrimSuffix(string(packet), "\n"); line {
		case "want " + main:
			wants = true
		case "done":
			done = true
		case "ofs-delta":
			offsets = true
		case "", "command=fetch", "object-format=sha1", "thin-pack", "no-progress", "include-tag":
		default:
			if !strings.HasPrefix(line, "agent=") && !strings.HasPrefix(line, "session-id=") {
				return false
			}
		}
	}
}

// allFresh reports whether no object is in two packs.
func (r repository) allFresh() bool {
	for _, p := range r.Packs {
		if !p.Fresh {
			return false
		}
	}
	return len(r.Packs) > 0
}

// clone answers a request for everything with the packs as they are stored: main reaches
// every object in them, and each is in one of them.
func (h *Handler) clone(ctx context.Context, s access.Session, r repository) ([]byte, error) {
	if err := api.Reserve(ctx, 2*r.packBytes()); err != nil {
		return nil, err
	}
	packs, err := h.readPacks(ctx, s, r)
	if err != nil {
		return nil, err
	}
	size, count := packHeader+packChecksum, uint32(0)
	for _, p := range packs {
		size += len(p) - packHeader - packChecksum
		count += binary.BigEndian.Uint32(p[8:packHeader])
	}
	var out bytes.Buffer
	out.Grow(size + size/sideband.MaxPackedSize64k*8 + 1024)
	_, _ = pktline.Writef(&out, "packfile\n") // a buffer does not fail
	sum := sha1.New()
	pack := io.MultiWriter(sum, sideband.NewMuxer(sideband.Sideband64k, &out))
	parts := [][]byte{binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), count)}
	for _, p := range packs {
		parts = append(parts, p[packHeader:len(p)-packChecksum])
	}
	for _, part := range parts {
		if _, err := pack.Write(part); err != nil {
			return nil, fmt.Errorf("write pack: %w", err)
		}
	}
	if _, err := pack.Write(sum.Sum(nil)); err != nil {
		return nil, fmt.Errorf("write pack: %w", err)
	}
	_ = pktline.WriteFlush(&out) // a buffer does not fail
	return out.Bytes(), nil
}
