package sli

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// The long windows of the rules.
const (
	hour      = time.Hour
	sixHours  = 6 * time.Hour
	threeDays = 72 * time.Hour
)

// Buckets are statistics of samples by minute, by five minutes and by hour. Each
// list has the newest buckets that have samples, as many as its window has
// without a gap. So a list covers its window and, after silence, what was before
// it. Samples may be added in any order. The zero Buckets are empty. Buckets take
// at most 12 KiB.
type Buckets struct {
	Hour      []byte `firestore:"hour" class:"metadata"`      // 60 buckets of 1 minute, packed
	SixHours  []byte `firestore:"sixHours" class:"metadata"`  // 72 buckets of 5 minutes, packed
	ThreeDays []byte `firestore:"threeDays" class:"metadata"` // 72 buckets of 1 hour, packed
}

// Add returns the buckets with more samples. Whether a sample counts as good is
// decided now, by this objective.
func (b Buckets) Add(o Objective, samples ...Sample) Buckets {
	return Buckets{
		Hour:      add(b.Hour, hour, time.Minute, o, samples),
		SixHours:  add(b.SixHours, sixHours, 5*time.Minute, o, samples),
		ThreeDays: add(b.ThreeDays, threeDays, time.Hour, o, samples),
	}
}

// bucket is the statistics of the samples of one interval.
type bucket struct {
	start   int64 // seconds since 1970
	n, good uint32
	sum     sum
	squares sum
}

func (b bucket) plus(o bucket) bucket {
	return bucket{
		start:   b.start,
		n:       b.n + o.n,
		good:    b.good + o.good,
		sum:     b.sum.plus(o.sum),
		squares: b.squares.plus(o.squares),
	}
}

func (b *bucket) add(o Objective, value float64) {
	b.n++
	if o.Good(value) {
		b.good++
	}
	b.sum = b.sum.add(value)
	b.squares = b.squares.plus(square(value))
}

func add(packed []byte, window, width time.Duration, o Objective, samples []Sample) []byte {
	buckets := unpack(packed)
	for _, s := range samples {
		start := startOf(s.Time, width)
		at, found := slices.BinarySearchFunc(buckets, start, func(b bucket, start int64) int { return int(b.start - start) })
		if !found {
			buckets = slices.Insert(buckets, at, bucket{start: start})
		}
		buckets[at].add(o, s.Value)
		buckets = buckets[max(0, len(buckets)-int(window/width)):]
	}
	return pack(buckets)
}

// startOf returns the start of the bucket that contains t.
func startOf(t time.Time, width time.Duration) int64 {
	seconds, w := t.Unix(), int64(width/time.Second)
	return seconds - ((seconds%w)+w)%w
}

// A packed bucket consists of its start (8 bytes, big-endian), n and good (4 bytes
// each), and the two sums (two float64 each).
const packedSize = 8 + 4 + 4 + 4*8

func pack(buckets []bucket) []byte {
	packed := make([]byte, 0, len(buckets)*packedSize)
	for _, b := range buckets {
		packed = binary.BigEndian.AppendUint64(packed, uint64(b.start))
		packed = binary.BigEndian.AppendUint32(packed, b.n)
		packed = binary.BigEndian.AppendUint32(packed, b.good)
		for _, f := range []float64{b.sum.high, b.sum.low, b.squares.high, b.squares.low} {
			packed = binary.BigEndian.AppendUint64(packed, math.Float64bits(f))
		}
	}
	return packed
}

func unpack(packed []byte) []bucket {
	buckets := make([]bucket, 0, len(packed)/packedSize+1)
	for ; len(packed) >= packedSize; packed = packed[packedSize:] {
		float := func(at int) float64 { return math.Float64frombits(binary.BigEndian.Uint64(packed[at:])) }
		buckets = append(buckets, bucket{
			start:   int64(binary.BigEndian.Uint64(packed)),
			n:       binary.BigEndian.Uint32(packed[8:]),
			good:    binary.BigEndian.Uint32(packed[12:]),
			sum:     sum{float(16), float(24)},
			squares: sum{float(32), float(40)},
		})
	}
	return buckets
}
