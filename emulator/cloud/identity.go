package cloud

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

const (
	// OperatorID is the account ID of the operator, who owns the project.
	OperatorID = "operator"
	// StorageAgent is the email of the account that Cloud Storage itself uses in
	// the project, to encrypt objects and to publish notifications.
	StorageAgent = "service-1@gs-project-accounts.iam.gserviceaccount.com"
)

// Account returns the email of a service account of a project.
func Account(projectID, id string) string { return id + "@" + projectID + ".iam.gserviceaccount.com" }

// As returns the settings of a process that runs as the service account with
// this email. They contain the account's token.
func (c *Cloud) As(email string) gcp.Config {
	config := c.hosts
	config.ProjectID, config.AccessToken = c.ProjectID, secret.New(c.IAM.AccessToken(email))
	return config
}

// Clients returns clients that use the identity of a service account. Close of
// the cloud closes them.
func (c *Cloud) Clients(email string) *gcp.Clients { return c.Connect(c.As(email)) }

// Connect returns clients with other settings than those of As. Close of the cloud closes
// them.
func (c *Cloud) Connect(config gcp.Config) *gcp.Clients {
	clients := gcp.NewClients(config)
	c.onClose(clients.Close)
	return clients
}

// Environ returns the settings of As as environment variables, in the form of
// os.Environ. Google's client libraries read the first four.
func (c *Cloud) Environ(email string) []string {
	as := c.As(email)
	return []string{
		"GOOGLE_CLOUD_PROJECT=" + as.ProjectID,
		"FIRESTORE_EMULATOR_HOST=" + as.FirestoreHost,
		"STORAGE_EMULATOR_HOST=" + as.StorageHost,
		"PUBSUB_EMULATOR_HOST=" + as.PubSubHost,
		"KMS_EMULATOR_HOST=" + as.KMSHost,
		"IAM_CREDENTIALS_EMULATOR_HOST=" + as.IAMCredentialsHost,
		"VERTEX_EMULATOR_HOST=" + as.VertexHost,
		"EMULATOR_ACCESS_TOKEN=" + as.AccessToken.Reveal(),
	}
}

// IDToken returns an OIDC token with which a service account authenticates to
// a service that expects this audience.
func (c *Cloud) IDToken(email, audience string) (string, error) {
	return c.IAM.SignJWT(email, map[string]any{"aud": audience})
}

// authorizeDatabase requires a permission on a database.
// Callers without a token, and the token "owner" that emulator clients send,
// have full access, as with Google's emulator.
func (c *Cloud) authorizeDatabase(ctx context.Context, permission, database string) error {
	incoming, _ := metadata.FromIncomingContext(ctx)
	if tokens := incoming.Get("authorization"); len(tokens) == 0 || tokens[0] == "Bearer owner" {
		return nil
	}
	caller, err := c.IAM.Caller(ctx)
	if err != nil {
		return err
	}
	if !c.IAM.Allowed(caller, permission, database) {
		return status.Error(codes.PermissionDenied, "Missing or insufficient permissions.")
	}
	return nil
}

func (c *Cloud) authorizePubSub(ctx context.Context, permission, resource string) error {
	caller, err := c.IAM.Caller(ctx)
	if err != nil {
		return err
	}
	if !c.IAM.Allowed(caller, permission, resource) {
		return status.Error(codes.PermissionDenied, "User not authorized to perform this action.")
	}
	return nil
}

// publishNotification publishes an event of a bucket if Cloud Storage's own
// account has the permission to publish to the topic.
func (c *Cloud) publishNotification(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	if !c.IAM.Allowed(StorageAgent, "pubsub.topics.publish", topicResource(topic)) {
		return fmt.Errorf("the storage agent may not publish to %s", topic)
	}
	return c.PubSub.Publish(ctx, topic, data, attributes)
}

// topicResource returns the name of a topic in IAM bindings.
func topicResource(topic string) string {
	if i := strings.LastIndex(topic, "topics/"); i >= 0 {
		return topic[i:]
	}
	return "topics/" + topic
}
