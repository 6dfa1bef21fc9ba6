package udp

import (
	"sync"
	"time"

	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"
)

// interfacesFor (1 s) is how long the list of the machine's interfaces is used.
const interfacesFor = time.Second

// Network is the machine's network for pion, which asks the kernel for all interfaces for each
// connection that it makes. Network asks at most once in interfacesFor, because each stranger who
// can send an offer has a connection made. It is safe for concurrent use.
type Network struct {
	stdnet.Net // what has nothing to do with interfaces

	mu   sync.Mutex // guards the next two
	list *stdnet.Net
	read time.Time
}

// Interfaces returns the machine's interfaces. The caller must not change them. It fails where the
// kernel does not list them.
func (n *Network) Interfaces() ([]*transport.Interface, error) {
	list, err := n.now()
	if err != nil {
		return nil, err
	}
	return list.Interfaces()
}

// InterfaceByIndex returns the interface of an index. Errors are those of Interfaces, or say that
// there is none.
func (n *Network) InterfaceByIndex(index int) (*transport.Interface, error) {
	list, err := n.now()
	if err != nil {
		return nil, err
	}
	return list.InterfaceByIndex(index)
}

// InterfaceByName returns the interface of a name. Errors are those of InterfaceByIndex.
func (n *Network) InterfaceByName(name string) (*transport.Interface, error) {
	list, err := n.now()
	if err != nil {
		return nil, err
	}
	return list.InterfaceByName(name)
}

func (n *Network) now() (*stdnet.Net, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.list == nil || time.Since(n.read) >= interfacesFor {
		list, err := stdnet.NewNet()
		if err != nil {
			return nil, err
		}
		n.list, n.read = list, time.Now()
	}
	return n.list, nil
}
