package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"tilemix/signaling"
	"tilemix/signaling/cluster/detour"
	"tilemix/signaling/cluster/directory"
)

// quitting (2 s) is how long requests of other nodes may take to end once the server stops.
const quitting = 2 * time.Second

// serve answers requests of other nodes until ctx ends. Only nodes with the cluster's key connect.
func (s *spread) serve(ctx context.Context) error {
	listener := s.cluster.cfg.Listener
	server := &http.Server{
		Handler: http.HandlerFunc(s.inside), MaxHeaderBytes: maxHeaders, ReadHeaderTimeout: header, IdleTimeout: spare,
		WriteTimeout: answer, ErrorLog: slog.NewLogLogger(s.cluster.log.Handler(), slog.LevelDebug),
	}
	defer s.wire.CloseIdleConnections()
	ended := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(ended)
		last, cancel := context.WithTimeout(context.Background(), quitting)
		defer cancel()
		if server.Shutdown(last) != nil {
			_ = server.Close()
		}
	})()
	err := server.Serve(tls.NewListener(listener, s.secure))
	if ctx.Err() != nil {
		<-ended
		return nil
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// inside serves a request of another node. It is never handed on: if the room is elsewhere, the other node
// learns where, so that requests cannot go round.
func (s *spread) inside(w http.ResponseWriter, r *http.Request) {
	if s.cluster.books.serve(w, r) || s.gatherer.serve(w, r) {
		return
	}
	r, ok := signaling.Config{}.FromNode(r)
	if !ok {
		http.Error(w, "this address is for nodes of the cluster", http.StatusForbidden)
		return
	}
	if detour.Of(r.Context()).Relayed() { // it is about no room of this node, or begins none
		s.site.ServeHTTP(w, r)
		return
	}
	room, opens := target(r)
	home, gone := s.cluster.mover.to(room)
	if opens && (gone || !s.cluster.cfg.Has(room)) {
		var err error
		if !gone {
			home, err = s.cluster.find(r.Context(), room, opens, directory.Node{})
		}
		if err != nil {
			refuse(w, err)
			return
		}
		if home != s.cluster.cfg.ID {
			w.Header().Set(elsewhere, home)
			w.WriteHeader(http.StatusMisdirectedRequest)
			return
		}
	}
	s.site.ServeHTTP(w, r)
}

// watch probes the silent nodes that answer requests now, so that their clients come back in time.
func (s *spread) watch(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.links {
		if node, ok := s.cluster.roster.node(id, now); ok && node.State == directory.Silent && !s.tried[id] {
			s.tried[id] = true
			go func() {
				s.probe(node.ID, node.Run)
				s.mu.Lock()
				delete(s.tried, id)
				s.mu.Unlock()
			}()
		}
	}
}
