package export

import (
	"math/big"
	"strings"
)

// alphabet has the characters of document IDs (UUIDs, hashes, slugs) in the order in
// which Firestore sorts them.
const alphabet = "-0123456789abcdefghijklmnopqrstuvwxyz"

// middleLength is the length of a Middle. The UUIDv7 of one
// millisecond differ within it.
const middleLength = 32

// Middle returns an ID that is about half-way between two document IDs, in the order
// in which Firestore sorts them. An empty high is after every ID. It returns false
// if it finds no ID that is greater than low and less than high.
func Middle(low, high string) (string, bool) {
	sum := new(big.Int).Add(number(low, 0), number(high, len(alphabet)-1))
	sum.Rsh(sum, 1)
	digits := make([]byte, middleLength)
	base, digit := big.NewInt(int64(len(alphabet))), new(big.Int)
	for i := middleLength - 1; i >= 0; i-- {
		sum.DivMod(sum, base, digit)
		digits[i] = alphabet[digit.Int64()]
	}
	middle := string(digits)
	return middle, middle > low && (high == "" || middle < high)
}

// number reads the first characters of an ID as digits. fill is the digit of the
// characters that an empty ID does not have.
func number(id string, fill int) *big.Int {
	n, base := new(big.Int), big.NewInt(int64(len(alphabet)))
	for i := range middleLength {
		digit := 0
		switch {
		case i < len(id):
			digit = digitOf(id[i])
		case id == "":
			digit = fill
		}
		n.Mul(n, base).Add(n, big.NewInt(int64(digit)))
	}
	return n
}

// digitOf returns the digit of a character: of one that is not in the alphabet, the
// digit of the next smaller one.
func digitOf(c byte) int {
	for i := len(alphabet) - 1; i > 0; i-- {
		if alphabet[i] <= c {
			return i
		}
	}
	return max(0, strings.IndexByte(alphabet, c))
}
