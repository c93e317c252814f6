package gcp

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"cloud.google.com/go/firestore"
	kms "cloud.google.com/go/kms/apiv1"
	"google.golang.org/api/option"
)

// Clients are the clients that every function needs. They are built on first
// use and kept. Clients is safe for concurrent use.
type Clients struct {
	Config Config

	kms Lazy[*kms.KeyManagementClient]

	mu        sync.Mutex
	firestore map[database]*firestore.Client
	others    []func() error // close what others built for these clients' config
}

type database struct{ projectID, databaseID string }

// NewClients gives the clients of config; it connects to nothing yet.
func NewClients(config Config) *Clients {
	return &Clients{Config: config, firestore: map[database]*firestore.Client{}}
}

// Firestore is the client of one database; an empty databaseID means (default).
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
	options, err := c.Config.Dial(c.Config.FirestoreHost)
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

// Default is the client of the platform's own database.
func (c *Clients) Default(ctx context.Context) (*firestore.Client, error) {
	return c.Firestore(ctx, c.Config.ProjectID, "")
}

// KMS is the client of Cloud KMS.
func (c *Clients) KMS(ctx context.Context) (*kms.KeyManagementClient, error) {
	return c.kms.Get(ctx, func(ctx context.Context) (*kms.KeyManagementClient, error) {
		return Connect(ctx, c.Config, c.Config.KMSHost, kms.NewKeyManagementClient)
	})
}

// Connect makes a gRPC client, by its package's constructor, of Google's own
// service, or of what stands at host in its place.
func Connect[T any](ctx context.Context, config Config, host string, client func(context.Context, ...option.ClientOption) (T, error)) (T, error) {
	var none T
	options, err := config.Dial(host)
	if err != nil {
		return none, err
	}
	made, err := client(ctx, options...)
	if err != nil {
		return none, fmt.Errorf("make %T: %w", none, err)
	}
	return made, nil
}

// OnClose has Close call closeIt: for a client that only some functions need.
func (c *Clients) OnClose(closeIt func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.others = append(c.others, closeIt)
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
	for _, closeIt := range c.others {
		errs = append(errs, closeIt())
	}
	return errors.Join(errs...)
}
