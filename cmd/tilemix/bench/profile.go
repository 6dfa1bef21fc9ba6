package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profile takes a CPU profile of the server for as long as it is measured, if the
// settings ask for it. What is received is whether that went well.
func profile(ctx context.Context, m *measurement) <-chan error {
	done := make(chan error, 1)
	if m.settings.Profile == "" || m.server.pprof == "" {
		done <- nil
		return done
	}
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", m.server.pprof, max(1, m.settings.Duration/time.Second))
	file := filepath.Join(m.settings.Profile, m.s.Name+".pprof")
	go func() { done <- download(ctx, url, file) }()
	return done
}

func download(ctx context.Context, url, file string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("profile the server: %w", err)
	}
	defer resp.Body.Close()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		_ = out.Close()
		return fmt.Errorf("profile the server: %w", err)
	}
	return out.Close()
}
