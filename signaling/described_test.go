package signaling_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"tilemix/signaling/openapi"
)

// description is the OpenAPI description of the server, which it checks when it is first needed.
var description = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	doc.Servers = nil // any
	return gorillamux.NewRouter(doc)
})

// described fails the test unless an answer of the API in JSON is as the description says.
func described(t testing.TB, r reply) {
	t.Helper()
	note(r.body)
	if !strings.HasPrefix(r.Request.URL.Path, "/api/") && r.StatusCode < 400 || r.Request.Method == http.MethodHead {
		return
	}
	if kind := r.Header.Get("Content-Type"); kind != "" && !strings.HasPrefix(kind, "application/json") {
		return
	}
	router, err := description()
	if err != nil {
		t.Fatal(err)
	}
	route, params, err := router.FindRoute(r.Request)
	if err != nil {
		return // the server has no such address
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r.Request, PathParams: params, Route: route},
		Status:                 r.StatusCode, Header: r.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	in.SetBodyBytes([]byte(r.body))
	if err := openapi3filter.ValidateResponse(t.Context(), in); err != nil {
		t.Errorf("%s %s is answered %s %s: %v", r.Request.Method, r.Request.URL.Path, r.Status, r.body, err)
	}
}
