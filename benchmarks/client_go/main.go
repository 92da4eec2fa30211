// The peer of the agent: client-go's informers on what the agent watches, and nothing else.
//
//	informer AGENT_ID < /dev/null-that-stays-open
//
// Prints a JSON line when all is known ({"synced": seconds since the start}), then one for each change
// of a Deployment ({"namespace": ..., "generation": ..., "at": nanoseconds since 1970}), and ends with its standard input.
package main

import (
	"encoding/json"
	"io"
	"os"
	"time"

	apps "k8s.io/api/apps/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	began := time.Now()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		panic(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	ours := "berth.dev/agent-id=" + os.Args[1]
	labelled := informers.WithTweakListOptions(func(o *meta.ListOptions) { o.LabelSelector = ours })
	warnings := informers.WithTweakListOptions(func(o *meta.ListOptions) { o.FieldSelector = "type=Warning" })
	everywhere := informers.NewSharedInformerFactoryWithOptions(client, 0, labelled)
	own := informers.NewSharedInformerFactoryWithOptions(client, 0, labelled, informers.WithNamespace("berth"))
	events := informers.NewSharedInformerFactoryWithOptions(client, 0, warnings)
	everywhere.Core().V1().Namespaces().Informer()
	everywhere.Core().V1().Pods().Informer()
	own.Core().V1().ConfigMaps().Informer()
	events.Core().V1().Events().Informer()
	deployments := everywhere.Apps().V1().Deployments().Informer()
	told := json.NewEncoder(os.Stdout)
	stop := make(chan struct{})
	factories := []informers.SharedInformerFactory{everywhere, own, events}
	for _, factory := range factories {
		factory.Start(stop)
	}
	for _, factory := range factories {
		factory.WaitForCacheSync(stop)
	}
	told.Encode(map[string]any{"synced": time.Since(began).Seconds()})
	deployments.AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, now any) {
			at, changed := time.Now().UnixNano(), now.(*apps.Deployment)
			told.Encode(map[string]any{"namespace": changed.Namespace, "generation": changed.Generation, "at": at})
		},
	})
	io.Copy(io.Discard, os.Stdin)
	close(stop)
}
