package issue

import "unicode/utf8"

// Truncate returns the longest prefix of text that has at most maxBytes bytes and
// ends between two characters.
func Truncate(text string, maxBytes int) string {
	if len(text) <= maxBytes {
		return text
	}
	for maxBytes > 0 && !utf8.RuneStart(text[maxBytes]) {
		maxBytes--
	}
	return text[:maxBytes]
}
