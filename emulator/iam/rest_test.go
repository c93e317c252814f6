package iam

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func FuzzParseSignBlob(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"payload":"cGF5"}`, `{"payload":"*"}`, `{"payload":"cGF5","delegates":["a"]}`,
		`{"payload":"cGF5","payload":""}`, `{"Payload":""}`, "[[[[", "null",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseSignBlob(body)
		if (r == nil) == (err == nil) || (err != nil && status.Code(err) != codes.InvalidArgument) {
			t.Errorf("%q gave %v, %v", body, r, err)
		}
	})
}

func FuzzParseAccountName(f *testing.F) {
	for _, seed := range []string{"", accountPrefix, accountPrefix + "a@b.iam.gserviceaccount.com", accountPrefix + "../a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		email, err := parseAccountName(name)
		if err == nil && (accountPrefix+email != name || !accountEmail.MatchString(email)) {
			t.Errorf("%q gave %q", name, email)
		}
	})
}
