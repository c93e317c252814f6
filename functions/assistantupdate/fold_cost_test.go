package assistantupdate_test

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

// meterTraffic forwards connections to target, and counts the bytes that target
// returns.
func meterTraffic(t testing.TB, target string) (address string, received *atomic.Int64) {
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

// byteCounter counts the bytes that are written to it.
type byteCounter struct{ n *atomic.Int64 }

func (c byteCounter) Write(b []byte) (int, error) {
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
	io.Copy(near, io.TeeReader(far, byteCounter{received}))
}

// A fold reads the issues that its runs saw without their texts, and Firestore bills
// at most one read for each.
func TestAFoldDoesNotReadTheTextsOfSeenIssues(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	if c.Firestore == nil {
		t.Skip("only the embedded Firestore counts")
	}
	config := c.As(suite.OperatorAccount)
	address, received := meterTraffic(t, config.FirestoreHost)
	config.FirestoreHost = address
	w := newFixtureFor(t, c.Tenant(t), config)
	const known, fresh = 35, 35
	long := runAt(0, run.Error, fingerprints(0, known)...)
	for i := range long.findings {
		long.findings[i].line = `"title":"t","details":"` + strings.Repeat("0123456789abcdef", 4<<10-8) + `"`
	}
	w.storeAndDeliver(t, long)
	r := runAt(1, run.Error, fingerprints(0, known+fresh)...)
	w.storeReports(t, r)
	bytes, reads := received.Load(), c.Firestore.Counts().Reads
	w.deliver(t, r)
	bytes, reads = received.Load()-bytes, c.Firestore.Counts().Reads-reads
	t.Logf("%d bytes, %d reads", bytes, reads)
	if texts := int64(known * 64 << 10); bytes > texts/4 {
		t.Errorf("the fold read %d bytes; the texts have %d", bytes, texts)
	}
	// Each sighting twice, and each existing issue once. The others are the run, the
	// check, and documents that do not exist.
	if most := int64(2*(known+fresh) + known + 12); reads > most {
		t.Errorf("the fold read %d documents, want at most %d", reads, most)
	}
}
