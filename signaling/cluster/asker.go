package cluster

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"tilemix/signaling/cluster/directory"
)

// maxAnswer (32 MiB) bounds what another node answers with a list, or with what it keeps of a room.
const maxAnswer = 32 << 20

// asker asks other nodes by HTTPS. It is safe for concurrent use.
type asker struct{ wire http.RoundTripper }

// get asks a node for a path. The header becomes the request's.
func (a asker) get(ctx context.Context, n directory.Node, path string, header http.Header) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+n.Inside+path, nil)
	if err != nil {
		return 0, nil, err
	}
	r.Header = header
	answer, err := a.wire.RoundTrip(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if len(body) > maxAnswer {
		err = fmt.Errorf("more than %d bytes", maxAnswer)
	}
	return answer.StatusCode, body, err
}
