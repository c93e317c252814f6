package gcp

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"cloud.google.com/go/firestore"
	kms "cloud.google.com/go/kms/apiv1"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
)

// Clients holds the Google Cloud clients that every function needs. Each is built
// on first use and then kept. Clients is safe for concurrent use.
type Clients struct {
	Config Config

	kms Lazy[*kms.KeyManagementClient]

	mu        sync.Mutex
	firestore map[database]*firestore.Client
	onClose   []func() error // close the clients that OnClose added
}

type database struct{ projectID, databaseID string }

// NewClients returns the clients for config. It does not connect yet.
func NewClients(config Config) *Clients {
	return &Clients{Config: config, firestore: map[database]*firestore.Client{}}
}

// Firestore returns the client of one database. An empty databaseID means
// (default).
func (c *Clients) Firestore(ctx context.Context, projectID, databaseID string) (*firestore.Client, error) {
	if databaseID == "" {
		databaseID = firestore.DefaultDatabaseID
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := database{projectID, databaseID}
	if client := c.firestore[key]; client != nil {
		return client, nil
	}
	options, err := c.Config.Dial(c.Config.FirestoreHost, append(newBeginWithRead().dialOptions(), grpc.WithChainUnaryInterceptor(awaitApproval, returnTransformed, requireVersions))...)
	if err != nil {
		return nil, err
	}
	client, err := firestore.NewClientWithDatabase(context.WithoutCancel(ctx), projectID, databaseID, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to firestore: %w", err)
	}
	c.firestore[key] = client
	return client, nil
}

// Default returns the client of the platform's database.
func (c *Clients) Default(ctx context.Context) (*firestore.Client, error) {
	return c.Firestore(ctx, c.Config.ProjectID, "")
}

// KMS returns the client of Cloud KMS.
func (c *Clients) KMS(ctx context.Context) (*kms.KeyManagementClient, error) {
	return c.kms.Get(ctx, func(ctx context.Context) (*kms.KeyManagementClient, error) {
		return Connect(ctx, c.Config, c.Config.KMSHost, kms.NewKeyManagementClient)
	})
}

// Connect builds a gRPC client with construct, the constructor of its package. An
// empty host means Google's service; any other is host:port of an emulator.
func Connect[T any](ctx context.Context, config Config, host string, construct func(context.Context, ...option.ClientOption) (T, error)) (T, error) {
	var none T
	options, err := config.Dial(host)
	if err != nil {
		return none, err
	}
	client, err := construct(ctx, options...)
	if err != nil {
		return none, fmt.Errorf("build %T: %w", none, err)
	}
	return client, nil
}

// OnClose makes Close call closeClient too. It is for a client that only some
// functions need.
func (c *Clients) OnClose(closeClient func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onClose = append(c.onClose, closeClient)
}

// Close closes every client that was built.
func (c *Clients) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, client := range c.firestore {
		errs = append(errs, client.Close())
	}
	if client, ok := c.kms.Built(); ok {
		errs = append(errs, client.Close())
	}
	for _, closeClient := range c.onClose {
		errs = append(errs, closeClient())
	}
	return errors.Join(errs...)
}
