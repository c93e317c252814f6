package iam

import "sync/atomic"

// Counts is how often things were done since the Server was made.
type Counts struct {
	SignBlob int64 // signatures given, over gRPC and REST
}

type counters struct{ signBlob atomic.Int64 }

// Counts tells what was done so far.
func (s *Server) Counts() Counts { return Counts{SignBlob: s.counts.signBlob.Load()} }
