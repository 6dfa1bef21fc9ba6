package signaling

import (
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/signaling/cluster/directory"
)

// nodes serves what is known of a cluster. It is safe for concurrent use.
type nodes struct {
	all func() []directory.Node // nil: there is no cluster
}

// listedNode is a node as the API shows it.
type listedNode struct {
	directory.Node
	Silence float64 `json:"silence"` // s since its last beat
}

func (n *nodes) list(c echo.Context) error {
	listed := []listedNode{}
	for _, node := range n.all() {
		if node.Rooms == nil {
			node.Rooms = []directory.Room{}
		}
		listed = append(listed, listedNode{node, node.Age.Round(time.Millisecond).Seconds()})
	}
	return paged(c, "nodes", listed, func(l listedNode) string { return l.ID })
}
