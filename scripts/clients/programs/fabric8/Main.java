// Plays the scenarios with fabric8's client and prints one JSON line for each, as ../shared/scenarios.mjs does.

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ConfigMapList;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.authentication.SelfSubjectReviewBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

public class Main {
  static final String NAMESPACE = System.getenv("CLIENT_NAMESPACE");
  static final KubernetesClient client = connect();

  /** It knows no `tls-server-name`. */
  static KubernetesClient connect() {
    String byPath = System.getenv("CLIENT_KUBECONFIG_BY_PATH");
    File file = new File(byPath == null ? System.getenv("KUBECONFIG") : byPath);
    return new KubernetesClientBuilder().withConfig(Config.fromKubeconfig(file)).build();
  }

  public static void main(String[] args) {
    play("who", Main::who);
    play("get", Main::get);
    play("list", Main::list);
    play("pages", Main::pages);
    play("change", Main::change);
    play("apply", Main::apply);
    play("watch", Main::watch);
    play("informer", Main::informer);
    play("secret", Main::secret);
    play("labelled", () -> new TreeMap<>(map("settings").getData()));
    play("large", Main::large);
    play("logs", () -> client.pods().inNamespace(NAMESPACE).withName("web-1").getLog());
    play("exec", Main::exec);
    System.exit(0);
  }

  static void play(String scenario, Callable<Object> what) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("scenario", scenario);
    try {
      line.put("result", what.call());
    } catch (Exception error) {
      line.put("error", error.getClass().getSimpleName() + ": " + error.getMessage());
    }
    System.out.println(Serialization.asJson(line));
  }

  static ConfigMap map(String name) {
    return client.configMaps().inNamespace(NAMESPACE).withName(name).get();
  }

  static ConfigMap make(String name, Map<String, String> data) {
    ConfigMap wanted = new ConfigMapBuilder().withNewMetadata().withName(name).endMetadata().withData(data).build();
    return client.configMaps().inNamespace(NAMESPACE).resource(wanted).create();
  }

  static Object refusal(Runnable what) {
    try {
      what.run();
      return "no error";
    } catch (KubernetesClientException error) {
      return List.of(error.getCode(), String.valueOf(error.getStatus() == null ? null : error.getStatus().getReason()));
    }
  }

  static Object who() {
    return client.resource(new SelfSubjectReviewBuilder().build()).create().getStatus().getUserInfo().getUsername();
  }

  static Object get() {
    ConfigMap found = map("settings");
    return List.of(found.getData().get("colour"), found.getMetadata().getLabels());
  }

  static Object list() {
    List<Object> pods = new ArrayList<>();
    client.pods().inNamespace(NAMESPACE).list().getItems().forEach(pod ->
        pods.add(List.of(pod.getMetadata().getName(), pod.getStatus().getPhase())));
    return pods;
  }

  static Object pages() {
    List<Object> pages = new ArrayList<>();
    String mark = null;
    do {
      ConfigMapList page = client.configMaps().inNamespace(NAMESPACE).withLabel("set", "pages")
          .list(new ListOptionsBuilder().withLimit(10L).withContinue(mark).build());
      pages.add(page.getItems().stream().map(one -> one.getData().get("page")).toList());
      mark = page.getMetadata().getContinue();
    } while (mark != null && !mark.isEmpty());
    return pages;
  }

  static Object change() {
    List<Object> results = new ArrayList<>();
    var made = client.configMaps().inNamespace(NAMESPACE).withName("made");
    results.add(make("made", Map.of("a", "1")).getData());
    results.add(refusal(() -> make("made", Map.of("a", "1"))));
    results.add(made.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"b\":\"2\"}}").getData());
    results.add(made.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"a\":null}}").getData());
    String patch = "[{\"op\":\"add\",\"path\":\"/data/c\",\"value\":\"3\"}]";
    results.add(made.patch(PatchContext.of(PatchType.JSON), patch).getData());
    ConfigMap found = made.get();
    ConfigMap wanted = new ConfigMapBuilder(found).withData(Map.of("d", "4")).build();
    results.add(client.resource(wanted).update().getData());
    results.add(refusal(() -> client.resource(wanted).update()));
    made.delete();
    results.add(made.get() == null);
    return results;
  }

  static Object apply() {
    ConfigMap wanted = new ConfigMapBuilder().withNewMetadata().withName("applied").withNamespace(NAMESPACE).endMetadata()
        .withData(Map.of("a", "1")).build();
    return client.resource(wanted).fieldManager("matrix").forceConflicts().serverSideApply().getData();
  }

  static Object watch() throws Exception {
    List<Object> events = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch ended = new CountDownLatch(1);
    Watcher<ConfigMap> watcher = new Watcher<>() {
      @Override
      public void eventReceived(Action action, ConfigMap one) {
        events.add(List.of(action.name(), one.getData().get("n")));
        if (action == Action.DELETED) ended.countDown();
      }

      @Override
      public void onClose(WatcherException cause) {
        ended.countDown();
      }
    };
    var watched = client.configMaps().inNamespace(NAMESPACE).withName("watched");
    make("watched", Map.of("n", "0"));
    try (Watch watch = watched.watch(watcher)) {
      for (int n = 1; n < 9; n++)
        watched.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"n\":\"" + n + "\"}}");
      watched.delete();
      if (!ended.await(60, TimeUnit.SECONDS)) throw new IllegalStateException("only " + events);
    }
    return events;
  }

  static Object informer() throws Exception {
    List<String> seen = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch all = new CountDownLatch(25);
    SharedIndexInformer<ConfigMap> informer =
        client.configMaps().inNamespace(NAMESPACE).withLabel("set", "pages").inform(new ResourceEventHandler<>() {
          @Override
          public void onAdd(ConfigMap one) {
            seen.add(one.getMetadata().getName());
            all.countDown();
          }

          @Override
          public void onUpdate(ConfigMap before, ConfigMap after) {}

          @Override
          public void onDelete(ConfigMap one, boolean unknown) {}
        });
    if (!all.await(30, TimeUnit.SECONDS)) throw new IllegalStateException("only " + seen);
    informer.stop();
    Collections.sort(seen);
    return seen;
  }

  static Object secret() {
    List<Object> results = new ArrayList<>();
    results.add(decoded(client.secrets().inNamespace(NAMESPACE).withName("db").get()));
    client.secrets().inNamespace(NAMESPACE).list().getItems().forEach(one -> results.add(decoded(one)));
    return results;
  }

  static Map<String, String> decoded(Secret secret) {
    Map<String, String> values = new TreeMap<>();
    secret.getData().forEach((key, value) -> values.put(key, new String(Base64.getDecoder().decode(value))));
    return values;
  }

  static Object large() {
    String text = "large and long. ".repeat(43_000);
    make("large", Map.of("text", text));
    return map("large").getData().get("text").equals(text);
  }

  static Object exec() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try (ExecWatch exec = client.pods().inNamespace(NAMESPACE).withName("web-1").writingOutput(out).writingError(err)
        .exec("sh", "-c", "echo out; echo err >&2; exit 3")) {
      return List.of(exec.exitCode().get(30, TimeUnit.SECONDS), out.toString(), err.toString());
    }
  }
}
