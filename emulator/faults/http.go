package faults

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
)

// Unavailable is a fault of HTTP requests: the proxy answers with status 503 and
// does not forward the request.
const Unavailable Fault = "unavailable"

// PreconditionFailed is a fault of HTTP requests: the proxy answers with status 412,
// as Cloud Storage does for an object that exists already, and does not forward the
// request.
const PreconditionFailed Fault = "precondition failed"

// HTTPConfig sets what an HTTPProxy does. The zero HTTPConfig forwards everything
// unchanged.
type HTTPConfig struct {
	// Fault chooses the fault of each request: None, Lost, ReplyLost,
	// Unavailable or PreconditionFailed. It is called concurrently. Nil means None.
	//
	// If the reply to a GET is lost, the connection breaks in the middle of the
	// response. For other methods, it breaks before the response.
	Fault func(*http.Request) Fault

	// Edit changes each response before the client sees it. It is called
	// concurrently. Nil means no changes.
	Edit func(*http.Response) error
}

// HTTPProxy is an HTTP proxy that makes requests fail. It is safe for concurrent
// use.
//
// One proxy can serve several servers. In JSON responses, it replaces their URLs
// with its own. So a client that follows such a URL, for example a signed
// upload URL, comes back through the proxy.
type HTTPProxy struct {
	config  HTTPConfig
	servers []string // URLs, without a trailing slash
	proxies []*httptest.Server
	urls    []string // of proxies
}

// NewHTTP starts a proxy in front of servers, which are URLs without a path.
func NewHTTP(config HTTPConfig, servers ...string) (*HTTPProxy, error) {
	p := &HTTPProxy{config: config, servers: servers}
	for _, server := range servers {
		target, err := url.Parse(server)
		if err != nil || target.Host == "" {
			return nil, errors.Join(fmt.Errorf("proxy %q: not a URL", server), err, p.Close())
		}
		forward := &httputil.ReverseProxy{
			Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
			ModifyResponse: p.edit,
			FlushInterval:  -1,
			ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
			ErrorLog:       log.New(io.Discard, "", 0),
		}
		proxy := httptest.NewUnstartedServer(p.handler(forward))
		proxy.Config.ErrorLog = log.New(io.Discard, "", 0)
		p.proxies = append(p.proxies, proxy)
		p.urls = append(p.urls, "http://"+proxy.Listener.Addr().String())
	}
	// A request can arrive as soon as a proxy starts, even one that is meant for an
	// earlier server at the same port, and it reads all URLs.
	for _, proxy := range p.proxies {
		proxy.Start()
	}
	return p, nil
}

// URL returns the proxy's URL for a server of NewHTTP, or "" for any other.
func (p *HTTPProxy) URL(server string) string {
	for i, s := range p.servers {
		if s == server {
			return p.urls[i]
		}
	}
	return ""
}

// Close stops the proxy. It waits for requests in progress.
func (p *HTTPProxy) Close() error {
	for _, proxy := range p.proxies {
		proxy.CloseClientConnections()
		proxy.Close()
	}
	return nil
}

func (p *HTTPProxy) handler(forward http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := None
		if p.config.Fault != nil {
			fault = p.config.Fault(r)
		}
		switch fault {
		case Lost:
			panic(http.ErrAbortHandler)
		case ReplyLost:
			if r.Method == http.MethodGet {
				forward.ServeHTTP(&breakingWriter{ResponseWriter: w}, r)
			} else {
				forward.ServeHTTP(httptest.NewRecorder(), r)
			}
			panic(http.ErrAbortHandler)
		case Unavailable:
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
		case PreconditionFailed:
			http.Error(w, "precondition failed", http.StatusPreconditionFailed)
		default:
			forward.ServeHTTP(w, r)
		}
	})
}

// edit replaces the servers' URLs in a JSON response, and then calls Edit. What a signed
// URL reads is an object, which stays as it is.
func (p *HTTPProxy) edit(res *http.Response) error {
	isObject := res.Request.URL.Query().Has("X-Goog-Signature")
	if strings.Contains(res.Header.Get("Content-Type"), "json") && !isObject {
		body, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return err
		}
		for i, server := range p.servers {
			body = bytes.ReplaceAll(body, []byte(server+"/"), []byte(p.urls[i]+"/"))
		}
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		res.Header.Set("Content-Length", fmt.Sprint(len(body)))
	}
	if p.config.Edit == nil {
		return nil
	}
	return p.config.Edit(res)
}

// breakingWriter writes half of the first bytes of a response, and then breaks
// the connection.
type breakingWriter struct{ http.ResponseWriter }

// Write implements io.Writer.
func (w *breakingWriter) Write(p []byte) (int, error) {
	_, _ = w.ResponseWriter.Write(p[:len(p)/2])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}
