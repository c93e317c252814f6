package sli

import "math"

// sum adds numbers with twice the precision of a float64 (Dekker, 1971). So the
// result does not depend on the order of the numbers, and the deviation stays
// exact for a mean that is up to about 1e10 times larger. The zero sum is 0.
type sum struct{ high, low float64 }

func (s sum) add(x float64) sum {
	high, low := twoSum(s.high, x)
	return normalize(high, low+s.low)
}

func (s sum) plus(o sum) sum {
	high, highErr := twoSum(s.high, o.high)
	low, lowErr := twoSum(s.low, o.low)
	n := normalize(high, highErr+low)
	return normalize(n.high, n.low+lowErr)
}

// square returns x*x, exactly.
func square(x float64) sum {
	high := x * x
	return sum{high, math.FMA(x, x, -high)}
}

// minus returns s - o as a float64.
func (s sum) minus(o sum) float64 {
	difference := s.plus(sum{-o.high, -o.low})
	return difference.high + difference.low
}

// squareOver returns s*s/n.
func (s sum) squareOver(n float64) sum {
	p := square(s.high)
	p = normalize(p.high, p.low+2*s.high*s.low)
	high := p.high / n
	return normalize(high, (math.FMA(-high, n, p.high)+p.low)/n)
}

// twoSum returns a+b and its rounding error (Knuth).
func twoSum(a, b float64) (total, err float64) {
	total = a + b
	x := total - a
	return total, (a - (total - x)) + (b - x)
}

func normalize(high, low float64) sum {
	total := high + low
	return sum{total, low - (total - high)}
}
