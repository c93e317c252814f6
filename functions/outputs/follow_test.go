package outputs_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

func TestOutputIsFollowedWhileItGrows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := fill(3000)
	var got []byte
	next := func() cloudtest.Response {
		answer := f.read(t, "stdout.log", "", "Range", fmt.Sprintf("bytes=%d-", len(got)))
		if answer.Status == http.StatusPartialContent {
			got = append(got, answer.Body...)
		}
		return answer
	}
	for i := range 3 {
		f.put(t, part{"stdout.log", i + 1, whole[i*1000 : (i+1)*1000], false})
		wantHeader(t, next().Want(t, http.StatusPartialContent), "Strongroom-Output-State", "open")
		wantHeader(t, next().Want(t, http.StatusRequestedRangeNotSatisfiable), "Strongroom-Output-State", "open",
			"Content-Range", fmt.Sprintf("bytes */%d", len(got)))
	}
	f.report(t, "stdout.log", 3)
	wantHeader(t, next().Want(t, http.StatusRequestedRangeNotSatisfiable), "Strongroom-Output-State", "complete")
	wantBody(t, cloudtest.Response{Body: got}, whole)
}

func TestPartsThatComeOutOfOrderWaitForTheGap(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, part{"stdout.log", 3, []byte("three"), false}, part{"stdout.log", 1, []byte("one"), false})
	wantBody(t, f.read(t, "stdout.log", "").Want(t, http.StatusOK), []byte("one"))
	f.put(t, part{"stdout.log", 2, []byte("two"), false})
	wantBody(t, f.read(t, "stdout.log", "").Want(t, http.StatusOK), []byte("onetwothree"))
}
