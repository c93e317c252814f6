package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/firestore"
	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/oidc"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/api"
)

// Account is the email of one of the platform's service accounts.
func Account(name string) string { return name + "@" + ProjectID + ".iam.gserviceaccount.com" }

// FunctionAccount is the email of the account that a function runs as. Account
// ids have 6 to 30 characters, so the name alone could be too short.
func FunctionAccount(function string) string { return Account("fn-" + function) }

// OperatorAccount has every right: a person's who sets things up.
var OperatorAccount = Account("operator")

// Accounts that are no function's.
var (
	operator   = OperatorAccount
	pushCaller = Account("pubsub-push")
	timer      = Account("scheduler")
)

// storageAgent is Google's own account of Cloud Storage in this project.
const storageAgent = "service-1@gs-project-accounts.iam.gserviceaccount.com"

// listen takes the front's address before the parts need to know it.
func (c *Cloud) listen(context.Context) error {
	listener, err := listen(c.options.Addr)
	if err != nil {
		return err
	}
	c.URL = "http://" + listener.Addr().String()
	logTo := c.options.Log
	if logTo == nil {
		logTo = io.Discard
	}
	c.log = api.NewLogger(logTo)
	c.serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.Front == nil {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		c.Front.ServeHTTP(w, r)
	}))
	return nil
}

func (c *Cloud) startIdentity(context.Context) (err error) {
	if c.IAM, err = iam.New(iam.Config{ProjectID: ProjectID, Clock: c.Clock, Dir: c.dir("iam")}); err != nil {
		return err
	}
	c.Issuer, err = oidc.New(oidc.Config{Issuer: c.URL + "/emulator/oidc", Clock: c.Clock, Dir: c.dir("oidc")})
	if err != nil {
		return err
	}
	for _, email := range []string{operator, pushCaller, timer, storageAgent} {
		if err := c.IAM.CreateServiceAccount(email); err != nil {
			return err
		}
	}
	for _, b := range c.IAM.Bindings() { // of an earlier start; the table may have changed
		if err := c.IAM.Unbind(b); err != nil {
			return err
		}
	}
	return c.IAM.Bind(iam.Binding{Member: operator, Role: "roles/owner", Resource: "projects/" + ProjectID})
}

func (c *Cloud) startStores(context.Context) (err error) {
	if c.KMS, err = kms.New(kms.Config{Clock: c.Clock, IAM: c.IAM, Dir: c.dir("kms")}); err != nil {
		return err
	}
	if c.options.FirestoreHost != "" {
		return nil
	}
	c.Firestore, err = firestore.New(firestore.Config{Clock: c.Clock, Dir: c.dir("firestore"), Authorize: c.mayUseDatabase})
	if err != nil {
		return err
	}
	c.onClose(c.Firestore.Close)
	return nil
}

// mayUseDatabase asks for what every RPC needs at least. Callers without an
// identity, and the "owner" that emulator clients call themselves, may do all,
// as with Google's own emulator.
func (c *Cloud) mayUseDatabase(ctx context.Context, database string) error {
	given, _ := metadata.FromIncomingContext(ctx)
	if tokens := given.Get("authorization"); len(tokens) == 0 || tokens[0] == "Bearer owner" {
		return nil
	}
	caller, err := c.IAM.Caller(ctx)
	if err != nil {
		return err
	}
	if !c.IAM.Allowed(caller, "datastore.entities.get", database) {
		return status.Error(codes.PermissionDenied, "Missing or insufficient permissions.")
	}
	return nil
}

func (c *Cloud) startMessages(ctx context.Context) (err error) {
	c.PubSub, err = pubsub.New(context.WithoutCancel(ctx), pubsub.Config{
		ProjectID: ProjectID, Clock: c.Clock, Host: c.options.PubSubHost, Log: c.log, Redeliver: c.options.Redeliver,
		IDToken: c.idToken, Authorize: c.mayUseTopic,
	})
	if err != nil {
		return err
	}
	c.onClose(c.PubSub.Close)
	c.hosts.PubSubHost = c.PubSub.Addr()
	return c.createTopics(ctx)
}

// createTopics makes every topic of the table, also those that nobody takes
// from yet, each with a topic for dead letters and a subscription that keeps them.
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

func (c *Cloud) mayUseTopic(ctx context.Context, permission, resource string) error {
	caller, err := c.IAM.Caller(ctx)
	if err != nil {
		return err
	}
	if !c.IAM.Allowed(caller, permission, resource) {
		return status.Error(codes.PermissionDenied, "User not authorized to perform this action.")
	}
	return nil
}

// idToken is the OIDC token that email shows to audience.
func (c *Cloud) idToken(email, audience string) (string, error) {
	return c.IAM.SignJWT(email, map[string]any{"aud": audience})
}

func (c *Cloud) startObjects(context.Context) (err error) {
	c.GCS, err = gcs.New(gcs.Config{
		Clock: c.Clock, IAM: c.IAM, KMS: c.KMS, Dir: c.dir("gcs"), ServiceAgent: storageAgent, Publish: c.notify,
	})
	if err != nil {
		return err
	}
	c.onClose(c.GCS.Close)
	listener, err := listen("")
	if err != nil {
		return err
	}
	c.serve(listener, c.GCS)
	c.hosts.StorageHost = listener.Addr().String()
	return nil
}

// notify publishes as Cloud Storage's own account may.
func (c *Cloud) notify(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	if !c.IAM.Allowed(storageAgent, "pubsub.topics.publish", topicResource(topic)) {
		return fmt.Errorf("the storage agent may not publish to %s", topic)
	}
	return c.PubSub.Publish(ctx, topic, data, attributes)
}
