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
		response := f.read(t, "stdout.log", "", "Range", fmt.Sprintf("bytes=%d-", len(got)))
		if response.Status == http.StatusPartialContent {
			got = append(got, response.Body...)
		}
		return response
	}
	for i := range 3 {
		f.put(t, counted("stdout.log", i+1, whole[i*1000:(i+1)*1000]))
		wantHeader(t, next().Want(t, http.StatusPartialContent), "Strongroom-Output-State", "open")
		wantHeader(t, next().Want(t, http.StatusRequestedRangeNotSatisfiable), "Strongroom-Output-State", "open",
			"Content-Range", fmt.Sprintf("bytes */%d", len(got)))
	}
	f.report(t, "stdout.log", 3)
	wantHeader(t, next().Want(t, http.StatusRequestedRangeNotSatisfiable), "Strongroom-Output-State", "complete")
	wantBody(t, cloudtest.Response{Body: got}, whole)
}

func TestPartsAfterAGapWaitForTheMissingPart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 3, []byte("three")), counted("stdout.log", 1, []byte("one")))
	wantBody(t, f.read(t, "stdout.log", "").Want(t, http.StatusOK), []byte("one"))
	f.put(t, counted("stdout.log", 2, []byte("two")))
	wantBody(t, f.read(t, "stdout.log", "").Want(t, http.StatusOK), []byte("onetwothree"))
}
