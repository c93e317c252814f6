package signedurl_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"log"
	"time"

	"github.com/strongroom-dev/strongroom/shared/signedurl"
)

// The holder of the URL can create this one object, once. The URL is a secret, so it
// prints as [redacted]; Reveal returns it.
func ExampleMinter_Mint() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	signer := signedurl.NewLocal(key, "sign-acme@example.iam.gserviceaccount.com")
	upload, err := signedurl.Minter{}.Mint(context.Background(), signer, signedurl.Policy{
		Bucket:      "acme-outputs",
		Object:      "prod/0196f5a0-0000-7000-8000-000000000001/stdout.log/00001",
		ContentType: "text/plain",
		MaxBytes:    1 << 20,
		Expires:     time.Now().Add(5 * time.Minute),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(upload.Method, upload.URL)
	for _, name := range []string{"content-type", "x-goog-content-length-range", "x-goog-if-generation-match"} {
		fmt.Println(name+":", upload.Headers[name])
	}
	// Output:
	// PUT [redacted]
	// content-type: text/plain
	// x-goog-content-length-range: 0,1048576
	// x-goog-if-generation-match: 0
}
