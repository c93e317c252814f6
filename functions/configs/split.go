package configs

import (
	"bytes"
	"fmt"
)

// splitPush returns the pack of the body of a push: what follows the commands, and the
// options if there are any. It returns nil if the push has no pack.
func splitPush(body []byte) ([]byte, error) {
	sections := 1
	for sections > 0 {
		if len(body) < 4 {
			return nil, errPack("the push is not complete; push again")
		}
		var length uint16
		if _, err := fmt.Sscanf(string(body[:4]), "%04x", &length); err != nil {
			return nil, errPack("the push is not in git's format")
		}
		switch {
		case length == 0:
			sections--
			length = 4
		case length < 4 || int(length) > len(body):
			return nil, errPack("the push is not complete; push again")
		case bytes.Contains(body[4:length], []byte{0}) && bytes.Contains(body[4:length], []byte("push-options")):
			sections++
		}
		body = body[length:]
	}
	if len(body) == 0 {
		return nil, nil
	}
	return body, nil
}
