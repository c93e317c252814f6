package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Config configures the console.
type Config struct {
	URL       string        `env:"STRONGROOM_CONSOLE_URL,required,notEmpty"` // origin of the console and the API, such as https://strongroom.dev
	Dir       string        `env:"STRONGROOM_CONSOLE_SIGN_IN"`               // folder with the sign-in settings; see client. Empty: nobody can sign in
	CookieKey secret.String `env:"STRONGROOM_CONSOLE_COOKIE_KEY"`            // seals the cookies, the same in all instances. Empty: nobody can sign in

	// LocalIssuers lets issuers have addresses that are not public. Law 9 refuses it
	// in production, by its name.
	LocalIssuers bool `env:"STRONGROOM_CONSOLE_EMULATOR"`
}

func (c Config) validate() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.TrimPrefix(c.URL, u.Scheme+"://") != u.Host {
		return errors.New("STRONGROOM_CONSOLE_URL is not an origin such as https://strongroom.dev")
	}
	return nil
}

// Handler serves the console. It is safe for concurrent use.
type Handler struct {
	http.Handler
	config  Config
	deps    function.Deps
	clients *clients
	issuers *issuers
	cookies cookies
}

// New returns the function. It makes no calls.
func New(_ context.Context, config Config, deps function.Deps) (*Handler, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	files, err := staticFiles()
	if err != nil {
		return nil, fmt.Errorf("read the console's files: %w", err)
	}
	connect := authn.PublicClient()
	if config.LocalIssuers {
		connect = &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	h := &Handler{
		config: config, deps: deps,
		clients: &clients{dir: config.Dir, now: deps.Now, local: config.LocalIssuers},
		issuers: &issuers{http: connect, now: deps.Now},
		cookies: cookies{key: config.CookieKey, now: deps.Now},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /console", files.shell)
	mux.HandleFunc("GET /console/assets/{file}", files.asset)
	mux.HandleFunc("GET /console/sign-in", h.signIn)
	mux.HandleFunc("GET /console/callback", h.callback)
	mux.HandleFunc("GET /console/command-line", h.signInOfCommandLine)
	mux.HandleFunc("POST /console/session", h.session)
	mux.HandleFunc("POST /console/sign-out", h.signOut)
	h.Handler = withoutSlash(api.Pages(mux, deps.Now, deps.Log))
	return h, nil
}

// withoutSlash serves the console at /console/ too, which people type. Every other path with
// an empty segment is refused.
func withoutSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path+"/" {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = path, ""
		}
		next.ServeHTTP(w, r)
	})
}

// path is where the console is, below the origin.
const path = "/console"

// respondProblem sends the problem of an error.
func respondProblem(w http.ResponseWriter, r *http.Request, err error) {
	api.Respond(w, api.ToProblem(r.Context(), err))
}
