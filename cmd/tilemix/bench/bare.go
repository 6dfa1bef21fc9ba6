package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"tilemix/cmd/tilemix/bench/bare"
)

// Bare is the command that serves the bare exchange, which bench starts.
type Bare struct{}

const bareServes = "bare exchange on "

// Run serves WHIP until SIGTERM. The media of the client named "source" goes to all others.
func (*Bare) Run(app *kong.Kong) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exchange, err := bare.NewExchange()
	if err != nil {
		return err
	}
	defer exchange.Close()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: answering(exchange)}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Fprintf(app.Stdout, "%shttp://%s\n", bareServes, listener.Addr())
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

func answering(exchange *bare.Exchange) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offer, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := exchange.Answer(r.Context(), string(offer), r.URL.Query().Get("name") == sourceName)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer)
	})
}
