package api_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/api"
)

type place struct {
	At int64  `json:"at"`
	ID string `json:"id"`
}

func TestAPageTokenIsGoodForItsQuestionOnly(t *testing.T) {
	t.Parallel()
	want := place{7, "a"}
	good := api.Token(want, "question")
	if got, err := api.ParseToken[place](good, "question"); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := api.ParseToken[place]("", "question"); err != nil || got != (place{}) {
		t.Errorf("without a token: %+v, %v", got, err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	for name, test := range map[string]struct{ token, key string }{
		"another question":        {good, "question?"},
		"a token that was cut":    {good[:len(good)-4], "question"},
		"one that is no base64":   {"%", "question"},
		"one that is no JSON":     {encode([]byte("x")), "question"},
		"one without a question":  {encode([]byte(`{"p":{"at":7,"id":"a"}}`)), "question"},
		"one with something more": {encode([]byte(`{"p":{"at":7,"id":"a"},"k":"","x":1}`)), "question"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := api.ParseToken[place](test.token, test.key)
			var p *api.Problem
			if !errors.As(err, &p) || p.Status != http.StatusBadRequest || got != (place{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
