package outputs_test

import (
	"net/http"
	"testing"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/strongroom-dev/strongroom/emulator/suite"
)

func TestQuarantinedObjectIsNeverServed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("good")))
	f.Mint(t, f.run, partOf("mismatch.log", "text/plain", 4))
	for _, object := range []string{"mismatch.log/00001", "stdout.log/00002", "nogrant.log/00001"} {
		f.write(t, "prod/"+f.run+"/"+object, []byte("planted; not as granted"))
	}
	f.Cloud.Drain(t)
	f.report(t, "stdout.log", 1, "mismatch.log", 1)
	wantBody(t, f.read(t, "stdout.log", "").Want(t, http.StatusOK), []byte("good"))
	wantBody(t, f.read(t, "mismatch.log", "").Want(t, http.StatusOK), nil)
	f.read(t, "nogrant.log", "").Want(t, http.StatusNotFound)
	if got := f.list(t, "").states(); got["mismatch.log"] != "incomplete 0/1" || got["stdout.log"] != "complete 1/1" || len(got) != 2 {
		t.Errorf("the list has %v", got)
	}
}

// write puts an object into the tenant's bucket as an account with all permissions.
func (f fixture) write(t testing.TB, object string, data []byte) {
	t.Helper()
	config := f.Cloud.As(suite.OperatorAccount)
	client, err := storage.NewClient(t.Context(), option.WithEndpoint("http://"+config.StorageHost+"/storage/v1/"),
		option.WithHTTPClient(&http.Client{Transport: config.Transport()}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	w := client.Bucket(f.OutputsBucket).Object(object).NewWriter(t.Context())
	w.ContentType = "text/plain"
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
