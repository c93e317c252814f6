package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
)

type greetRequest struct {
	Name string `path:"assistant" class:"operational"`
}

type greetResponse struct {
	Body struct {
		Text string `json:"text" class:"operational"`
	}
}

// A handler returns a value or an error. Only the text of a Problem reaches the
// client.
func ExampleRegister() {
	a := api.New("greetings", time.Now, slog.New(slog.DiscardHandler))
	op := huma.Operation{OperationID: "greet", Method: http.MethodGet, Path: "/v1/greetings/{assistant}"}
	api.Register(a, op, func(_ context.Context, in *greetRequest) (*greetResponse, error) {
		switch in.Name {
		case "nobody":
			return nil, api.Refuse(http.StatusNotFound, "there is nobody to greet; use another name")
		case "database":
			return nil, fmt.Errorf("read greeting: connection to 10.0.0.1 refused")
		}
		out := &greetResponse{}
		out.Body.Text = "Hello " + in.Name
		return out, nil
	})
	for _, name := range []string{"Ada", "nobody", "database"} {
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/greetings/"+name, nil))
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 200 {"text":"Hello Ada"}
	// 404 {"title":"Not Found","status":404,"code":"not-found","detail":"there is nobody to greet; use another name"}
	// 500 {"title":"Internal Server Error","status":500,"code":"internal","detail":"internal error; it has been logged"}
}
