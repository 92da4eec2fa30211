// Command coredns is CoreDNS reduced to the plugins that the one-node cluster's Corefile names.
// The full server compiles the clients of three cloud providers; this one takes seconds.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
)

// A request passes the plugins in this order, whatever order the Corefile has.
func init() {
	dnsserver.Directives = []string{
		"bind", "reload", "health", "ready", "errors", "log", "cache", "hosts", "kubernetes",
	}
}

func main() { coremain.Run() }
