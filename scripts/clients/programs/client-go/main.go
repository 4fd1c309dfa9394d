// Plays the scenarios with client-go and prints one JSON line for each, as ../shared/scenarios.mjs does.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applyv1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
)

type values = []any

type program struct {
	config    *rest.Config
	client    *kubernetes.Clientset
	namespace string
}

type scenario struct {
	name string
	play func(p *program, ctx context.Context) (any, error)
}

var scenarios = []scenario{
	{"who", (*program).who},
	{"get", (*program).get},
	{"pages", (*program).pages},
	{"change", (*program).change},
	{"apply", (*program).apply},
	{"watch", (*program).watch},
	{"informer", (*program).informer},
	{"secret", (*program).secret},
	{"labelled", (*program).labelled},
	{"protobuf", (*program).protobuf},
	{"large", (*program).large},
	{"logs", (*program).logs},
	{"exec", (*program).exec},
}

func main() {
	loading := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(loading, nil).ClientConfig()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	config.QPS = -1
	p := &program{config, kubernetes.NewForConfigOrDie(config), os.Getenv("CLIENT_NAMESPACE")}
	for _, one := range scenarios {
		limited, cancel := context.WithTimeout(context.Background(), 90*time.Second)
		line := map[string]any{"scenario": one.name}
		if result, err := one.play(p, limited); err != nil {
			line["error"] = err.Error()
		} else {
			line["result"] = result
		}
		cancel()
		text, _ := json.Marshal(line)
		fmt.Println(string(text))
	}
}

func configMap(name string, data map[string]string) *v1.ConfigMap {
	return &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
}

func refusal(err error) any {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return values{status.Status().Code, status.Status().Reason, status.Status().Message}
	}
	return fmt.Sprint(err)
}

func (p *program) who(ctx context.Context) (any, error) {
	reviews := p.client.AuthenticationV1().SelfSubjectReviews()
	review, err := reviews.Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return review.Status.UserInfo.Username, nil
}

