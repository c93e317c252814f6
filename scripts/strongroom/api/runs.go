package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Limits of the API.
const (
	MaxMint      = 100  // parts in one call
	MaxOutputs   = 1000 // outputs of one run
	MaxTaskRunes = 256  // characters in the name of a run's task

	MaxReportBytes = 8 << 20 // bytes in the body of a report
	MaxIssues      = 200     // issues in a report
	MaxSamples     = 1000    // samples in a report
	MaxSLIs        = 100     // different SLIs in a report's samples
)

// Checksum is a CRC32C (Castagnoli). In JSON, it is the base64 of its 4 bytes in
// big-endian order, as in X-Goog-Hash:
// cloud.google.com/storage/docs/xml-api/reference-headers#xgooghash
type Checksum uint32

// String returns the base64 form.
func (c Checksum) String() string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(c)))
}

// MarshalText implements encoding.TextMarshaler.
func (c Checksum) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Checksum) UnmarshalText(text []byte) error {
	sum, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(sum) != 4 {
		return errors.New("a CRC32C must be the base64 of 4 bytes")
	}
	*c = Checksum(binary.BigEndian.Uint32(sum))
	return nil
}

// Start is the beginning of a run. The journal in the spool has the same fields.
type Start struct {
	Task     string    `json:"task"`
	SLX      string    `json:"slx,omitempty"`
	Resource string    `json:"resource,omitempty"`
	Start    time.Time `json:"start"`
}

// Run is one execution of a task, as recorded.
type Run struct {
	ID       string      `json:"id"`
	Task     string      `json:"task" doc:"task, slx and resource are empty until the start is recorded"`
	SLX      string      `json:"slx,omitempty"`
	Resource string      `json:"resource,omitempty"`
	State    run.State   `json:"state" doc:"running, ended or lost"`
	Outcome  run.Outcome `json:"outcome,omitempty" doc:"success, failure, error, timeout or canceled"`
	ExitCode *int        `json:"exitCode,omitempty"`
	Start    time.Time   `json:"start,omitzero" doc:"absent until it is recorded"`
	End      *time.Time  `json:"end,omitempty"`

	// What the run reported. A Listing does not have it.
	Outputs      []Claim `json:"outputs,omitempty"`
	Issues       int     `json:"issues,omitempty" doc:"number of lines"`
	LeftOut      int     `json:"leftOut,omitempty" doc:"number of invalid members, which are not recorded"`
	FilesLeftOut int     `json:"filesLeftOut,omitempty" doc:"number of the task's files that were not uploaded"`
	Samples      int     `json:"samples,omitempty"`
}

// Part describes a part of an output before its upload.
type Part struct {
	Output      string   `json:"output"`
	Number      int      `json:"part"` // from 1
	ContentType string   `json:"contentType"`
	Size        int64    `json:"size"` // bytes
	CRC32C      Checksum `json:"crc32c"`
	SHA256      string   `json:"sha256"` // 64 hexadecimal digits
	Lines       int64    `json:"lines"`  // newline bytes in the part
}

// Report is the end of a run.
type Report struct {
	End          time.Time   `json:"end"`
	Outcome      run.Outcome `json:"outcome"`
	ExitCode     int         `json:"exitCode"`
	FilesLeftOut int         `json:"filesLeftOut,omitempty"` // number of the task's files that are not outputs
	Outputs      []Claim     `json:"outputs"`
	Samples      []Sample    `json:"samples,omitempty"` // at most MaxSamples of MaxSLIs SLIs
	Issues       []IssueLine `json:"issues,omitempty"`  // at most MaxIssues
}

// LeftOut is what the platform did not record of a report, because it is invalid.
type LeftOut struct {
	Count   int     `json:"leftOut"` // outputs, samples and issue lines
	Reasons []Fault `json:"errors"`  // the first ones
}

// Sample is one measurement of an SLI.
type Sample struct {
	SLI   string    `json:"sli"`
	Time  time.Time `json:"time"`
	Value float64   `json:"value" doc:"finite"`
}

// IssueLine is one line of an issues.jsonl, byte for byte, without its newline.
type IssueLine struct {
	Line string `json:"line"`
}

// Claim is the number of parts that a run reports for an output.
type Claim struct {
	Name  string `json:"name"`
	Parts int    `json:"parts"`
}

// Start records that the run started, and returns the run. It is safe to retry: the run
// may even have ended.
func (c *Client) Start(ctx context.Context, run string, start Start) (recorded Run, err error) {
	err = c.call(ctx, request{what: "record the run's start", method: http.MethodPut, path: c.runPath(run), in: start}, &recorded)
	return recorded, err
}

// Heartbeat reports to the platform that the run's runner still works on it.
func (c *Client) Heartbeat(ctx context.Context, run string) error {
	return c.call(ctx, request{what: "renew the run's lease", method: http.MethodPost, path: c.runPath(run) + "/heartbeat"}, nil)
}

// Report records that the run ended. It is safe to retry with the same report,
// which is always sent as the same bytes.
func (c *Client) Report(ctx context.Context, run string, report Report) (left LeftOut, err error) {
	err = c.call(ctx, request{what: "report the run", method: http.MethodPost, path: c.runPath(run) + "/report", in: report}, &left)
	return left, err
}

// Mint requests the permission to upload at most MaxMint parts. The targets are
// in the order of the parts. If any part is already stored, nothing is minted
// and the error is a *Problem with Stored. followed is how long somebody follows an
// output of the run, at least; 0 if nobody does.
func (c *Client) Mint(ctx context.Context, run string, parts []Part) (targets []Target, followed time.Duration, err error) {
	r := request{what: "request upload URLs", method: http.MethodPost, path: c.runPath(run) + "/uploads"}
	r.in = struct {
		Parts []Part `json:"parts"`
	}{parts}
	var response struct {
		Parts           []Target `json:"parts"`
		FollowedSeconds int      `json:"followedSeconds"`
	}
	if err := c.call(ctx, r, &response); err != nil {
		return nil, 0, err
	}
	if len(response.Parts) != len(parts) {
		return nil, 0, fmt.Errorf("%s: requested %d, received %d", r.what, len(parts), len(response.Parts))
	}
	minted := time.Now()
	for i := range response.Parts {
		if response.Parts[i].Output != parts[i].Output || response.Parts[i].Number != parts[i].Number {
			return nil, 0, fmt.Errorf("%s: the response is for different parts", r.what)
		}
		response.Parts[i].minted = minted
	}
	return response.Parts, time.Duration(response.FollowedSeconds) * time.Second, nil
}

func (c *Client) runPath(run string) string {
	return c.workspacePath() + "/runs/" + url.PathEscape(run)
}

// Token is a credential that the embedded cloud issued.
type Token struct {
	Token   secret.String `json:"token"`
	Expires time.Time     `json:"expires"`
}

// EmulatedToken requests a token from the embedded cloud. No other platform has
// this method.
func (c *Client) EmulatedToken(ctx context.Context, tenant, role string) (Token, error) {
	query := url.Values{"tenant": {tenant}, "as": {role}}
	var token Token
	err := c.call(ctx, request{what: "request a token", method: http.MethodGet, path: "/emulator/token", query: query}, &token)
	return token, err
}
