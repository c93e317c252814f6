// Package gcp builds Google Cloud clients from the environment, each one once and
// on first use. It also refuses to start in production with an emulator setting.
package gcp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Config says how to reach Google Cloud. If all hosts are empty, clients use
// Google's services and the identity of the process. A host is the `host:port` of
// an emulator.
type Config struct {
	ProjectID          string        `env:"GOOGLE_CLOUD_PROJECT,required,notEmpty"` // the platform's project
	FirestoreHost      string        `env:"FIRESTORE_EMULATOR_HOST"`
	StorageHost        string        `env:"STORAGE_EMULATOR_HOST"`
	KMSHost            string        `env:"KMS_EMULATOR_HOST"`
	IAMCredentialsHost string        `env:"IAM_CREDENTIALS_EMULATOR_HOST"`
	PubSubHost         string        `env:"PUBSUB_EMULATOR_HOST"`
	VertexHost         string        `env:"VERTEX_EMULATOR_HOST"`
	AccessToken        secret.String `env:"EMULATOR_ACCESS_TOKEN"` // identifies this process to an emulator
	Function           string        `env:"FUNCTION_TARGET"`       // entry point of the function, which Cloud Run functions set; empty: another process
}

// FromEnv reads the settings of a function: a struct with env tags that contains a
// Config. It fails if an emulator is set in production. The error names every
// missing setting.
func FromEnv[T any](environ []string) (T, error) {
	if err := RefuseEmulatorInProduction(environ); err != nil {
		var none T
		return none, err
	}
	return env.ParseAsWithOptions[T](env.Options{Environment: env.ToMap(environ)})
}

// ErrEmulatorInProduction is the error of an emulator setting together with
// K_SERVICE, which Cloud Run sets: cloud.google.com/run/docs/container-contract.
var ErrEmulatorInProduction = errors.New("emulator setting in production")

// RefuseEmulatorInProduction returns an error if environ, as os.Environ returns it,
// has both K_SERVICE and an emulator setting. That is any setting with EMULATOR in
// its name, whatever its value is and whoever reads it. The error names the
// setting.
func RefuseEmulatorInProduction(environ []string) error {
	if !slices.ContainsFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, "K_SERVICE=") }) {
		return nil
	}
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.Contains(strings.ToUpper(name), "EMULATOR") {
			return fmt.Errorf("%w: %s", ErrEmulatorInProduction, name)
		}
	}
	return nil
}

// Dial returns the options of a gRPC client of the service at host, whose connections have
// the additional options. For an empty host, Google's client finds Google's service itself.
// The client closes the connection.
func (c Config) Dial(host string, additional ...grpc.DialOption) ([]option.ClientOption, error) {
	if host == "" {
		options := make([]option.ClientOption, len(additional))
		for i, o := range additional {
			options[i] = option.WithGRPCDialOption(o)
		}
		return options, nil
	}
	// The Firestore client would make a connection without an identity if
	// FIRESTORE_EMULATOR_HOST is set, so the connection is made here.
	conn, err := grpc.NewClient("passthrough:///"+host, append(additional,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(plainToken{c.AccessToken}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)))...)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", host, err)
	}
	return []option.ClientOption{option.WithGRPCConn(conn)}, nil
}

// plainToken sends a token without TLS. Only an emulator receives such a token.
type plainToken struct{ token secret.String }

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (p plainToken) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	if p.token.Empty() {
		return nil, nil
	}
	return map[string]string{"authorization": "Bearer " + p.token.Reveal()}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (plainToken) RequireTransportSecurity() bool { return false }

// Transport returns a transport that sends the access token of an emulator over
// plain HTTP.
func (c Config) Transport() http.RoundTripper { return tokenTransport{c.AccessToken} }

type tokenTransport struct{ token secret.String }

// RoundTrip implements http.RoundTripper.
func (t tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+t.token.Reveal())
	return http.DefaultTransport.RoundTrip(r)
}