func (p *program) get(ctx context.Context) (any, error) {
	pods, err := p.client.CoreV1().Pods(p.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	results := values{}
	for _, pod := range pods.Items {
		results = append(results, values{pod.Name, pod.Spec.Containers[0].Command, pod.Status.Phase})
	}
	return results, nil
}

func (p *program) pages(ctx context.Context) (any, error) {
	options := metav1.ListOptions{LabelSelector: "set=pages", Limit: 10}
	pages := values{}
	for {
		page, err := p.client.CoreV1().ConfigMaps(p.namespace).List(ctx, options)
		if err != nil {
			return nil, err
		}
		names := []string{}
		for _, one := range page.Items {
			names = append(names, one.Name)
		}
		pages = append(pages, names)
		if options.Continue = page.Continue; page.Continue == "" {
			return pages, nil
		}
	}
}

func (p *program) change(ctx context.Context) (any, error) {
	maps := p.client.CoreV1().ConfigMaps(p.namespace)
	made, err := maps.Create(ctx, configMap("made", map[string]string{"a": "1"}), metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	_, err = maps.Create(ctx, configMap("made", nil), metav1.CreateOptions{})
	results := values{made.Data, refusal(err)}
	patches := []struct {
		kind types.PatchType
		body string
	}{
		{types.StrategicMergePatchType, `{"data":{"b":"2"}}`},
		{types.MergePatchType, `{"data":{"a":null}}`},
		{types.JSONPatchType, `[{"op":"add","path":"/data/c","value":"3"}]`},
	}
	for _, patch := range patches {
		patched, err := maps.Patch(ctx, "made", patch.kind, []byte(patch.body), metav1.PatchOptions{})
		if err != nil {
			return nil, err
		}
		results = append(results, patched.Data)
	}
	found, err := maps.Get(ctx, "made", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	found.Data = map[string]string{"d": "4"}
	replaced, err := maps.Update(ctx, found, metav1.UpdateOptions{})
	if err != nil {
		return nil, err
	}
	_, err = maps.Update(ctx, found, metav1.UpdateOptions{})
	results = append(results, replaced.Data, apierrors.IsConflict(err))
	if err := maps.Delete(ctx, "made", metav1.DeleteOptions{}); err != nil {
		return nil, err
	}
	_, err = maps.Get(ctx, "made", metav1.GetOptions{})
	return append(results, refusal(err)), nil
}

func (p *program) apply(ctx context.Context) (any, error) {
	wanted := applyv1.ConfigMap("applied", p.namespace).WithData(map[string]string{"a": "1"})
	options := metav1.ApplyOptions{FieldManager: "matrix", Force: true}
	applied, err := p.client.CoreV1().ConfigMaps(p.namespace).Apply(ctx, wanted, options)
	if err != nil {
		return nil, err
	}
	return values{applied.Data, applied.ManagedFields[0].Manager, applied.ManagedFields[0].Operation}, nil
}

func (p *program) watch(ctx context.Context) (any, error) {
	maps := p.client.CoreV1().ConfigMaps(p.namespace)
	list, err := maps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	watching, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, AllowWatchBookmarks: true})
	if err != nil {
		return nil, err
	}
	defer watching.Stop()
	if _, err := maps.Create(ctx, configMap("watched", map[string]string{"n": "0"}), metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	for n := 1; n < 9; n++ {
		patch := fmt.Sprintf(`{"data":{"n":"%d"}}`, n)
		if _, err := maps.Patch(ctx, "watched", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			return nil, err
		}
	}
	if err := maps.Delete(ctx, "watched", metav1.DeleteOptions{}); err != nil {
		return nil, err
	}
	events := values{}
	for event := range watching.ResultChan() {
		if one, ok := event.Object.(*v1.ConfigMap); ok && event.Type != "BOOKMARK" {
			events = append(events, values{event.Type, one.Name, one.Data["n"]})
		}
		if event.Type == "DELETED" {
			return events, nil
		}
	}
	return nil, fmt.Errorf("the watch ended after %d events", len(events))
}

func (p *program) informer(ctx context.Context) (any, error) {
	stop := make(chan struct{})
	defer close(stop)
	factory := informers.NewSharedInformerFactoryWithOptions(p.client, 0, informers.WithNamespace(p.namespace))
	informer := factory.Core().V1().ConfigMaps().Informer()
	seen := make(chan string, 100)
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { seen <- "+" + object.(*v1.ConfigMap).Name },
		UpdateFunc: func(_, object any) {
			if one := object.(*v1.ConfigMap); one.Name == "informed" {
				seen <- "=" + one.Data["n"]
			}
		},
		DeleteFunc: func(object any) {
			if one, ok := object.(*v1.ConfigMap); ok {
				seen <- "-" + one.Name
			}
		},
	})
	if err != nil {
		return nil, err
	}
	factory.Start(stop)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, errors.New("not synced")
	}
	maps := p.client.CoreV1().ConfigMaps(p.namespace)
	if _, err := maps.Create(ctx, configMap("informed", map[string]string{"n": "0"}), metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	patch := []byte(`{"data":{"n":"1"}}`)
	if _, err := maps.Patch(ctx, "informed", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return nil, err
	}
	if err := maps.Delete(ctx, "informed", metav1.DeleteOptions{}); err != nil {
		return nil, err
	}
	added, own := []string{}, []string{}
	for {
		select {
		case what := <-seen:
			if strings.HasSuffix(what, "informed") || strings.HasPrefix(what, "=") {
				own = append(own, what)
			} else {
				added = append(added, what)
			}
			if what == "-informed" {
				sort.Strings(added)
				return values{added, own}, nil
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("seen only %v", own)
		}
	}
}

func (p *program) secret(ctx context.Context) (any, error) {
	one, err := p.client.CoreV1().Secrets(p.namespace).Get(ctx, "db", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	many, err := p.client.CoreV1().Secrets(p.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	results := values{texts(one.Data)}
	for _, each := range many.Items {
		results = append(results, values{each.Type, texts(each.Data)})
	}
	return results, nil
}

func texts(data map[string][]byte) map[string]string {
	all := map[string]string{}
	for key, value := range data {
		all[key] = string(value)
	}
	return all
}

func (p *program) labelled(ctx context.Context) (any, error) {
	found, err := p.client.CoreV1().ConfigMaps(p.namespace).Get(ctx, "settings", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return found.Data, nil
}

// protobuf asks for that first, as controllers do; where something is masked, JSON is what comes.
func (p *program) protobuf(ctx context.Context) (any, error) {
	config := rest.CopyConfig(p.config)
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	made, err := client.CoreV1().ConfigMaps(p.namespace).Create(
		ctx, configMap("by-protobuf", map[string]string{"a": "1"}), metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	pods, err := client.CoreV1().Pods(p.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	secret, err := client.CoreV1().Secrets(p.namespace).Get(ctx, "db", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return values{made.Data, len(pods.Items), texts(secret.Data)}, nil
}

func (p *program) large(ctx context.Context) (any, error) {
	maps := p.client.CoreV1().ConfigMaps(p.namespace)
	text := strings.Repeat("large and long. ", 43_000)
	if _, err := maps.Create(ctx, configMap("large", map[string]string{"text": text}), metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	found, err := maps.Get(ctx, "large", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return found.Data["text"] == text, nil
}

func (p *program) logs(ctx context.Context) (any, error) {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	options := &v1.PodLogOptions{Follow: true}
	following, err := p.client.CoreV1().Pods(p.namespace).GetLogs("web-1", options).Stream(limited)
	if err != nil {
		return nil, err
	}
	defer following.Close()
	lines := []string{}
	for scanner := bufio.NewScanner(following); scanner.Scan(); {
		lines = append(lines, scanner.Text())
		if scanner.Text() == "three" {
			break
		}
	}
	return lines, nil
}

func (p *program) exec(ctx context.Context) (any, error) {
	options := &v1.PodExecOptions{
		Container: "web",
		Command:   []string{"sh", "-c", "cat; echo err >&2; exit 3"},
		Stdin:     true,
		Stdout:    true,
		Stderr:    true,
	}
	request := p.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(p.namespace).Name("web-1").
		SubResource("exec").VersionedParams(options, scheme.ParameterCodec)
	results := values{}
	bySpdy, err := remotecommand.NewSPDYExecutor(p.config, "POST", request.URL())
	if err != nil {
		return nil, err
	}
	byWebSocket, err := remotecommand.NewWebSocketExecutor(p.config, "GET", request.URL().String())
	if err != nil {
		return nil, err
	}
	for _, executor := range []remotecommand.Executor{bySpdy, byWebSocket} {
		var stdout, stderr bytes.Buffer
		err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{
			Stdin:  strings.NewReader("in and out"),
			Stdout: &stdout,
			Stderr: &stderr,
		})
		var code exec.CodeExitError
		if !errors.As(err, &code) {
			return nil, fmt.Errorf("no exit code: %w", err)
		}
		results = append(results, values{stdout.String(), stderr.String(), code.Code})
	}
	return results, nil
}
