package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// ReadSamples adds the lines of a samples.jsonl, {"sli","value","time"}, and
// returns the lines that it cannot add, which are those that the platform would
// leave out. A line without a time gets the time at, the end of the run, and no
// line may be more than 5 minutes after it. The error is r's.
func (f *Findings) ReadSamples(r io.Reader, at time.Time) ([]RejectedLines, error) {
	return readLines(r, func(line []byte, _ int) error { return f.addSampleLine(line, at) })
}

// ParseSample reads SLI=VALUE.
func ParseSample(text string) (name string, value float64, err error) {
	at := strings.LastIndexByte(text, '=')
	if at < 0 {
		return "", 0, fmt.Errorf("%q is not a sample: use SLI=VALUE, for example dns-latency=1.5", text)
	}
	name = text[:at]
	if value, err = strconv.ParseFloat(text[at+1:], 64); err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return "", 0, fmt.Errorf("%q is not a sample: %q is not a finite number", text, text[at+1:])
	}
	name = run.CanonicalName(name)
	if err := sli.CheckName(name); err != nil {
		return "", 0, fmt.Errorf("%q is not a sample: %w", text, err)
	}
	return name, value, nil
}

// AddSample adds a sample, or returns why a report cannot have it.
func (f *Findings) AddSample(s api.Sample) error {
	s.SLI = run.CanonicalName(s.SLI)
	if err := errors.Join(sli.CheckName(s.SLI), sli.Sample{Time: s.Time, Value: s.Value}.Validate(s.Time)); err != nil {
		return err
	}
	if !isRunTime(s.Time) {
		return errors.New("the time must be in the years 1970 to 9999")
	}
	if err := f.reserve(len(f.Samples), encodedSize(s)); err != nil {
		return err
	}
	f.Samples = append(f.Samples, s)
	return nil
}

func (f *Findings) addSampleLine(line []byte, at time.Time) error {
	s, err := parseSampleLine(line)
	if err != nil {
		return err
	}
	if s.Time.IsZero() {
		s.Time = at
	}
	if s.Time.After(at.Add(sli.MaxAhead)) {
		return fmt.Errorf("the time is more than %v after the end of the run", sli.MaxAhead)
	}
	return f.AddSample(s)
}

// parseSampleLine reads one line. Its time may be missing.
func parseSampleLine(line []byte) (api.Sample, error) {
	var s struct {
		SLI   string    `json:"sli"`
		Value *float64  `json:"value"`
		Time  time.Time `json:"time"`
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil || s.Value == nil || decoder.More() || !utf8.Valid(line) {
		return api.Sample{}, errors.New(`the line must have the form {"sli":"dns-latency","value":1.5,"time":"2026-01-02T03:04:05Z"}`)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return api.Sample{}, errors.New("there is text after the sample")
	}
	return api.Sample{SLI: s.SLI, Time: s.Time.UTC().Truncate(time.Microsecond), Value: *s.Value}, nil
}
