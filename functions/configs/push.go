package configs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/format/pktline"
	"github.com/go-git/go-git/v6/plumbing/protocol/capability"
	"github.com/go-git/go-git/v6/plumbing/protocol/packp"
	"github.com/go-git/go-git/v6/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v6/plumbing/transport"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

type pushRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Encoding  string `header:"Content-Encoding" class:"operational" doc:"gzip, or absent"`
	RawBody   []byte `contentType:"application/x-git-receive-pack-request" class:"configuration"`
}

// push receives a pack and moves main. Every refusal of what is pushed is in git's own
// output; the status is 200.
type push struct {
	handler *Handler
	session access.Session
	old     repository
	packs   []loadedPack // of the repository
	pack    []byte
	objects []*packedObject // of the pack
	bytes   int64           // of the pushed objects, decompressed
	digest  string          // of the tree that main moves to
	review  review          // of that tree
	said    *slx.Collection // by the files of that tree
	fault   error           // that is not the client's

	reviewers []identity // of the trees of the new commits
}

func (h *Handler) push(ctx context.Context, in *pushRequest) (*gitResponse, error) {
	body, err := decompress(in.Encoding, in.RawBody)
	if err != nil {
		return nil, err
	}
	s := access.From(ctx)
	if err := h.requireWorkspace(ctx, s); err != nil {
		return nil, err
	}
	p := &push{handler: h, session: s}
	if p.old, err = readRepository(ctx, s); err != nil {
		return nil, err
	}
	if err := p.old.reserve(ctx, pushMemory); err != nil {
		return nil, err
	}
	out := &buffer{}
	response := &gitResponse{"application/x-git-receive-pack-result", nil}
	st, err := p.receive(ctx, body)
	if err != nil {
		if !isPublic(err) {
			return nil, err
		}
		response.Body = refuse(body, err)
		return response, nil
	}
	request := &transport.ReceivePackRequest{StatelessRPC: true, Hooks: transport.ReceivePackHooks{
		PreReceive: func(ctx context.Context, info *transport.PreReceiveInfo) error { return p.check(ctx, st, info) },
	}}
	err = transport.ReceivePack(ctx, st, io.NopCloser(bytes.NewReader(body)), out, request)
	if p.fault != nil {
		return nil, p.fault
	}
	if err != nil && out.Len() == 0 {
		return nil, api.Refuse(http.StatusUnprocessableEntity, "this is not a push of git that the repository can answer; use a current git")
	}
	response.Body = out.Bytes()
	return response, nil
}

// receive checks the bounds of a push before go-git reads it, and returns its quarantine.
func (p *push) receive(ctx context.Context, body []byte) (*quarantine, error) {
	st := &quarantine{Storage: p.old.references()}
	st.move = func(to, from plumbing.Hash) error { return p.move(ctx, to, from) }
	if string(body) == "0000" { // git sends it to try its credential
		return st, nil
	}
	var err error
	if p.pack, err = splitPush(body); err != nil {
		return nil, err
	}
	if p.pack != nil {
		if err := p.unpack(ctx, st, reservedByBody(int64(len(body)))); err != nil {
			return nil, err
		}
	}
	if p.old.Bytes+p.bytes > maxRepositoryBytes {
		return nil, errPack("the repository is full: its history has more than 48 MiB; ask an admin of the tenant to reset it")
	}
	if err := p.handler.checkKey(ctx, p.session); err != nil {
		return nil, err
	}
	return st, p.load(ctx, st)
}

// reservedByBody returns how much of the memory that a body of a size has reserved is left for
// its objects: see api.WithMemory.
func reservedByBody(size int64) int64 {
	if size <= 64<<10 {
		return reserveStep // of pushMemory
	}
	return reserveStep + 8*size
}

// unpack adds the objects of the push to its quarantine. Some memory is reserved for them.
func (p *push) unpack(ctx context.Context, st *quarantine, reserved int64) (err error) {
	limits := ofPush
	limits.reserved, limits.reserve = reserved, func(bytes int64) error { return api.Reserve(ctx, bytes) }
	if p.objects, err = unpack(p.pack, limits); err != nil {
		return err
	}
	for _, o := range p.objects {
		p.bytes += o.Size()
	}
	return addObjects(st.Storage, p.objects)
}

// load adds the repository to the quarantine of a push.
func (p *push) load(ctx context.Context, st *quarantine) (err error) {
	st.base, p.packs, err = p.handler.loadPacks(ctx, p.session, p.old, mergeCount(p.old.Packs, int64(len(p.pack))))
	return err
}

