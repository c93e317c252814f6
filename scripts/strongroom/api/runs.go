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

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Limits of the API.
const (
	MaxPartBytes = 8 << 20 // of one part
	MaxParts     = 99_999  // of one output, counted from 1
	MaxMint      = 100     // parts in one call
	MaxOutputs   = 1000    // of one run

	MaxReportBytes = 8 << 20 // of a report's body
	MaxIssues      = 200     // in a report
	MaxSamples     = 1000    // in a report
	MaxSLIs        = 100     // of a report's samples
)

// Checksum is a CRC32C (Castagnoli). In JSON it is the base64 of its 4 bytes,
// big endian, as in x-goog-hash: cloud.google.com/storage/docs/xml-api/reference-headers#xgooghash
type Checksum uint32

// String is the base64 form.
func (c Checksum) String() string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(c)))
}

// MarshalText implements encoding.TextMarshaler.
func (c Checksum) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Checksum) UnmarshalText(text []byte) error {
	sum, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(sum) != 4 {
		return errors.New("a CRC32C is the base64 of 4 bytes")
	}
	*c = Checksum(binary.BigEndian.Uint32(sum))
	return nil
}

// Start is the beginning of a run.
type Start struct {
	Task     string    `json:"task"`
	SLX      string    `json:"slx,omitempty"`
	Resource string    `json:"resource,omitempty"`
	Start    time.Time `json:"start"`
}

// Part is a part of an output that is to be uploaded.
type Part struct {
	Output      string   `json:"output"`
	Number      int      `json:"part"` // from 1
	ContentType string   `json:"contentType"`
	Size        int64    `json:"size"` // bytes
	CRC32C      Checksum `json:"crc32c"`
	Lines       int64    `json:"lines"` // newline bytes in the part
}

// Report is the end of a run.
type Report struct {
	End      time.Time   `json:"end"`
	Outcome  string      `json:"outcome"` // success, failure, error, timeout or canceled
	ExitCode int         `json:"exitCode"`
	Outputs  []Claim     `json:"outputs"`
	Samples  []Sample    `json:"samples,omitempty"` // at most MaxSamples, of MaxSLIs
	Issues   []IssueLine `json:"issues,omitempty"`  // at most MaxIssues
}

// Sample is one measurement of an SLI.
type Sample struct {
	SLI   string    `json:"sli"`
	Time  time.Time `json:"time"`
	Value float64   `json:"value"` // finite
}

// IssueLine is one line of an issues.jsonl, byte for byte, without its newline.
type IssueLine struct {
	Line string `json:"line"`
}

// Claim says how many parts an output has.
type Claim struct {
	Name  string `json:"name"`
	Parts int    `json:"parts"`
}

// Start records that the run began. It may be repeated.
func (c *Client) Start(ctx context.Context, run string, start Start) error {
	return c.call(ctx, request{what: "record the run's start", method: http.MethodPut, path: c.runPath(run), in: start}, nil)
}

// Report records that the run ended. It may be repeated with the same report;
// one and the same Report is sent as the same bytes.
func (c *Client) Report(ctx context.Context, run string, report Report) error {
	return c.call(ctx, request{what: "report the run", method: http.MethodPost, path: c.runPath(run) + "/report", in: report}, nil)
}

// Mint gives the permission to upload each of at most MaxMint parts, in order.
// When any of them is stored already the error is a *Problem with Stored, and
// nothing was minted.
func (c *Client) Mint(ctx context.Context, run string, parts []Part) ([]Target, error) {
	r := request{what: "ask for upload URLs", method: http.MethodPost, path: c.runPath(run) + "/uploads"}
	r.in = struct {
		Parts []Part `json:"parts"`
	}{parts}
	var answer struct {
		Parts []Target `json:"parts"`
	}
	if err := c.call(ctx, r, &answer); err != nil {
		return nil, err
	}
	if len(answer.Parts) != len(parts) {
		return nil, fmt.Errorf("%s: asked for %d, given %d", r.what, len(parts), len(answer.Parts))
	}
	minted := time.Now()
	for i := range answer.Parts {
		if answer.Parts[i].Output != parts[i].Output || answer.Parts[i].Number != parts[i].Number {
			return nil, fmt.Errorf("%s: the answer is for other parts", r.what)
		}
		answer.Parts[i].minted = minted
	}
	return answer.Parts, nil
}

func (c *Client) runPath(run string) string {
	return c.workspacePath() + "/runs/" + url.PathEscape(run)
}

// Token is a credential of the embedded cloud's issuer.
type Token struct {
	Token   secret.String `json:"token"`
	Expires time.Time     `json:"expires"`
}

// EmulatedToken asks the embedded cloud, and only that has it, for a token.
func (c *Client) EmulatedToken(ctx context.Context, tenant, role string) (Token, error) {
	query := url.Values{"tenant": {tenant}, "as": {role}}
	var token Token
	err := c.call(ctx, request{what: "ask for a token", method: http.MethodGet, path: "/emulator/token", query: query}, &token)
	return token, err
}
