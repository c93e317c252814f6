package official

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	startLimit = 90 * time.Second // until the emulator answers; Java starts slowly on a busy machine
	stopLimit  = 10 * time.Second // until a killed process has ended
)

// Process is a running emulator. It is safe for concurrent use.
type Process struct {
	host   string
	home   string // gcloud's configuration and the emulator's data; removed when the process ends
	output *tail
	cmd    *exec.Cmd
	kill   func() error
	ended  chan struct{} // closed when all processes have ended
}

// Host returns the emulator's address as host:port, the value for
// FIRESTORE_EMULATOR_HOST or PUBSUB_EMULATOR_HOST.
func (p *Process) Host() string { return p.host }

// Stop kills all processes of the emulator and waits until they have ended.
// Further calls do nothing.
func (p *Process) Stop() error {
	err := p.kill()
	<-p.ended
	return err
}

func start(ctx context.Context, args ...string) (*Process, error) {
	host, err := freePort()
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "strongroom-emulator-")
	if err != nil {
		return nil, fmt.Errorf("create the emulator's directory: %w", err)
	}
	p := &Process{host: host, home: home, output: &tail{}, ended: make(chan struct{})}
	if err := p.launch(ctx, args); err != nil {
		_ = os.RemoveAll(home)
		return nil, err
	}
	if err := p.await(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

func (p *Process) launch(ctx context.Context, args []string) error {
	cmd := exec.CommandContext(ctx, "gcloud", append(args, "--quiet", "--host-port="+p.host)...)
	// A separate configuration directory leaves the user's account and settings
	// alone, and two emulators do not share files.
	cmd.Env = append(os.Environ(),
		"CLOUDSDK_CONFIG="+p.home,
		"CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=1",
		"CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=1")
	cmd.Stdout, cmd.Stderr = p.output, p.output
	ownGroup(cmd)
	p.cmd = cmd
	p.kill = sync.OnceValue(func() error { return killGroup(cmd) })
	cmd.Cancel = p.kill
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start gcloud: %w", err)
	}
	go p.reap()
	return nil
}

// reap waits for gcloud and then for the port to close: Java is a child of gcloud,
// not of this process, and ends shortly after it.
func (p *Process) reap() {
	_ = p.cmd.Wait()
	_ = p.kill() // gcloud's children, if gcloud failed by itself
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	_ = poll(ctx, nil, func() bool { return !p.listens(ctx) })
	_ = os.RemoveAll(p.home)
	close(p.ended)
}

// await returns nil when the emulator answers HTTP requests. It returns an error if
// the emulator ends first or takes longer than startLimit.
func (p *Process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := poll(ctx, p.ended, func() bool { return p.answers(ctx) }); err != nil {
		return fmt.Errorf("wait for the emulator: %w; its last output:\n%s", err, p.output)
	}
	return nil
}

// poll calls done ten times a second until it returns true. It returns an error if
// ctx or the emulator ends first.
func poll(ctx context.Context, ended <-chan struct{}, done func() bool) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ended:
			return errors.New("the emulator ended by itself")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (p *Process) listens(ctx context.Context) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func (p *Process) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.host+"/", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// freePort finds a free port by opening and closing it.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
