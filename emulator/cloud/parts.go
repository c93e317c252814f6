package cloud

import (
	"context"
	"net"
	"net/http"
	"path"
	"strings"

	"google.golang.org/grpc"

	"github.com/strongroom-dev/strongroom/emulator/firestore"
	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/oidc"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
)

// issuerPath is the path of the OIDC issuer below URL.
const issuerPath = "/emulator/oidc"

// listen opens the address first, because the issuer's name contains it.
func (c *Cloud) listen(context.Context) error {
	listener, err := listen(c.options.Addr)
	if err != nil {
		return err
	}
	c.URL = "http://" + reachable(listener.Addr().String())
	c.serve(listener, http.HandlerFunc(c.serveURL))
	return nil
}

// reachable returns the address at which this machine reaches a listener, because
// one that listens on all interfaces has no address that clients can use.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return addr
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// serveURL does not use a ServeMux for all paths: a mux redirects paths with
// empty or dotted segments, and the handler must receive them unchanged.
func (c *Cloud) serveURL(w http.ResponseWriter, r *http.Request) {
	handler := c.handler.Load()
	switch {
	case handler == nil:
		unavailable(w, r)
	case strings.HasPrefix(r.URL.Path, issuerPath+"/") && path.Clean(r.URL.Path) == r.URL.Path:
		http.StripPrefix(issuerPath, c.Issuer.Handler()).ServeHTTP(w, r)
	default:
		(*handler).ServeHTTP(w, r)
	}
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "nothing is served here yet", http.StatusServiceUnavailable)
}

func (c *Cloud) startIdentity(context.Context) (err error) {
	if c.IAM, err = iam.New(iam.Config{ProjectID: c.ProjectID, Clock: c.Clock, Dir: c.dir("iam")}); err != nil {
		return err
	}
	c.Issuer, err = oidc.New(oidc.Config{Issuer: c.URL + issuerPath, Clock: c.Clock, Dir: c.dir("oidc")})
	if err != nil {
		return err
	}
	operator := Account(c.ProjectID, OperatorID)
	for _, email := range []string{operator, StorageAgent} {
		if err := c.IAM.CreateServiceAccount(email); err != nil {
			return err
		}
	}
	return c.IAM.Bind(iam.Binding{Member: operator, Role: "roles/owner", Resource: "projects/" + c.ProjectID})
}

func (c *Cloud) startStores(context.Context) (err error) {
	if c.KMS, err = kms.New(kms.Config{Clock: c.Clock, IAM: c.IAM, Dir: c.dir("kms")}); err != nil {
		return err
	}
	if c.options.FirestoreHost != "" {
		return nil
	}
	c.Firestore, err = firestore.New(firestore.Config{Clock: c.Clock, Dir: c.dir("firestore"), Authorize: c.authorizeDatabase})
	if err != nil {
		return err
	}
	c.onClose(c.Firestore.Close)
	return nil
}

func (c *Cloud) startMessages(ctx context.Context) (err error) {
	c.PubSub, err = pubsub.New(context.WithoutCancel(ctx), pubsub.Config{
		ProjectID: c.ProjectID,
		Clock:     c.Clock,
		Host:      c.options.PubSubHost,
		Log:       c.options.Log,
		Redeliver: c.options.Redeliver,
		IDToken:   c.IDToken,
		Authorize: c.authorizePubSub,
	})
	if err != nil {
		return err
	}
	c.onClose(c.PubSub.Close)
	c.hosts.PubSubHost = c.PubSub.Addr()
	return nil
}

func (c *Cloud) startObjects(context.Context) (err error) {
	c.GCS, err = gcs.New(gcs.Config{
		Clock:        c.Clock,
		IAM:          c.IAM,
		KMS:          c.KMS,
		Dir:          c.dir("gcs"),
		ServiceAgent: StorageAgent,
		Publish:      c.publishNotification,
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

func (c *Cloud) startModels(context.Context) error {
	c.Vertex = vertex.New(c.IAM)
	listener, err := listen("")
	if err != nil {
		return err
	}
	c.serve(listener, c.Vertex)
	c.hosts.VertexHost = listener.Addr().String()
	return nil
}

// serveGRPC serves all parts that speak gRPC at one address.
func (c *Cloud) serveGRPC(context.Context) error {
	listener, err := listen("")
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(firestore.MaxRequestBytes+1<<20), grpc.MaxSendMsgSize(64<<20))
	if c.Firestore != nil {
		c.Firestore.Register(server)
	}
	c.KMS.Register(server)
	c.IAM.RegisterCredentials(server)
	go func() { _ = server.Serve(listener) }()
	c.onClose(func() error { server.Stop(); return nil })
	addr := listener.Addr().String()
	c.hosts.FirestoreHost, c.hosts.KMSHost, c.hosts.IAMCredentialsHost = addr, addr, addr
	if c.options.FirestoreHost != "" {
		c.hosts.FirestoreHost = c.options.FirestoreHost
	}
	return nil
}
