package export

import (
	"encoding/base64"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// AuditRow is an entry of the audit log. Entry is the canonical JSON of the entry
// (RFC 8785), byte for byte: the leaf of the log's Merkle tree.
type AuditRow struct {
	Index int64          `json:"index" class:"audit" doc:"Position in the audit log, from 0"`
	Entry jsontext.Value `json:"entry" class:"audit" doc:"The entry as canonical JSON (RFC 8785): its bytes are the leaf of the log's Merkle tree"`
}

// RunRow is a run.
type RunRow struct {
	Workspace    tenant.WorkspaceID `json:"workspace" class:"operational"`
	Run          run.ID             `json:"run" class:"operational" doc:"UUIDv7"`
	State        run.State          `json:"state" class:"metadata" doc:"running, ended or lost"`
	Task         string             `json:"task,omitzero" class:"metadata"`
	SLX          string             `json:"slx,omitzero" class:"metadata" doc:"Group of tasks around one resource"`
	Resource     string             `json:"resource,omitzero" class:"metadata"`
	Start        time.Time          `json:"start,omitzero" class:"metadata" doc:"By the runner's clock; absent if the start was not reported"`
	End          time.Time          `json:"end,omitzero" class:"metadata" doc:"By the runner's clock; absent if the run has not ended"`
	Outcome      run.Outcome        `json:"outcome,omitzero" class:"metadata" doc:"success, failure, error, timeout or canceled; absent if the run has not ended"`
	ExitCode     *int               `json:"exitCode,omitzero" class:"metadata" doc:"Absent if the run has not ended"`
	Created      time.Time          `json:"created" class:"operational" doc:"When the platform first heard of the run"`
	Reported     time.Time          `json:"reported,omitzero" class:"operational" doc:"When the platform received the report; absent if it has not"`
	OwnerIssuer  string             `json:"ownerIssuer,omitzero" class:"metadata" doc:"Issuer of the identity that began the run"`
	OwnerSubject string             `json:"ownerSubject,omitzero" class:"metadata" doc:"Subject of the identity that began the run"`
	Outputs      []ClaimRow         `json:"outputs,omitempty" doc:"What the run claims to have written"`
	Sightings    int                `json:"sightings" class:"metadata" doc:"Number of its rows in the table sightings"`
	Samples      int                `json:"samples" class:"metadata" doc:"Number of its samples, of all SLIs"`
	LeftOut      int                `json:"leftOut" class:"metadata" doc:"Number of invalid members of the report, which were not stored"`
}

// ClaimRow is an output that a run claims to have written.
type ClaimRow struct {
	Name  string `json:"name" class:"operational"`
	Parts int    `json:"parts" class:"operational" doc:"Number of parts, counted from 1; 0: the output is empty, so the export has no file of it"`
}

// NewRunRow returns the row of a run.
func NewRunRow(w tenant.WorkspaceID, r run.Run) RunRow {
	row := RunRow{
		Workspace: w, Run: r.ID, State: r.State,
		Task: r.Start.Task, SLX: r.Start.SLX, Resource: r.Start.Resource, Start: r.Start.Time.UTC(),
		Created: r.Created.UTC(), Reported: r.Reported.UTC(), OwnerIssuer: r.Owner.Issuer, OwnerSubject: r.Owner.Subject,
		Sightings: r.Sightings, Samples: r.Samples, LeftOut: r.LeftOut,
	}
	if r.State == run.Ended {
		row.End, row.Outcome, row.ExitCode = r.End.Time.UTC(), r.End.Outcome, &r.End.ExitCode
	}
	for _, c := range r.End.Claims {
		row.Outputs = append(row.Outputs, ClaimRow{c.Output, c.Parts})
	}
	return row
}

// SamplesRow is the samples of one SLI from one run.
type SamplesRow struct {
	Workspace tenant.WorkspaceID `json:"workspace" class:"operational"`
	Run       run.ID             `json:"run" class:"operational" doc:"UUIDv7"`
	SLI       string             `json:"sli" class:"metadata" doc:"Name of the SLI"`
	SLX       string             `json:"slx,omitzero" class:"metadata"`
	Samples   []SampleRow        `json:"samples" doc:"In the order of the report"`
}

// SampleRow is one sample.
type SampleRow struct {
	Time  time.Time `json:"time" class:"metadata"`
	Value float64   `json:"value" class:"metadata"`
}

// NewSamplesRow returns the row of a series.
func NewSamplesRow(w tenant.WorkspaceID, s sli.Series) (SamplesRow, error) {
	row := SamplesRow{Workspace: w, Run: s.Run, SLI: s.SLI, SLX: s.SLX}
	samples, err := s.Samples()
	for _, sample := range samples {
		row.Samples = append(row.Samples, SampleRow{sample.Time.UTC(), sample.Value})
	}
	return row, err
}

// LineRow is a line of issues.jsonl as the runner sent it. Only one of the fields
// is there.
type LineRow struct {
	Line       string `json:"line,omitzero" class:"text" doc:"The runner's line of issues.jsonl, byte for byte"`
	LineBase64 string `json:"lineBase64,omitzero" class:"text" doc:"The same in base64, instead of line, if it is not UTF-8"`
}

func newLineRow(line []byte) LineRow {
	if utf8.Valid(line) {
		return LineRow{Line: string(line)}
	}
	return LineRow{LineBase64: base64.StdEncoding.EncodeToString(line)}
}

// SightingRow is one run's report of an issue.
type SightingRow struct {
	Workspace       tenant.WorkspaceID `json:"workspace" class:"operational"`
	Run             run.ID             `json:"run" class:"operational" doc:"UUIDv7"`
	Number          int                `json:"number" class:"operational" doc:"Number of the line within its run, from 1"`
	Issue           issue.ID           `json:"issue" class:"operational"`
	Severity        int                `json:"severity" class:"metadata" doc:"1 (critical) to 4 (informational)"`
	SeverityFlagged bool               `json:"severityFlagged" class:"metadata" doc:"The line has no valid severity, so it was assumed"`
	ObservedAt      time.Time          `json:"observedAt,omitzero" class:"metadata" doc:"Absent if the line has none"`
	Task            string             `json:"task,omitzero" class:"metadata"`
	SLX             string             `json:"slx,omitzero" class:"metadata"`
	Resource        string             `json:"resource,omitzero" class:"metadata"`
	Start           time.Time          `json:"start,omitzero" class:"metadata" doc:"Of the run"`
	LineRow
}

// NewSightingRow returns the row of a sighting. line is its opened line.
func NewSightingRow(w tenant.WorkspaceID, r issue.Record, line []byte) SightingRow {
	return SightingRow{
		Workspace: w, Run: r.Run, Number: r.Number, Issue: r.Issue, Severity: r.Severity, SeverityFlagged: r.SeverityFlagged,
		ObservedAt: r.ObservedAt.UTC(), Task: r.Task, SLX: r.SLX, Resource: r.Resource, Start: r.Start.UTC(), LineRow: newLineRow(line),
	}
}

// IssueRow is an issue with its history.
type IssueRow struct {
	Workspace       tenant.WorkspaceID `json:"workspace" class:"operational"`
	Issue           issue.ID           `json:"issue" class:"operational"`
	Check           issue.CheckID      `json:"check" class:"operational" doc:"The task on the resource that finds the issue"`
	State           issue.State        `json:"state" class:"metadata" doc:"At the read time: detected, open, investigated, reopened, resolved or ignored"`
	Task            string             `json:"task,omitzero" class:"metadata"`
	SLX             string             `json:"slx,omitzero" class:"metadata"`
	Resource        string             `json:"resource,omitzero" class:"metadata"`
	Severity        int                `json:"severity" class:"metadata" doc:"1 (critical) to 4 (informational)"`
	SeverityFlagged bool               `json:"severityFlagged" class:"metadata" doc:"The line has no valid severity, so it was assumed"`
	ObservedAt      time.Time          `json:"observedAt,omitzero" class:"metadata"`
	FirstSeen       time.Time          `json:"firstSeen" class:"metadata"`
	LastSeen        time.Time          `json:"lastSeen" class:"metadata"`
	LastRun         run.ID             `json:"lastRun" class:"operational" doc:"The newest run that saw it"`
	LastNumber      int                `json:"lastNumber" class:"metadata" doc:"Number of its line in lastRun"`
	Runs            int                `json:"runs" class:"metadata" doc:"Number of runs that saw it"`
	Sightings       int                `json:"sightings" class:"metadata"`
	Since           time.Time          `json:"since,omitzero" class:"metadata" doc:"First seen since it was last resolved"`
	ResolvedAt      time.Time          `json:"resolvedAt,omitzero" class:"metadata" doc:"Absent if it is not resolved"`
	Reopened        int                `json:"reopened" class:"metadata" doc:"How often it was seen again after it was resolved"`
	Seen            []time.Time        `json:"seen,omitempty" class:"metadata" doc:"Starts of the newest runs that saw it, at most 128"`
	Investigated    *ActRow            `json:"investigated,omitzero" doc:"The newest investigation"`
	Ignored         *ActRow            `json:"ignored,omitzero" doc:"The newest decision to ignore it"`
	Title           string             `json:"title,omitzero" class:"text"`
	LineRow
}

// ActRow is what a person did with an issue.
type ActRow struct {
	By    string    `json:"by" class:"metadata"`
	At    time.Time `json:"at" class:"metadata"`
	Until time.Time `json:"until,omitzero" class:"metadata" doc:"End of ignoring it"`

	Reason string `json:"reason,omitzero" class:"text" doc:"Why it is ignored"`
}

// IssueTexts are the opened texts of an issue.
type IssueTexts struct {
	Title  string
	Line   []byte
	Reason string // why it is ignored
}

// NewIssueRow returns the row of an issue at the read time.
func NewIssueRow(w tenant.WorkspaceID, i issue.Issue, texts IssueTexts, readTime time.Time) IssueRow {
	row := IssueRow{
		Workspace: w, Issue: i.ID, Check: i.Check, State: i.State(readTime), Task: i.Task, SLX: i.SLX, Resource: i.Resource,
		Severity: i.Severity, SeverityFlagged: i.SeverityFlagged, ObservedAt: i.ObservedAt.UTC(),
		FirstSeen: i.FirstSeen.UTC(), LastSeen: i.LastSeen.UTC(), LastRun: i.LastRun, LastNumber: i.LastNumber,
		Runs: i.Runs, Sightings: i.Sightings, Since: i.Since.UTC(), Reopened: i.Reopened,
		Seen: i.History.Times(), Title: texts.Title, LineRow: newLineRow(texts.Line),
	}
	if i.ResolvedAt.Before(issue.Unresolved) {
		row.ResolvedAt = i.ResolvedAt.UTC()
	}
	if a := i.Investigation; a != nil {
		row.Investigated = &ActRow{By: a.By, At: a.At.UTC()}
	}
	if a := i.Ignoring; a != nil {
		row.Ignored = &ActRow{By: a.By, At: a.At.UTC(), Until: a.Until.UTC(), Reason: texts.Reason}
	}
	return row
}

// SLIRow is a service-level indicator. Its samples are in the table samples.
type SLIRow struct {
	Workspace  tenant.WorkspaceID `json:"workspace" class:"operational"`
	Name       string             `json:"name" class:"metadata"`
	SLX        string             `json:"slx,omitzero" class:"metadata"`
	Min        *float64           `json:"min,omitzero" class:"configuration" doc:"A good sample is at least this"`
	Max        *float64           `json:"max,omitzero" class:"configuration" doc:"A good sample is at most this"`
	Target     float64            `json:"target,omitzero" class:"configuration" doc:"Share of the samples that must be good"`
	Page       float64            `json:"page,omitzero" class:"configuration" doc:"Burn rate over 1 h and 5 min that raises a page; absent: the default"`
	Ticket     float64            `json:"ticket,omitzero" class:"configuration" doc:"Burn rate over 6 h and 30 min that raises a ticket; absent: the default"`
	Slow       float64            `json:"slow,omitzero" class:"configuration" doc:"Burn rate over 3 d and 6 h that raises a ticket; absent: the default"`
	MinSamples int                `json:"minSamples,omitzero" class:"configuration" doc:"Bad samples that the long window must have; absent: the default"`
	StaleAfter int                `json:"staleAfter,omitzero" class:"configuration" doc:"Seconds without a sample after which it is stale; absent: the default"`
	LastTime   time.Time          `json:"lastTime,omitzero" class:"metadata" doc:"Of the newest sample; absent: none exists"`
	LastValue  float64            `json:"lastValue" class:"metadata"`
}

// NewSLIRow returns the row of an SLI.
func NewSLIRow(w tenant.WorkspaceID, s sli.SLI) SLIRow {
	return SLIRow{
		Workspace: w, Name: s.Name, SLX: s.SLX, Min: s.Objective.Min, Max: s.Objective.Max, Target: s.Objective.Target,
		Page: s.Thresholds.Page, Ticket: s.Thresholds.Ticket, Slow: s.Thresholds.Slow,
		MinSamples: s.Thresholds.Samples, StaleAfter: s.Thresholds.StaleAfter, LastTime: s.LastTime.UTC(), LastValue: s.LastValue,
	}
}

// AssistantRow is an assistant's settings.
type AssistantRow struct {
	Workspace   tenant.WorkspaceID `json:"workspace" class:"operational"`
	Assistant   string             `json:"assistant" class:"operational" doc:"ID of the assistant"`
	Name        string             `json:"name" class:"text" doc:"Display name"`
	Relevance   float64            `json:"relevance" class:"configuration" doc:"Lowest score of a task that is suggested"`
	AccessLevel string             `json:"accessLevel" class:"configuration" doc:"read-only or read-write"`
}

// GrantRow is the permission to write one part of an output, with the state of the
// part. Together, the rows account for every URL that was ever minted.
type GrantRow struct {
	Workspace      tenant.WorkspaceID `json:"workspace" class:"operational"`
	Run            run.ID             `json:"run" class:"operational" doc:"UUIDv7"`
	Output         string             `json:"output" class:"operational"`
	Part           int                `json:"part" class:"operational" doc:"From 1"`
	Object         string             `json:"object" class:"operational" doc:"Name of the object in the tenant's outputs bucket"`
	State          grant.State        `json:"state" class:"operational" doc:"At the read time: pending, stored, expired, missing or quarantined"`
	Disputed       bool               `json:"disputed" class:"operational" doc:"Notifications of the object contradict each other"`
	Created        time.Time          `json:"created" class:"operational" doc:"When the first URL was minted"`
	Expires        time.Time          `json:"expires" class:"operational" doc:"When the newest URL expires"`
	Issuer         string             `json:"issuer,omitzero" class:"metadata" doc:"Issuer of the identity that requested the newest URL; absent if it was not recorded"`
	Subject        string             `json:"subject,omitzero" class:"metadata" doc:"Subject of the same identity"`
	ContentType    string             `json:"contentType" class:"operational" doc:"As declared"`
	DeclaredSize   *int64             `json:"declaredSize,omitzero" class:"operational" doc:"Bytes; absent if the runner declared none"`
	DeclaredCRC32C string             `json:"declaredCrc32c,omitzero" class:"operational" doc:"Base64 of the big-endian checksum; absent if the runner declared none"`
	DeclaredSHA256 string             `json:"declaredSha256,omitzero" class:"metadata" doc:"Hexadecimal digits; absent if the runner declared none"`
	Size           *int64             `json:"size,omitzero" class:"operational" doc:"Bytes of the object; absent if none arrived"`
	CRC32C         string             `json:"crc32c,omitzero" class:"operational" doc:"Of the object, by Cloud Storage: it detects accidents, not deliberate changes"`
	Generation     int64              `json:"generation,omitzero" class:"operational" doc:"Of the object"`
	Stored         time.Time          `json:"stored,omitzero" class:"operational" doc:"When the object was complete"`
}

// NewGrantRow returns the row of a grant.
func NewGrantRow(g grant.Grant) GrantRow {
	row := GrantRow{
		Workspace: g.Workspace, Run: g.Run, Output: g.Output, Part: g.Part, Object: g.Object().Name(), State: g.State, Disputed: g.Disputed,
		Created: g.Created.UTC(), Expires: g.Expires.UTC(), Issuer: g.Issuer, Subject: g.Subject, ContentType: g.Declared.ContentType, DeclaredSize: g.Declared.Size,
		DeclaredSHA256: g.Declared.SHA256,
	}
	if g.Declared.CRC32C != nil {
		row.DeclaredCRC32C = crc32c.Encode(*g.Declared.CRC32C)
	}
	if s := g.Stored; s != nil {
		row.Size, row.CRC32C, row.Generation, row.Stored = &s.Size, crc32c.Encode(s.CRC32C), s.Generation, s.Time.UTC()
	}
	return row
}

// PartRow is a part of an output, for the kind outputs. If its object was copied, File
// is the copy.
type PartRow struct {
	Workspace   tenant.WorkspaceID `json:"workspace" class:"operational"`
	Run         run.ID             `json:"run" class:"operational" doc:"UUIDv7"`
	Output      string             `json:"output" class:"operational"`
	Part        int                `json:"part" class:"operational" doc:"From 1"`
	State       grant.State        `json:"state" class:"operational" doc:"stored: the export has its bytes. pending: no object had arrived at the read time. missing: the run claims the part, or it was stored, but there is no object. expired: a URL was minted and not used. quarantined: the object does not match its grant, so it is not copied"`
	Disputed    bool               `json:"disputed" class:"operational" doc:"Notifications of the object contradict each other"`
	ContentType string             `json:"contentType" class:"operational" doc:"As declared"`
	File        string             `json:"file,omitzero" class:"operational" doc:"Name of the copy in the export; absent unless the state is stored"`
	Path        string             `json:"path,omitzero" class:"operational" doc:"File that is assembled from this part and its neighbors"`
	Offset      int64              `json:"offset,omitzero" class:"operational" doc:"Where the part begins in path, in bytes; absent: 0"`
	Size        *int64             `json:"size,omitzero" class:"operational" doc:"Bytes; absent if no object arrived"`
	CRC32C      string             `json:"crc32c,omitzero" class:"operational" doc:"Of the object, by Cloud Storage; base64 of the big-endian checksum"`
	SHA256      string             `json:"sha256,omitzero" class:"metadata" doc:"As the runner declared it before the upload; hexadecimal digits"`
	Checksum    Checksum           `json:"checksum,omitzero" class:"operational" doc:"sha256, or crc32c-only: the runner declared no SHA-256, so a deliberate change is not detected; absent unless the state is stored"`
	Generation  int64              `json:"generation,omitzero" class:"operational" doc:"Of the object in the outputs bucket"`
	Stored      time.Time          `json:"stored,omitzero" class:"operational" doc:"When the object was complete"`
}

// NewPartRow returns the row of a part of an output. copied is its copy, or nil.
func NewPartRow(g grant.Grant, copied *File) PartRow {
	row := PartRow{
		Workspace: g.Workspace, Run: g.Run, Output: g.Output, Part: g.Part, State: g.State, Disputed: g.Disputed,
		ContentType: g.Declared.ContentType, SHA256: g.Declared.SHA256,
	}
	if s := g.Stored; s != nil {
		row.Size, row.CRC32C, row.Generation, row.Stored = &s.Size, crc32c.Encode(s.CRC32C), s.Generation, s.Time.UTC()
	}
	if copied == nil {
		return row
	}
	row.File, row.Checksum = copied.Name, copied.Checksum()
	row.Path, row.Offset = AssembledPath(g.Object(), copied.Copied.First), copied.Copied.Offset
	return row
}

// Encode returns a row as one line of JSON, with its newline. The same row is always
// the same bytes.
func Encode(row any) ([]byte, error) {
	line, err := json.Marshal(row, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", row, err)
	}
	return append(line, '\n'), nil
}
