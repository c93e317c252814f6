package command

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// exitDelay is how long the program may work after the second signal: to kill the task,
// and to record in the spool how it ended.
const exitDelay = time.Second

// runSignals handles the signals of the run command:
//   - While the task runs, the first signal is the task's. After that, it ends the upload.
//   - The second signal kills the task, ends the upload and, after exitDelay at the
//     latest, the program. What is not uploaded stays in the spool.
type runSignals struct {
	task   chan os.Signal // signals for the task
	cancel context.CancelCauseFunc

	received chan os.Signal
	stopped  chan struct{}

	mu    sync.Mutex
	ended bool // the task has ended
}

func newRunSignals(cancel context.CancelCauseFunc) *runSignals {
	s := &runSignals{
		task: make(chan os.Signal, 4), cancel: cancel, received: make(chan os.Signal, 4), stopped: make(chan struct{}),
	}
	signal.Notify(s.received, os.Interrupt, syscall.SIGTERM)
	go s.handle()
	return s
}

func (s *runSignals) handle() {
	for count := 1; ; count++ {
		select {
		case sig := <-s.received:
			s.forward(sig)
			if count > 1 {
				s.cancel(errInterrupted)
				time.AfterFunc(exitDelay, func() { os.Exit(signalCode(sig)) })
			}
		case <-s.stopped:
			return
		}
	}
}

// forward sends a signal to the task. If the task has ended, it ends the upload.
func (s *runSignals) forward(sig os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		s.cancel(errInterrupted)
		return
	}
	select {
	case s.task <- sig:
	default: // the task has enough of them
	}
}

func (s *runSignals) taskEnded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

func (s *runSignals) stop() {
	signal.Stop(s.received)
	close(s.stopped)
}
