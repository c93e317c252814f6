package assistant_test

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// meter passes connections on to target, and counts what comes back.
func meter(t testing.TB, target string) (address string, received *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	received = &atomic.Int64{}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go join(near, target, received)
		}
	}()
	return l.Addr().String(), received
}

// counter counts what is written to it.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}

func join(near net.Conn, target string, received *atomic.Int64) {
	defer near.Close()
	far, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer far.Close()
	go io.Copy(far, near)
	io.Copy(near, io.TeeReader(far, counter{received}))
}

// A fold reads of the issues that its runs saw what it needs, which is not their
// texts, and Firestore bills it no more than one read for each.
func TestAFoldDoesNotReadTheTextsOfWhatItsRunsSaw(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	if c.Firestore == nil {
		t.Skip("only the embedded Firestore counts")
	}
	config := c.As(suite.OperatorAccount)
	address, received := meter(t, config.FirestoreHost)
	config.FirestoreHost = address
	w := newWorldOf(t, c.Tenant(t), config)
	const known, fresh = 35, 35
	long := at(0, run.Error, many(0, known)...)
	for i := range long.found {
		long.found[i].line = `"title":"t","details":"` + strings.Repeat("0123456789abcdef", 4<<10-8) + `"`
	}
	w.reportAndDeliver(t, long)
	r := at(1, run.Error, many(0, known+fresh)...)
	w.report(t, r)
	bytes, reads := received.Load(), c.Firestore.Counts().Reads
	w.deliver(t, r)
	bytes, reads = received.Load()-bytes, c.Firestore.Counts().Reads-reads
	t.Logf("%d bytes, %d reads", bytes, reads)
	if texts := int64(known * 64 << 10); bytes > texts/4 {
		t.Errorf("%d bytes are read, of texts of %d", bytes, texts)
	}
	// Each sighting twice, each issue that exists once; the run, the check, and
	// what is asked for and not there.
	if most := int64(2*(known+fresh) + known + 12); reads > most {
		t.Errorf("%d documents are read, more than %d", reads, most)
	}
}
