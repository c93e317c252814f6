package sli

import "math"

// sum adds numbers in twice the precision of a float64 (Dekker, 1971): neither
// the order of what is added shows in the result, nor a mean that is large
// beside the deviation, up to some 1e10 times. The zero sum is 0.
type sum struct{ high, low float64 }

func (s sum) add(x float64) sum {
	high, low := twoSum(s.high, x)
	return normal(high, low+s.low)
}

func (s sum) plus(o sum) sum {
	high, low := twoSum(s.high, o.high)
	low2, rest := twoSum(s.low, o.low)
	n := normal(high, low+low2)
	return normal(n.high, n.low+rest)
}

// square is x*x, exactly.
func square(x float64) sum {
	high := x * x
	return sum{high, math.FMA(x, x, -high)}
}

// minus gives s - o as a float64.
func (s sum) minus(o sum) float64 {
	difference := s.plus(sum{-o.high, -o.low})
	return difference.high + difference.low
}

// squareOver is s*s/n.
func (s sum) squareOver(n float64) sum {
	p := square(s.high)
	p = normal(p.high, p.low+2*s.high*s.low)
	high := p.high / n
	return normal(high, (math.FMA(-high, n, p.high)+p.low)/n)
}

// twoSum is a+b and its rounding error (Knuth).
func twoSum(a, b float64) (total, rest float64) {
	total = a + b
	x := total - a
	return total, (a - (total - x)) + (b - x)
}

func normal(high, low float64) sum {
	total := high + low
	return sum{total, low - (total - high)}
}
