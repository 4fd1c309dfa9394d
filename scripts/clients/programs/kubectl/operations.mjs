// What people do with kubectl from day to day beside reading and applying: rollouts, nodes, waits, tokens, kustomize, pruning.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "tidewaiter-kubectl-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const map = (name, data, labels = "{}") =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: JSON.parse(labels) }, data });

function files(name, contents) {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(contents)) writeFileSync(join(path, file), text);
  return path;
}

const kustomization = (value) => ({
  "kustomization.yaml": [
    "resources: [map.json]",
    "namePrefix: kust-",
    "commonAnnotations: { made-by: kustomize }",
    `configMapGenerator: [{ name: made, literals: [value=${value}] }]`,
  ].join("\n"),
  "map.json": map("plain", { value }),
});

/** @param tools `kubectl(args, options)`, `said(args, options)` and `each(...commands)` of main.mjs, and a manifest `deployment(n)` */
export function operations({ kubectl, said, each, deployment }) {
  return {
    rollouts: async () => [
      await said(["apply", "-f", "-"], { input: deployment(1) }),
      ...(await each(
        ["rollout", "restart", "deployment/web"],
        ["rollout", "status", "deployment/web", "--watch=false"],
        ["rollout", "history", "deployment/web"],
        ["rollout", "pause", "deployment/web"],
        ["rollout", "resume", "deployment/web"],
        ["rollout", "undo", "deployment/web"],
        ["set", "image", "deployment/web", "web=web:2"],
        ["set", "env", "deployment/web", "COLOUR=green", "SIZE=big"],
        ["set", "env", "deployment/web", "--list"],
        ["set", "resources", "deployment/web", "--limits=cpu=1,memory=64Mi"],
        ["expose", "deployment", "web", "--port=80"],
        ["autoscale", "deployment", "web", "--min=1", "--max=3"],
        ["get", "deployment/web", "service/web", "hpa/web", "-o", "name"],
        ["delete", "deployment/web", "service/web", "hpa/web"],
      )),
    ],
    waits: async () => {
      const all = await each(
        ["wait", "pod/web-1", "--for=condition=Ready", "--timeout=20s"],
        ["wait", "pod", "-l", "app=shop", "--for=jsonpath={.status.phase}=Running", "--timeout=20s"],
        ["wait", "configmap/settings", "--for=delete", "--timeout=1s"],
        ["wait", "configmap/settings", "--for=create", "--timeout=1s"],
      );
      // kubectl's own log of the watch that it ends when its time is over comes or does not
      return all.map((one) => ({ ...one, stderr: one.stderr.replaceAll(/^I\d{4} .*reflector\.go.*\n/gm, "") }));
    },
    events: async () => {
      const event = {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name: "web-1.started" },
        involvedObject: { apiVersion: "v1", kind: "Pod", name: "web-1", namespace: process.env.CLIENT_NAMESPACE },
        reason: "Started",
        message: "Started container web",
        type: "Normal",
        firstTimestamp: new Date().toISOString(),
        lastTimestamp: new Date().toISOString(),
      };
      return [
        await said(["create", "-f", "-"], { input: JSON.stringify(event) }),
        ...(await each(
          ["events", "--for", "pod/web-1", "--no-headers", "-o", "jsonpath={.items[*].reason}"],
          ["get", "events", "--field-selector", "reason=Started", "-o", "name"],
        )),
      ];
    },
    "a debug container": async () => [
      (await kubectl(["debug", "web-1", "--image=web", "-c", "seen", "--profile=general", "--", "sh", "-c", "echo in"]))
        .code,
      ...(await each(["get", "pod", "web-1", "-o", "jsonpath={.spec.ephemeralContainers[*].name}"])),
    ],
    "a copy to debug": () =>
      each(
        [
          "debug",
          "web-1",
          "--copy-to=web-copy",
          "--container=web",
          "--image=web",
          "--profile=general",
          "--",
          "sleep",
          "1d",
        ],
        ["get", "pod", "web-copy", "-o", "jsonpath={.spec.containers[*].command}"],
        ["delete", "pod", "web-copy", "--now"],
      ),
    "run and attach": async () => [
      await said([
        "run",
        "once",
        "--image=web",
        "--restart=Never",
        "--command",
        "--",
        "sh",
        "-c",
        "echo run; sleep 1d",
      ]),
      await said(["wait", "pod/once", "--for=condition=Ready", "--timeout=20s"]),
      await said(["logs", "once"]),
      await said(["delete", "pod", "once", "--now"]),
    ],
    "who may do what": () =>
      each(
        ["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"],
        ["auth", "can-i", "delete", "pods"],
        ["auth", "can-i", "--list"],
      ),
    "a token of a service account": async () => {
      const made = await said(["create", "serviceaccount", "robot"]);
      const { code, stdout, stderr } = await kubectl(["create", "token", "robot", "--duration=10m"]);
      await kubectl(["delete", "serviceaccount", "robot"]);
      // it is another one each time
      return [made, code, stdout.trim().replace(/^[\w-]+\.[\w-]+\.[\w-]+$/, "a token"), stderr];
    },
    kustomize: async () => [
      await said(["kustomize", files("kustomize", kustomization("one"))]),
      await said(["apply", "-k", join(folder, "kustomize")]),
      await said(["diff", "-k", files("kustomize", kustomization("two"))]),
      await said(["apply", "-k", join(folder, "kustomize")]),
      await said(["get", "configmap", "kust-plain", "-o", "jsonpath={.data}{.metadata.annotations.made-by}"]),
      await said(["delete", "-k", join(folder, "kustomize")]),
    ],
    "apply and prune": async () => {
      const labels = '{"part":"pruned"}';
      const all = { "a.json": map("prune-a", { n: "1" }, labels), "b.json": map("prune-b", { n: "1" }, labels) };
      const fewer = files("fewer", { "a.json": map("prune-a", { n: "2" }, labels) });
      const prune = ["apply", "--prune", "-l", "part=pruned", "--prune-allowlist=core/v1/ConfigMap", "-f"];
      const set = { env: { KUBECTL_APPLYSET: "true" } };
      const bySet = ["apply", "--prune", "--applyset=configmaps/kept", "-f"];
      return [
        await said([...prune, files("all", all)]),
        await said([...prune, fewer]),
        await said(["get", "configmaps", "-l", "part=pruned", "-o", "name"]),
        await said(["delete", "configmaps", "-l", "part=pruned"]),
        await said([...bySet, join(folder, "all")], set),
        await said([...bySet, fewer], set),
        await said(["get", "configmaps", "-l", "part=pruned", "-o", "name"]),
        await said(["delete", "configmaps", "-l", "part=pruned"]),
      ];
    },
    "two managers of a field": async () => [
      await said(["apply", "--server-side", "--field-manager=one", "-f", "-"], { input: map("shared", { a: "1" }) }),
      await said(["apply", "--server-side", "--field-manager=two", "-f", "-"], { input: map("shared", { a: "2" }) }),
      await said(["apply", "--server-side", "--field-manager=two", "--force-conflicts", "-f", "-"], {
        input: map("shared", { a: "2" }),
      }),
      await said(["delete", "configmap", "shared"]),
    ],
    edit: async () => {
      const env = { KUBE_EDITOR: "sed -i s/blue/red/" };
      return [
        await said(["edit", "configmap", "settings"], { env }),
        ...(await each(["get", "configmap", "settings", "-o", "jsonpath={.data.colour}"])),
      ];
    },
    proxy: async () => {
      let asked;
      const done = await kubectl(["proxy", "--port=0"], {
        onStdout: (text, child) => {
          const port = /Starting to serve on 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
          if (port === undefined || asked !== undefined) return;
          const get = async (path) => {
            const answer = await fetch(`http://127.0.0.1:${port}${path}`);
            return [answer.status, await answer.json()];
          };
          const pod = `/api/v1/namespaces/${process.env.CLIENT_NAMESPACE}/pods/web-1`;
          asked = (async () => {
            const [status, { metadata }] = await get(pod);
            const [missing, { message }] = await get(`${pod}x`);
            return [status, metadata.name, missing, message, (await get("/version"))[1].gitVersion];
          })().finally(() => child.kill("SIGINT"));
        },
      });
      if (asked === undefined) throw new Error(`nothing was served: ${done.stderr}`);
      return asked;
    },
    "what the cluster lacks": () => each(["top", "pods"], ["top", "nodes"]),
    nodes: async () => {
      const { stdout } = await kubectl(["get", "nodes", "-o", "jsonpath={.items[0].metadata.name}"]);
      return each(
        ["cordon", stdout],
        ["get", "node", stdout, "-o", "jsonpath={.spec.unschedulable}"],
        ["drain", stdout, "--dry-run=server", "--force", "--pod-selector=app=shop"],
        ["taint", "node", stdout, "seen=yes:NoSchedule"],
        ["taint", "node", stdout, "seen-"],
        ["uncordon", stdout],
        ["drain", stdout, "--force", "--grace-period=1", "--timeout=30s", "--pod-selector=app=shop"],
        ["uncordon", stdout],
        ["get", "pods", "-l", "app=shop"],
      );
    },
  };
}
