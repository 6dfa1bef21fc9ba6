package rtctest

import (
	"context"
	"sync"
)

// OpenChannel opens one more data channel, and returns what closes when the server has
// closed it. It is for clients who have Message.
func (c *Client) OpenChannel(label string) (closed <-chan struct{}, err error) {
	dc, err := c.pc.CreateDataChannel(label, nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	dc.OnClose(sync.OnceFunc(cancel))
	return ctx.Done(), nil
}
