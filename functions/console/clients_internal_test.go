package console

import (
	"strings"
	"testing"
)

func FuzzParseClient(f *testing.F) {
	const good = `{"name":"acme","issuer":"https://accounts.example","clientId":"a","clientSecret":"the secret","workspaces":["prod"]}`
	f.Add(good)
	f.Add(strings.Replace(good, "acme", "../acme", 1))
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseClient([]byte(text), false)
		if err != nil {
			if strings.Contains(err.Error(), "the secret") {
				t.Errorf("the error quotes the file: %v", err)
			}
			return
		}
		if !clientName.MatchString(c.Name) || !strings.HasPrefix(strings.ToLower(c.Issuer), "https://") || c.ClientID == "" || c.ClientSecret.Empty() == (c.SigningKey.Version == "") {
			t.Errorf("%q is a client", text)
		}
	})
}

func TestParseClientRejects(t *testing.T) {
	t.Parallel()
	const good = `{"name":"acme","issuer":"https://accounts.example","clientId":"a","clientSecret":"b"}`
	if _, err := parseClient([]byte(good), false); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"a name with a slash":                      {`"acme"`, `"a/b"`},
		"an issuer without TLS":                    {"https://", "http://"},
		"an issuer with a query":                   {"accounts.example", "accounts.example?a=b"},
		"a secret and a key":                       {`"clientId"`, `"signingKey":{"version":"projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"},"clientId"`},
		"a key without a version":                  {`"clientSecret":"b"`, `"signingKey":{"version":"projects/p/locations/l/keyRings/r/cryptoKeys/k"}`},
		"a certificate that is not a hash":         {`"clientSecret":"b"`, `"signingKey":{"version":"projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1","certificate":"x"}`},
		"no secret":                                {`"clientSecret":"b"`, `"clientSecret":""`},
		"an unknown field":                         {`"clientId"`, `"clientID2":"x","clientId"`},
		"a field that is there twice":              {`"clientId"`, `"name":"x","clientId"`},
		"a parameter of the console's own":         {`"clientId"`, `"parameters":{"state":"x"},"clientId"`},
		"a command line with the console's client": {`"clientId"`, `"commandLine":{"clientId":"a"},"clientId"`},
		"a parameter of the command line's own":    {`"clientId"`, `"commandLine":{"clientId":"c","parameters":{"nonce":"x"}},"clientId"`},
		"an invalid workspace":                     {`"clientId"`, `"workspaces":["../x"],"clientId"`},
	} {
		if _, err := parseClient([]byte(strings.Replace(good, change[0], change[1], 1)), false); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
