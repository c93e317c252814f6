// Package suite runs all of Strongroom on the embedded cloud: each function
// under its own service account, behind one load balancer, with tenants and
// tokens for the people and programs that use them.
//
// It creates what Terraform creates in production, from the same table
// (infra/suite.json), so a missing role fails here as it fails there.
package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/loadbalancer"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/directory"
)

// Names within the embedded cloud.
const (
	ProjectID = "strongroom-local"
	Location  = "europe-west3"
	Audience  = "https://strongroom.dev" // prefix of every token's audience
)

// Options configure how Strongroom runs. The zero Options keep everything in
// memory, use a free port and start only embedded parts.
type Options struct {
	Addr          string        // host:port of the load balancer; empty: a free port of 127.0.0.1
	Dir           string        // directory where the parts store their data; empty: in memory
	FirestoreHost string        // host:port of Google's Firestore emulator; empty: the embedded one
	PubSubHost    string        // host:port of Google's Pub/Sub emulator; empty: the embedded one
	Log           io.Writer     // receives the functions' log; nil: discarded
	Schedule      bool          // run the scheduled functions on their schedules; otherwise only Scheduler.RunNow runs them
	Redeliver     int           // how often each message is delivered in addition to the first time, for tests
	Backoff       time.Duration // wait before a message is pushed the second time; zero: Google's 10 s

	// OwnDatabases: each tenant that AddTenant creates has a database of its own.
	OwnDatabases bool

	// Undelivered names functions that receive no messages: a test calls them itself.
	Undelivered []string

	DeliveryAttempts int // pushes before a message becomes a dead letter, 5 or more; zero: 20, as in production
}

// Cloud is an embedded cloud that runs Strongroom. Its parts are safe for
// concurrent use.
type Cloud struct {
	*cloud.Cloud
	Suite        infra.Suite
	LoadBalancer *loadbalancer.LoadBalancer
	Directory    *directory.Directory // with the operator's permissions

	options    Options
	log        *slog.Logger
	consoleDir string // folder with the console's sign-in settings
}

// Start starts the parts and the functions. It returns when all of them accept
// requests.
func Start(ctx context.Context, options Options) (*Cloud, error) {
	table, err := infra.Load()
	if err != nil {
		return nil, err
	}
	if options.Log == nil {
		options.Log = io.Discard
	}
	log := api.NewLogger(options.Log)
	parts, err := cloud.Start(ctx, cloud.Options{
		ProjectID:     ProjectID,
		Addr:          options.Addr,
		Dir:           options.Dir,
		FirestoreHost: options.FirestoreHost,
		PubSubHost:    options.PubSubHost,
		Redeliver:     options.Redeliver,
		Log:           log,
	})
	if err != nil {
		return nil, err
	}
	c := &Cloud{Cloud: parts, Suite: table, options: options, log: log}
	c.Directory = directory.New(c.Operator, c.Clock.Now)
	for _, step := range []func(context.Context) error{
		c.createAccounts, c.createTopics, c.createConsole, c.createPlatform, c.startFunctions, c.connectTriggers,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("start Strongroom on the embedded cloud: %w", err), c.Close())
		}
	}
	return c, nil
}

// Logger returns the logger of the functions.
func (c *Cloud) Logger() *slog.Logger { return c.log }

// createAccounts removes the roles that an earlier start granted, because the
// table may have changed since. It creates the custom roles, and the accounts that
// call functions.
func (c *Cloud) createAccounts(context.Context) error {
	for _, b := range c.IAM.Bindings() {
		if b.Member == OperatorAccount {
			continue
		}
		if err := c.IAM.Unbind(b); err != nil {
			return err
		}
	}
	for id, role := range c.Suite.CustomRoles {
		if err := c.IAM.CreateRole(infra.RoleName(id, ProjectID), role.Permissions...); err != nil {
			return err
		}
	}
	return errors.Join(c.IAM.CreateServiceAccount(pushAccount), c.IAM.CreateServiceAccount(schedulerAccount), c.IAM.CreateServiceAccount(exportReader))
}

// createTopics creates every topic of the table, including those that no
// function subscribes to. Each has a dead-letter topic, which its topic of replayed
// messages shares, and that topic has a subscription that keeps the messages.
func (c *Cloud) createTopics(ctx context.Context) error {
	for _, topic := range c.Suite.Topics() {
		dead := infra.DeadLetters(topic)
		if err := errors.Join(c.PubSub.CreateTopic(ctx, topic), c.PubSub.CreateTopic(ctx, dead)); err != nil {
			return err
		}
		if err := c.PubSub.Subscribe(ctx, dead, dead); err != nil {
			return err
		}
	}
	return nil
}

// Accounts that are not a function's.
var (
	// OperatorAccount is the email of the account that has every permission.
	OperatorAccount = Account(cloud.OperatorID)

	pushAccount      = Account("pubsub-push")
	schedulerAccount = Account("scheduler")
	exportReader     = Account("export-reader") // URLs of the files of exports act as it
)

// Account returns the email of a service account of the platform.
func Account(name string) string { return cloud.Account(ProjectID, name) }

// FunctionAccount returns the email of the account that a function runs as.
// The prefix keeps account IDs within Google's 6 to 30 characters.
func FunctionAccount(function string) string { return Account("fn-" + function) }

// allow creates an account and grants it the roles whose resources are in on,
// by their names in the table.
func (c *Cloud) allow(account string, roles []infra.Role, on map[string]string) error {
	if err := c.IAM.CreateServiceAccount(account); err != nil {
		return err
	}
	for _, r := range roles {
		resource := on[r.On]
		if resource == "" {
			continue
		}
		if err := c.IAM.Bind(iam.Binding{Member: account, Role: infra.RoleName(r.Role, ProjectID), Resource: resource}); err != nil {
			return err
		}
	}
	return nil
}
