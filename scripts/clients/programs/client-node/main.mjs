import { createHash, randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import * as k8s from "@kubernetes/client-node";
import { runScenarios } from "../shared/scenarios.mjs";

const namespace = process.env.CLIENT_NAMESPACE;
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const authentication = config.makeApiClient(k8s.AuthenticationV1Api);
const decoded = (data) =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
const code = async (promise) => {
  try {
    await promise;
    return "no error";
  } catch (error) {
    const { reason, message } = JSON.parse(error.body ?? "{}");
    return { code: error.code, reason, message };
  }
};
const configMap = (name, data) => ({ namespace, body: { metadata: { name }, data } });
const patchAs = (type) => k8s.setHeaderOptions("Content-Type", type);

function sink() {
  const chunks = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

async function exec(command) {
  const [out, err] = [sink(), sink()];
  const status = await new Promise((resolve, reject) => {
    new k8s.Exec(config)
      .exec(namespace, "web-1", "web", command, out.stream, err.stream, null, false, resolve)
      .catch(reject);
  });
  return { out: out.text(), err: err.text(), status: status.status, causes: status.details?.causes ?? [] };
}

// what is no longer wanted ends so: the library leaves it to nobody
process.on("uncaughtException", (error) => {
  if (error.name !== "AbortError") throw error;
});

await runScenarios({
  who: async () => {
    const { status } = await authentication.createSelfSubjectReview({ body: {} });
    return status.userInfo.username;
  },
  get: async () => {
    const { data, metadata } = await core.readNamespacedConfigMap({ namespace, name: "settings" });
    return [data.colour, metadata.labels];
  },
  list: async () => {
    const pods = await core.listNamespacedPod({ namespace });
    return pods.items.map(({ metadata, spec, status }) => [metadata.name, spec.containers[0].command, status.phase]);
  },
  pages: async () => {
    const pages = [];
    let _continue;
    do {
      const page = await core.listNamespacedConfigMap({ namespace, labelSelector: "set=pages", limit: 10, _continue });
      pages.push(page.items.map(({ data }) => data.page));
      ({ _continue } = page.metadata);
    } while (_continue);
    return pages;
  },
  change: async () => {
    const made = await core.createNamespacedConfigMap(configMap("made", { a: "1" }));
    const results = [made.data];
    results.push(await code(core.createNamespacedConfigMap(configMap("made", { a: "1" }))));
    const named = { name: "made", namespace };
    const patches = [
      [k8s.PatchStrategy.StrategicMergePatch, { data: { b: "2" } }],
      [k8s.PatchStrategy.MergePatch, { data: { a: null } }],
      [k8s.PatchStrategy.JsonPatch, [{ op: "add", path: "/data/c", value: "3" }]],
    ];
    for (const [type, body] of patches)
      results.push((await core.patchNamespacedConfigMap({ ...named, body }, patchAs(type))).data);
    const found = await core.readNamespacedConfigMap(named);
    const replaced = await core.replaceNamespacedConfigMap({ ...named, body: { ...found, data: { d: "4" } } });
    results.push(replaced.data);
    results.push((await code(core.replaceNamespacedConfigMap({ ...named, body: { ...found, data: {} } }))).reason);
    await core.deleteNamespacedConfigMap(named);
    results.push(await code(core.readNamespacedConfigMap(named)));
    return results;
  },
  apply: async () => {
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "applied" }, data: { a: "1" } };
    const applied = await core.patchNamespacedConfigMap(
      { name: "applied", namespace, body, fieldManager: "matrix", force: true },
      patchAs(k8s.PatchStrategy.ServerSideApply),
    );
    return [applied.data, applied.metadata.managedFields.map(({ manager, operation }) => [manager, operation])];
  },
  watch: async () => {
    const list = await core.listNamespacedConfigMap({ namespace });
    const events = [];
    const watch = new k8s.Watch(config);
    const done = Promise.withResolvers();
    const request = await watch.watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: list.metadata.resourceVersion },
      (type, { metadata, data }) => {
        events.push([type, metadata.name, data.n]);
        if (type === "DELETED") done.resolve();
      },
      (error) => (error ? done.reject(error) : done.resolve()),
    );
    await core.createNamespacedConfigMap(configMap("watched", { n: "0" }));
    const named = { name: "watched", namespace };
    for (let n = 1; n < 9; n++)
      await core.patchNamespacedConfigMap(
        { ...named, body: { data: { n: String(n) } } },
        patchAs(k8s.PatchStrategy.MergePatch),
      );
    await core.deleteNamespacedConfigMap(named);
    await done.promise;
    request.abort();
    return events;
  },
  informer: async () => {
    const list = () => core.listNamespacedConfigMap({ namespace, labelSelector: "set=pages" });
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const informer = k8s.makeInformer(config, path, list, "set=pages");
    const added = [];
    informer.on("add", ({ metadata }) => added.push(metadata.name));
    await informer.start();
    for (let wait = 0; added.length < 25 && wait < 100; wait++) await pause(50);
    await informer.stop();
    return added.toSorted();
  },
  secret: async () => {
    const secret = await core.readNamespacedSecret({ namespace, name: "db" });
    const list = await core.listNamespacedSecret({ namespace });
    return [decoded(secret.data), list.items.map(({ data, type }) => [type, decoded(data)])];
  },
  labelled: async () => (await core.readNamespacedConfigMap({ namespace, name: "settings" })).data,
  large: async () => {
    const text = randomBytes(350_000).toString("hex");
    await core.createNamespacedConfigMap(configMap("large", { text }));
    const { data } = await core.readNamespacedConfigMap({ namespace, name: "large" });
    const digest = (value) => createHash("sha256").update(value).digest("hex");
    return digest(data.text) === digest(text);
  },
  logs: async () => {
    const all = sink();
    const controller = await new k8s.Log(config).log(namespace, "web-1", "web", all.stream, { follow: true });
    for (let wait = 0; !all.text().includes("three") && wait < 100; wait++) await pause(50);
    controller.abort();
    return [all.text(), await core.readNamespacedPodLog({ namespace, name: "web-1", tailLines: 1 })];
  },
  exec: async () => [
    await exec(["sh", "-c", "echo out; echo err >&2; exit 3"]),
    await exec(["sh", "-c", "head -c 300000 /dev/zero | wc -c"]),
  ],
});
