package kms

import "sync/atomic"

// Counts are the numbers of successful operations since the Server was created.
type Counts struct {
	Encrypt, Decrypt, Sign int64
}

type counters struct{ encrypt, decrypt, sign atomic.Int64 }

// Counts returns the current counts.
func (s *Server) Counts() Counts {
	return Counts{
		Encrypt: s.counts.encrypt.Load(),
		Decrypt: s.counts.decrypt.Load(),
		Sign:    s.counts.sign.Load(),
	}
}