// isPublic reports whether git may show an error. A 503 is not for its user: the client sends
// the request again.
func isPublic(err error) bool {
	var pack errPack
	var problem *api.Problem
	return errors.As(err, &pack) || errors.As(err, &problem) && problem.Status != http.StatusServiceUnavailable
}

// refuse returns the response to a push that go-git did not read.
func refuse(body []byte, reason error) []byte {
	out := &buffer{}
	commands := &packp.UpdateRequests{}
	if err := commands.Decode(bytes.NewReader(body)); err != nil {
		return nil
	}
	report := &packp.ReportStatus{UnpackStatus: reason.Error()}
	for _, c := range commands.Commands {
		report.CommandStatuses = append(report.CommandStatuses, &packp.CommandStatus{ReferenceName: c.Name, Status: reason.Error()})
	}
	encodeReport(out, report, commands.Capabilities)
	return out.Bytes()
}

// encodeReport writes a report as the client has asked for it.
func encodeReport(out *buffer, report *packp.ReportStatus, caps capability.List) {
	var w io.Writer = out
	banded := caps.Supports(capability.Sideband64k)
	if banded {
		w = sideband.NewMuxer(sideband.Sideband64k, out)
	}
	if report.Encode(w) == nil && banded {
		_ = pktline.WriteFlush(out) // a buffer does not fail
	}
}

// check decides about a push whose objects are unpacked. Its error is a short sentence for
// git's output; the details are in lines before it.
func (p *push) check(ctx context.Context, st *quarantine, info *transport.PreReceiveInfo) error {
	st.unpacked = true
	command := info.Commands[0]
	switch {
	case len(info.Commands) != 1:
		return errors.New("push one reference at a time")
	case command.Name != mainBranch:
		return errors.New("only refs/heads/main is served; push main")
	case command.Action() == packp.Delete:
		return errors.New("main cannot be deleted; push a commit that changes it")
	case command.Old.String() != zeroIfEmpty(p.old.Commit):
		return errMoved
	}
	faults, refusal := p.inspect(ctx, st, command.New)
	for _, f := range faults[:min(len(faults), maxShownFaults)] {
		fmt.Fprintf(info.Progress, "%s\n", f)
	}
	return refusal
}

// inspect decides about the commits of a push. It returns the faults of the first commit
// that has any, and why the push is refused.
func (p *push) inspect(ctx context.Context, st *quarantine, to plumbing.Hash) (faults []string, refusal error) {
	commits, err := p.newCommits(st, to)
	if err != nil {
		return nil, err
	}
	if err := onlyReached(st, commits); err != nil {
		return nil, err
	}
	found := scanner{}
	for _, c := range slices.Backward(commits) { // the oldest first
		faults, err := p.checkCommit(ctx, st, c, found, c.Hash == to)
		if err != nil {
			return nil, p.fail(err)
		}
		if len(faults) > 0 {
			return faults, fmt.Errorf("commit %s has %d faults, listed above; correct them, review the tree and push again", c.Hash.String()[:12], len(faults))
		}
	}
	return nil, nil
}

// maxShownFaults limits the lines of a refusal.
const maxShownFaults = 20

func zeroIfEmpty(commit string) string {
	if commit == "" {
		return plumbing.ZeroHash.String()
	}
	return commit
}

var errMoved = errors.New("somebody else has pushed; run git pull and push again")

// move stores the pack, and moves main in one transaction with the audit entry.
func (p *push) move(ctx context.Context, to, from plumbing.Hash) error {
	err := p.store(ctx, to, from)
	var held *heldError
	if err == nil || errors.Is(err, errMoved) || errors.As(err, &held) {
		return err
	}
	return p.fail(keyLocked(err))
}

// fail returns an error that git may show. Any other is the fault of the request.
func (p *push) fail(err error) error {
	if isPublic(err) {
		return errors.New(err.Error())
	}
	p.fault = err
	return errors.New("the push could not be checked or stored; push again")
}

// store makes a push take effect, or holds it for approval.
func (p *push) store(ctx context.Context, to, from plumbing.Hash) error {
	h, s := p.handler, p.session
	m := move{From: from.String(), To: to.String(), Digest: p.digest, Review: p.review, Said: p.said, Pack: newPack(p.pack), Bytes: p.bytes}
	if reason := p.holdReason(); reason != "" {
		return p.hold(ctx, m, reason)
	}
	m, data, err := p.merge(m)
	if err != nil {
		return err
	}
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, entry(s, auditlog.PushConfig, p.digest))
	if err != nil {
		return err
	}
	if err := h.storePack(ctx, s, m.Pack, data); err != nil {
		return err
	}
	return h.moveMain(ctx, s, prepared, m, nil)
}
