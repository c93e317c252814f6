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
)

// maxSLIName bounds the name of an SLI, in characters.
const maxSLIName = 256

// ParseSample reads SLI=VALUE.
func ParseSample(text string) (sli string, value float64, err error) {
	at := strings.LastIndexByte(text, '=')
	if at < 0 {
		return "", 0, fmt.Errorf("%q is no sample: give SLI=VALUE, as in dns-latency=1.5", text)
	}
	sli = text[:at]
	if value, err = strconv.ParseFloat(text[at+1:], 64); err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return "", 0, fmt.Errorf("%q is no sample: %q is no number", text, text[at+1:])
	}
	if err := CheckSLI(sli); err != nil {
		return "", 0, fmt.Errorf("%q is no sample: %w", text, err)
	}
	return sli, value, nil
}

// AddSample takes a sample in, or says why the report cannot carry it.
func (f *Findings) AddSample(s api.Sample) error {
	if err := CheckSLI(s.SLI); err != nil {
		return err
	}
	if !takes(s.Time) {
		return errors.New("its time is not within the years 1970 to 9999")
	}
	if f.slis == nil {
		f.slis = map[string]bool{}
	}
	switch {
	case len(f.Samples) == api.MaxSamples:
		return fmt.Errorf("a report has at most %d samples", api.MaxSamples)
	case !f.slis[s.SLI] && len(f.slis) == api.MaxSLIs:
		return fmt.Errorf("a report has samples of at most %d SLIs", api.MaxSLIs)
	}
	if err := f.reserve(s); err != nil {
		return err
	}
	f.slis[s.SLI] = true
	f.Samples = append(f.Samples, s)
	return nil
}

// CheckSLI says what the platform takes for the name of an SLI.
func CheckSLI(name string) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if name == "" || utf8.RuneCountInString(name) > maxSLIName || !utf8.ValidString(name) || strings.ContainsFunc(name, control) {
		return fmt.Errorf("an SLI is named by 1 to %d characters, none of them a control character", maxSLIName)
	}
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
	return f.AddSample(s)
}

// parseSampleLine reads one line; its time may be missing.
func parseSampleLine(line []byte) (api.Sample, error) {
	var s struct {
		SLI   string    `json:"sli"`
		Value *float64  `json:"value"`
		Time  time.Time `json:"time"`
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil || s.Value == nil || decoder.More() || !utf8.Valid(line) {
		return api.Sample{}, errors.New(`it is not as {"sli":"dns-latency","value":1.5,"time":"2026-01-02T03:04:05Z"}`)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return api.Sample{}, errors.New("there is more behind the sample")
	}
	return api.Sample{SLI: s.SLI, Time: s.Time.UTC().Truncate(time.Microsecond), Value: *s.Value}, nil
}
