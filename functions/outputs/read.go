package outputs

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

type readRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
	Output    string `path:"output" class:"operational"`
	Range     string `header:"Range" class:"operational" doc:"One range of bytes"`
	Lines     string `query:"lines" class:"operational" doc:"Range of line numbers from 1, such as 100-200 or 100-"`
	Continue  string `query:"continue" class:"operational" maxLength:"5" doc:"Strongroom-Continue of the previous response with status 202"`
	View      string `header:"Strongroom-View" class:"operational" maxLength:"4096" doc:"Token of a view of this output: the request reads the output as it was when the view opened, and writes no audit entries of its own"`
	Unclaimed bool   `query:"unclaimed" class:"operational" doc:"Read the stored parts that the run's report does not claim, instead of the output"`
}

// readResponse is a stream of output.
type readResponse struct {
	Body func(huma.Context) `class:"output"`
}

// read checks the request, and sends bytes of the output only after its audit entry is
// written. The bucket opens the first part while the entry is being written.
func (h *Handler) read(ctx context.Context, in *readRequest) (*readResponse, error) {
	session := access.From(ctx)
	selected, err := parseSelection(in.Range, in.Lines)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	if in.Continue != "" && (selected.lines == nil || !isPartNumber(in.Continue)) {
		return nil, api.Refuse(http.StatusBadRequest, "continue is not valid for this request; start again without it")
	}
	if err := outputname.Check(in.Output); err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	v, err := h.begin(ctx, session, *in, selected)
	if err != nil {
		return nil, err
	}
	response, err := v.resolve(ctx, selected)
	if err != nil {
		return nil, v.readError(ctx, err)
	}
	return v.stream(ctx, response)
}

// begin indexes what is selected, and writes the audit entry, unless the request is
// under a view, which has one.
func (h *Handler) begin(ctx context.Context, s access.Session, in readRequest, selected selection) (*view, error) {
	v, err := h.under(ctx, in.View, in.Run, in.Output, selected)
	if err != nil {
		return nil, err
	}
	if v != nil && in.Unclaimed {
		return nil, api.Refuse(http.StatusBadRequest, "a view has no unclaimed parts; read them without a view")
	}
	if v != nil {
		return v, nil
	}
	reading, err := readRun(ctx, s, in.Run)
	if err != nil {
		return nil, err
	}
	filter := records.GrantFilter{Output: in.Output}
	if !in.Unclaimed {
		filter.Limit = firstGrants
	}
	v, err = h.find(ctx, s, reading, in, filter)
	if err != nil {
		return nil, err
	}
	loaded := make(chan error, 1)
	go func() {
		err := v.loadRest(ctx)
		if err == nil {
			v.openEarly(ctx, selected)
		}
		loaded <- err
	}()
	recordErr, err := v.record(ctx), <-loaded
	if recordErr == nil && err != nil {
		v.recordEnd(ctx, 0, v.endReason(err))
	}
	if recordErr != nil && v.early != nil {
		v.early.close()
	}
	return v, cmp.Or(recordErr, err)
}

// find indexes an output with the parts that the filter selects. The error has status 404
// if the run has no such output.
func (h *Handler) find(ctx context.Context, s access.Session, reading *runReading, in readRequest, filter records.GrantFilter) (*view, error) {
	v := &view{handler: h, session: s}
	begin := func(r run.Run) (err error) {
		v.run, v.index = r, newIndex(r, in.Output)
		v.index.unclaimed = in.Unclaimed
		v.bucket, err = h.bucket(ctx, s, r.Bucket)
		return err
	}
	err := reading.grants(ctx, filter, begin, func(g grant.Grant) error { return v.addGrant(ctx, g) })
	if err == nil && filter.Limit > 0 && v.index.sealed && !v.index.claims {
		err = v.loadRest(ctx) // to explain what there is: the first part may not be stored, and a later one may be
	}
	if err != nil {
		return nil, err
	}
	return v, v.checkExists()
}

// addGrant adds a grant to the index. Grants must be added in the order of parts.
func (v *view) addGrant(ctx context.Context, g grant.Grant) error {
	g, err := v.resolveDispute(ctx, g)
	v.index.add(g)
	v.grants, v.lastGrant = v.grants+1, g.Part
	return err
}

// minPacked is the number of parts from which the first read of a complete output stores
// its packed index, so that no other read reads all of its grants.
const minPacked = 64

// firstGrants is how many grants a read without a view takes before its audit entry. They are
// two, so that an output of one part needs no other query.
const firstGrants = 2

// loadRest adds the parts after the last one that find has added.
func (v *view) loadRest(ctx context.Context) error {
	x := &v.index
	if x.unclaimed || v.grants < firstGrants || x.claims && v.lastGrant >= x.claimed {
		return nil
	}
	packs := v.run.GrantsFinal && x.claimed >= minPacked
	if packs {
		docs, err := v.readFinal(ctx)
		if err != nil {
			return err
		}
		if len(docs) > 0 {
			x.parts, v.packed = nil, true
			return v.addPacked(docs)
		}
	}
	s, filter := v.session, records.GrantFilter{Output: x.name, AfterPart: v.lastGrant}
	err := records.GrantsOfRun(ctx, s.DB, s.Tenant.ID, s.Workspace, v.run.ID, filter, func(g grant.Grant) error { return v.addGrant(ctx, g) })
	if err != nil || !packs || !v.isFinal() {
		return err
	}
	v.packed = true
	return v.storePacked(ctx, x.pack(true))
}

// isFinal reports whether the parts of the index never change: the uploads of the run are
// final, and every part that it claims is stored. A part that is missing can still arrive.
func (v *view) isFinal() bool {
	x := &v.index
	return v.run.GrantsFinal && v.disputed == 0 && x.claims && len(x.parts) >= x.claimed
}

