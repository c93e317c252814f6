package iam

import "sync/atomic"

// Counts are the numbers of operations since the Server was created.
type Counts struct {
	SignBlob int64 // successful calls over gRPC and REST
}

type counters struct{ signBlob atomic.Int64 }

// Counts returns the current counts.
func (s *Server) Counts() Counts { return Counts{SignBlob: s.counts.signBlob.Load()} }
