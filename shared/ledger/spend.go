package ledger

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Limits bound what one feature of a tenant may use.
type Limits struct {
	SendsPerHour int64
	TokensPerDay int64 // sent and received, by UTC days
}

// DefaultLimits apply if a tenant's record sets none, and to the platform's own requests.
var DefaultLimits = Limits{SendsPerHour: 60, TokensPerDay: 1_000_000}

// LimitsOf returns the limits of each feature of a tenant.
func LimitsOf(record tenant.Record) Limits {
	l := DefaultLimits
	if n := record.Limits.ModelSendsPerHour; n > 0 {
		l.SendsPerHour = n
	}
	if n := record.Limits.ModelTokensPerDay; n > 0 {
		l.TokensPerDay = n
	}
	return l
}

// spend is the document that counts the requests of a feature.
type spend struct {
	Hour   time.Time `firestore:"hour" class:"operational"` // begin of the hour that Sends is of
	Sends  int64     `firestore:"sends" class:"operational"`
	Day    time.Time `firestore:"day" class:"operational"` // begin of the day that Tokens is of
	Tokens int64     `firestore:"tokens" class:"operational"`
}

const day = 24 * time.Hour

// reserve counts a request that uses at most this many tokens. If a limit is reached, it
// returns how long to wait.
func (s spend) reserve(now time.Time, l Limits, tokens int64) (after spend, wait time.Duration) {
	hour, today := now.UTC().Truncate(time.Hour), now.UTC().Truncate(day)
	if !s.Hour.Equal(hour) {
		s.Hour, s.Sends = hour, 0
	}
	if !s.Day.Equal(today) {
		s.Day, s.Tokens = today, 0
	}
	switch {
	case s.Tokens+tokens > l.TokensPerDay:
		return s, today.Add(day).Sub(now)
	case s.Sends >= l.SendsPerHour:
		return s, hour.Add(time.Hour).Sub(now)
	}
	s.Sends++
	s.Tokens += tokens
	return s, 0
}

// settle replaces the tokens that a request reserved by those that it used. A request
// of another hour or day changes nothing of this one.
func (s spend) settle(at time.Time, reserved, used int64, sent bool) spend {
	if s.Day.Equal(at.UTC().Truncate(day)) {
		s.Tokens = max(0, s.Tokens-reserved+used)
	}
	if !sent && s.Hour.Equal(at.UTC().Truncate(time.Hour)) {
		s.Sends = max(0, s.Sends-1)
	}
	return s
}
