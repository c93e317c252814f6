package runs

import (
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/api"
)

// A report has many members, and an invalid one must not block the others: the
// run would stay unfinished forever, with all of its issues. So the members'
// schemas describe their form and do not enforce it, and a member that does not
// decode carries the reason.

// malformed is why a member does not decode, and its text. The zero malformed
// belongs to a member that decodes.
type malformed struct {
	reason error
	text   jsontext.Value
}

// decode decodes the text of a member. isComplete reports whether all required
// fields are present, after decoding.
func (m *malformed) decode(text []byte, into any, isComplete func() bool) error {
	m.reason = api.Decode(text, into)
	if m.reason == nil && !isComplete() {
		m.reason = errors.New("a required field is missing or null")
	}
	if m.reason != nil {
		m.text = slices.Clone(text)
	}
	return nil
}

// describeOnly makes a schema accept every value.
func describeOnly(s *huma.Schema) *huma.Schema {
	s.Type = ""
	return s
}

// claimMember is an output that the run claims.
type claimMember struct {
	Name  string `json:"name" class:"operational" minLength:"1" maxLength:"400"`
	Parts int    `json:"parts" class:"operational" minimum:"0" maximum:"99999" doc:"Number of parts, counted from part 1; 0 if the output is empty"`

	malformed malformed
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *claimMember) UnmarshalJSON(text []byte) error {
	var fields struct {
		Name  *string `json:"name"`
		Parts *int    `json:"parts"`
	}
	err := c.malformed.decode(text, &fields, func() bool { return fields.Name != nil && fields.Parts != nil })
	if c.malformed.reason == nil {
		c.Name, c.Parts = *fields.Name, *fields.Parts
	}
	return err
}

// TransformSchema implements huma.SchemaTransformer.
func (*claimMember) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describeOnly(s)
}

// sampleMember is a sample that the run measured.
type sampleMember struct {
	SLI   string    `json:"sli" class:"metadata" minLength:"1" maxLength:"256" pattern:"^[^\\x00-\\x1f\\x7f]+$" doc:"Name of the SLI"`
	Time  time.Time `json:"time" class:"metadata"`
	Value float64   `json:"value" class:"metadata"`

	malformed malformed
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *sampleMember) UnmarshalJSON(text []byte) error {
	var fields struct {
		SLI   *string    `json:"sli"`
		Time  *time.Time `json:"time"`
		Value *float64   `json:"value"`
	}
	err := m.malformed.decode(text, &fields, func() bool { return fields.SLI != nil && fields.Time != nil && fields.Value != nil })
	if m.malformed.reason == nil {
		m.SLI, m.Time, m.Value = *fields.SLI, *fields.Time, *fields.Value
	}
	return err
}

// TransformSchema implements huma.SchemaTransformer.
func (*sampleMember) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describeOnly(s)
}

// lineMember is a line of the run's issues.jsonl.
type lineMember struct {
	Line string `json:"line" class:"text" minLength:"2" maxLength:"8388608" doc:"One line of issues.jsonl. A text over 64 KiB is cut when it is shown, and a line over 512 KiB is stored with its texts cut"`

	malformed malformed
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *lineMember) UnmarshalJSON(text []byte) error {
	var fields struct {
		Line *string `json:"line"`
	}
	err := l.malformed.decode(text, &fields, func() bool { return fields.Line != nil })
	if l.malformed.reason == nil {
		l.Line = *fields.Line
	}
	return err
}

// TransformSchema implements huma.SchemaTransformer.
func (*lineMember) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return describeOnly(s)
}
