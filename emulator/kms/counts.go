package kms

import "sync/atomic"

// Counts is how often keys were used since the Server was made. Refusals do
// not count.
type Counts struct {
	Encrypt, Decrypt, Sign int64
}

type counters struct{ encrypt, decrypt, sign atomic.Int64 }

// Counts tells what was done so far.
func (s *Server) Counts() Counts {
	return Counts{
		Encrypt: s.counts.encrypt.Load(),
		Decrypt: s.counts.decrypt.Load(),
		Sign:    s.counts.sign.Load(),
	}
}
