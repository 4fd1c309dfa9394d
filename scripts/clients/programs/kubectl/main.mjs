import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";
import { steady } from "../shared/steady.mjs";
import { operations } from "./operations.mjs";

const namespace = process.env.CLIENT_NAMESPACE;
const kubectl = (args, options = {}) => command(program("kubectl"), ["-n", namespace, ...args], options);
const said = async (args, options) => {
  const { code, stdout, stderr } = await kubectl(args, options);
  return { code, stdout: steady(stdout), stderr: steady(stderr) };
};
const each = async (...commands) => {
  const all = [];
  for (const args of commands) all.push(await said(args));
  return all;
};

const digest = (value) => createHash("sha256").update(value).digest("hex");

const deployment = (replicas) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: web, env: [{ name: COLOUR, value: blue }] }] }
`;

await runScenarios({
  who: () => said(["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]),
  discovery: () =>
    each(["version", "-o", "json"], ["api-resources"], ["api-versions"], ["explain", "pod.spec.nodeName"]),
  get: () =>
    each(
      ["get", "pods", "-o", "wide"],
      ["get", "pods", "web-1", "-o", "yaml"],
      ["get", "configmaps,pods", "-l", "app=shop"],
      ["get", "all", "-A"],
      ["get", "pods", "nothing"],
      ["get", "nothings"],
    ),
  pages: () => said(["get", "configmaps", "-l", "set=pages", "--chunk-size=10"]),
  describe: () => each(["describe", "pod", "web-1"], ["describe", "node"]),
  change: () =>
    each(
      ["create", "configmap", "made", "--from-literal=a=1"],
      ["create", "configmap", "made", "--from-literal=a=1"],
      ["patch", "configmap", "made", "-p", '{"data":{"b":"2"}}'],
      ["patch", "configmap", "made", "--type=merge", "-p", '{"data":{"a":null}}'],
      ["patch", "configmap", "made", "--type=json", "-p", '[{"op":"add","path":"/data/c","value":"3"}]'],
      ["label", "configmap", "made", "seen=yes"],
      ["annotate", "configmap", "made", "note=plain"],
      ["get", "configmap", "made", "-o", "yaml"],
      ["delete", "configmap", "made"],
      ["get", "configmap", "made"],
    ),
  apply: async () => [
    await said(["apply", "-f", "-"], { input: deployment(1) }),
    await said(["apply", "-f", "-"], { input: deployment(2) }),
    await said(["diff", "-f", "-"], { input: deployment(3) }),
    await said(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input: deployment(3) }),
    ...(await each(["scale", "deployment", "web", "--replicas=1"], ["get", "deployment", "web", "-o", "yaml"])),
    await said(["delete", "-f", "-"], { input: deployment(1) }),
  ],
  watch: async () => {
    await kubectl(["create", "configmap", "watched", "--from-literal=n=0"]);
    const format = '{.type} {.object.data.n}{"\\n"}';
    const watch = ["get", "configmap", "watched", "--watch", "--output-watch-events", `-o=jsonpath=${format}`];
    let changed;
    const { stdout } = await kubectl(watch, {
      onStdout: (text, child) => {
        // the first line says that it watches
        changed ??= (async () => {
          for (let n = 1; n < 10; n++) await kubectl(["patch", "configmap", "watched", "-p", `{"data":{"n":"${n}"}}`]);
          await kubectl(["delete", "configmap", "watched"]);
        })();
        if (text.includes("DELETED")) child.kill("SIGINT");
      },
    });
    await changed;
    // the last line may be cut by its end
    return stdout.trimEnd();
  },
  secret: () =>
    each(
      ["get", "secret", "db", "-o", "yaml"],
      ["get", "secret", "db", "-o", "jsonpath={.data.password}"],
      ["get", "secrets"],
      ["describe", "secret", "db"].slice(0, 2).concat("nothing"),
    ),
  labelled: () => each(["get", "configmap", "settings", "-o", "yaml"], ["describe", "configmap", "contact"]),
  large: async () => {
    const text = randomBytes(350_000).toString("hex");
    const made = await said(["create", "-f", "-"], {
      input: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "large" }, data: { text } }),
    });
    const { stdout } = await kubectl(["get", "configmap", "large", "-o", "jsonpath={.data.text}"]);
    return { made, same: digest(stdout) === digest(text) };
  },
  logs: () => each(["logs", "web-1"], ["logs", "web-1", "--tail=1"], ["logs", "web-1", "-c", "nothing"]),
  exec: async () => [
    await said(["exec", "web-1", "--", "sh", "-c", "echo out; echo err >&2; exit 3"]),
    await said(["exec", "-i", "web-1", "--", "wc", "-c"], { input: "x".repeat(1_000_000) }),
    await said(["exec", "web-1", "--", "no-such-program"]),
  ],
  cp: async () => {
    const folder = mkdtempSync(join(tmpdir(), "tidewaiter-cp-"));
    const [there, back] = [join(folder, "there"), join(folder, "back")];
    const bytes = randomBytes(3_000_000);
    writeFileSync(there, bytes);
    const copied = [await kubectl(["cp", there, "web-1:copied"]), await kubectl(["cp", "web-1:copied", back])];
    const same = digest(readFileSync(back)) === digest(bytes);
    rmSync(folder, { recursive: true });
    return { codes: copied.map(({ code }) => code), same };
  },
  "port-forward": async () => {
    const bytes = randomBytes(1_000_000);
    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(echo, "listening");
    let exchanged;
    const done = await kubectl(["port-forward", "pod/web-1", `:${echo.address().port}`], {
      onStdout: (text, child) => {
        const port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
        if (port === undefined || exchanged !== undefined) return;
        const socket = connect(Number(port), "127.0.0.1");
        socket.end(bytes);
        exchanged = buffer(socket).finally(() => child.kill("SIGINT"));
      },
    });
    echo.close();
    if (exchanged === undefined) throw new Error(`nothing was forwarded: ${done.stderr}`);
    return digest(await exchanged) === digest(bytes);
  },
  "exec without WebSocket": () =>
    said(["exec", "web-1", "--", "sh", "-c", "echo out; exit 4"], {
      env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false" },
    }),
  ...operations({ kubectl, said, each, deployment }),
});