func (v *view) checkExists() error {
	x := &v.index
	switch {
	case x.unclaimed && x.unclaimedParts == 0:
		return api.Refuse(http.StatusNotFound, "the run has no unclaimed parts of this output")
	case x.unclaimed, x.claims:
		return nil
	case x.sealed && x.unclaimedParts > 0:
		return api.Refuse(http.StatusNotFound, "the run's report does not claim this output; to read what was stored under its name, add unclaimed=true")
	case x.sealed, x.contentType == "":
		return api.Refuse(http.StatusNotFound, "this run has no such output")
	}
	return nil
}

// isPartNumber reports whether s is the number of a part, as Strongroom-Continue has
// it. The value is not trusted: the counts that it stands for are in the grants.
func isPartNumber(s string) bool {
	n, err := parseNumber(s)
	return err == nil && n >= 1 && n <= grant.MaxPart
}

// record writes the audit entry of the read. No byte leaves without it.
func (v *view) record(ctx context.Context) (err error) {
	v.entry, err = v.handler.guard.Audit.Append(ctx, v.session.DB, v.audit(auditlog.ReadOutput, auditlog.Allowed))
	return err
}

// recordTimeout limits how long a finished request waits for its last audit entry.
const recordTimeout = 30 * time.Second

// recordEnd writes the audit entry of what was read: the bytes sent, the offset of
// the first one, and the bytes that were searched for newlines. It does so even if
// the client has disconnected. A request under a view has no entry of its own, unless
// there is a reason why it ended early.
func (v *view) recordEnd(ctx context.Context, sent int64, reason string) {
	if v.index.under != nil {
		v.settleReservation(sent)
		if reason == "" {
			return
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	entry := v.audit(auditlog.EndReadOutput, auditlog.Done)
	entry.Of, entry.Reason = v.entry, reason
	entry.Counts = map[string]int64{"bytes": sent, "offset": v.offset, "scanned": v.scanned}
	if v.index.unclaimed {
		entry.Counts["unclaimed"] = int64(v.index.unclaimedParts)
	}
	if _, err := v.handler.guard.Audit.Append(ctx, v.session.DB, entry); err != nil {
		api.Logger(ctx).ErrorContext(ctx, "end of read not audited", "entry", v.entry, "bytes", sent, "error", err.Error())
	}
}

func (v *view) audit(action auditlog.Action, outcome auditlog.Outcome) auditlog.Entry {
	return auditlog.Entry{
		Tenant: v.session.Tenant.ID, Actor: auditlog.By(v.session.Principal), Action: action, Outcome: outcome,
		Workspace: v.session.Workspace, Resource: fmt.Sprintf("runs/%s/outputs/%s", v.run.ID, v.index.name),
	}
}

// response is what the client gets: a span of the output, with the status and the
// headers that describe it.
type response struct {
	span
	status int
	header map[string]string
}

// resolve returns the response for the selected part of what can be read now.
func (v *view) resolve(ctx context.Context, selected selection) (response, error) {
	if selected.lines != nil {
		return v.resolveLines(ctx, *selected.lines)
	}
	size := v.index.size()
	s, ok := v.selectedSpan(selected)
	switch {
	case selected.bytes != nil && !ok:
		v.handler.noteFollower(ctx, v.session, v.run)
		return response{}, v.unsatisfiable("the output has only %d bytes so far", size)
	case selected.bytes != nil:
		return response{s, http.StatusPartialContent, map[string]string{"Content-Range": contentRange(s, size)}}, nil
	case !ok:
		return response{}, api.Refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf(
			"the output has %d bytes, and a response has at most %d; send the header Range: bytes=0-%d and continue from there, or use ?lines=1-1000",
			size, maxResponse, maxResponse-1))
	}
	return response{s, http.StatusOK, nil}, nil
}

// selectedSpan returns what a selection without lines selects. It reports false if the output
// has none of these bytes, or too many for one response.
func (v *view) selectedSpan(selected selection) (s span, ok bool) {
	size := v.index.size()
	if selected.bytes == nil {
		return span{0, size}, size <= maxResponse
	}
	s, ok = selected.bytes.resolve(size)
	s.to = min(s.to, s.from+maxResponse)
	return s, ok
}

func (v *view) resolveLines(ctx context.Context, lines lineRange) (response, error) {
	found, err := v.findLines(ctx, lines)
	if saved := v.saveCounts(ctx); err == nil {
		err = saved
	}
	if err != nil {
		return response{}, err
	}
	if found.next > 0 {
		return response{span{}, http.StatusAccepted, map[string]string{
			"Strongroom-Continue": strconv.Itoa(found.next), "Content-Range": fmt.Sprintf("bytes */%d", v.index.size()),
		}}, nil
	}
	if found.length() == 0 {
		return response{}, v.unsatisfiable("the output has no line %d yet", lines.first)
	}
	header := map[string]string{"Strongroom-Lines": fmt.Sprintf("%d-%d", lines.first, found.last)}
	if found.truncated {
		header["Strongroom-Truncated"] = "true"
	}
	if v.index.lines().differs {
		header["Strongroom-Lines-Differ"] = "true"
	}
	header["Content-Range"] = contentRange(found.span, v.index.size())
	return response{found.span, http.StatusOK, header}, nil
}

func (v *view) unsatisfiable(format string, args ...any) error {
	return api.Refuse(http.StatusRequestedRangeNotSatisfiable, fmt.Sprintf(format, args...)).
		With("Content-Range", fmt.Sprintf("bytes */%d", v.index.size())).
		With("Strongroom-Output-State", string(v.index.state(v.run)))
}

func contentRange(s span, size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.from, s.to-1, size)
}
