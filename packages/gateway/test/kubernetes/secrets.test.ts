import { once } from "node:events";
import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { WebSocket } from "ws";
import { type KubeWorld, SERVER_NAME, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
labels:
  contact.email: { detect: [email] }
  credentials: { names: '(?i)passw|token' }
  kube.secret: {}
rules:
  - id: open-secrets-are-shown
    mask: { kube.secret: constant, credentials: constant }
    unless: 'kube.namespace == "open"'
  - id: hr-is-not-seen
    when: 'kube.namespace == "hr" || ("tier" in kube.labels && kube.labels["tier"] == "hidden")'
    deny: hr's objects are for hr
`;

/** Ana sees Secrets. */
const SHOWN = `rules:
  - id: secrets-are-masked
    match: { labels: [kube.secret] }
    mask: { kube.secret: constant }
    unless: 'principal.name == "ana"'
`;

/** None of these may leave, in whatever clothes. */
const CANARIES = {
  password: "canary-P4ssw0rd!",
  key: "canary-key-7781",
  mail: "lee.canary@example.com",
  env: "canary-env-9921",
};

const missing = kubernetesMissing();
let world: KubeWorld;

beforeAll(async () => {
  if (missing !== undefined) return;
  world = await startWorld([{ name: "kube", source: POLICY }]);
  const { admin } = world;
  for (const ns of ["prod", "hr"]) {
    await admin(["create", "namespace", ns]);
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "db", namespace: ns },
      stringData: { password: CANARIES.password, key: CANARIES.key },
    };
    await admin(["apply", "-f", "-"], { input: JSON.stringify(secret) });
  }
  await admin([
    "create",
    "cm",
    "people",
    "-n",
    "prod",
    `--from-literal=owner=${CANARIES.mail}`,
    "--from-literal=colour=blue",
  ]);
  await admin(["create", "cm", "ghost", "-n", "prod", "--from-literal=colour=grey"]);
  await admin(["label", "cm", "ghost", "-n", "prod", "tier=hidden"]);
  const template = {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "web", image: "nginx", env: [{ name: "DB_PASSWORD", value: CANARIES.env }] }] },
  };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "prod" },
    spec: { selector: { matchLabels: { app: "web" } }, template },
  };
  await admin(["apply", "-f", "-"], { input: JSON.stringify(deployment) });
});
afterAll(async () => world?.[Symbol.asyncDispose]());

/** Every form in which a value might be looked for. */
function forms(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const aligned = [0, 1, 2].map((skip) =>
    Buffer.concat([Buffer.alloc(skip), bytes])
      .toString("base64")
      .slice(skip === 0 ? 0 : 4, -4),
  );
  return [value, bytes.toString("base64"), bytes.toString("hex"), encodeURIComponent(value), ...aligned].filter(
    ({ length }) => length >= 8,
  );
}

function leaks(bytes: Buffer | string): readonly string[] {
  const text = bytes.toString("latin1");
  return Object.entries(CANARIES).flatMap(([name, value]) =>
    forms(value).some((form) => text.includes(form)) ? [name] : [],
  );
}

skipUnless(missing === undefined, missing ?? "").describe("values of Secrets and of what the policy names", () => {
  const { it } = skipUnless(true, "");

  it("do not leave by any command of kubectl", async () => {
    const commands = [
      ["get", "secrets", "-A"],
      ["get", "secret", "db", "-n", "prod", "-o", "yaml"],
      ["get", "secret", "db", "-n", "prod", "-o", "json", "--show-managed-fields"],
      ["get", "secret", "db", "-n", "prod", "-o", "jsonpath={.data.password}"],
      ["get", "secret", "db", "-n", "prod", "-o", "go-template={{.data.password|base64decode}}"],
      ["get", "secrets", "-n", "prod", "-o", "wide"],
      ["describe", "secret", "db", "-n", "prod"],
      ["get", "secrets", "-A", "-o", "custom-columns=D:.data"],
      ["get", "--raw", "/api/v1/secrets"],
      ["get", "--raw", "/api/v1/namespaces/prod/secrets/db"],
      ["apply", "view-last-applied", "secret/db", "-n", "prod"],
      ["label", "secret", "db", "-n", "prod", "seen=yes", "--overwrite", "-o", "yaml"],
      ["get", "cm,deploy", "-n", "prod", "-o", "yaml"],
      ["describe", "cm,deploy", "-n", "prod"],
      ["set", "env", "deploy/web", "-n", "prod", "--list"],
      ["create", "token", "default", "-n", "prod"],
    ];
    await world.admin(["create", "sa", "default", "-n", "prod"]);
    for (const args of commands) {
      const { code, stdout, stderr, stdoutBytes } = await world.kubectl(args);
      expect({ args, code, stderr, leaks: leaks(stdoutBytes) }).toEqual({ args, code: 0, stderr: "", leaks: [] });
      if (args[1] === "token") expect(stdout).not.toMatch(/^eyJ/);
    }
    expect((await world.kubectl(["get", "cm", "people", "-n", "prod", "-o", "jsonpath={.data.colour}"])).stdout).toBe(
      "blue",
    );
  });

  it("do not leave in any form that may be asked for", async () => {
    const accepts = [
      "application/json",
      "application/yaml",
      "application/cbor, application/json",
      "application/vnd.kubernetes.protobuf, application/json",
      "application/vnd.kubernetes.protobuf",
      "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
      "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io",
      "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
      "*/*",
      "text/html",
    ];
    const paths = [
      "/api/v1/secrets",
      "/api/v1/secrets?limit=1",
      "/api/v1/namespaces/prod/secrets/db",
      "/api/v1/secrets?includeObject=Object",
      "/api/v1/secrets?watch=1&timeoutSeconds=1",
      "/api/v1/watch/secrets?timeoutSeconds=1",
      "/api/v1/secrets?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1",
      "/api/v1/namespaces/prod/configmaps",
      "/apis/apps/v1/deployments",
    ];
    const tried = await Promise.all(
      paths.flatMap((path) =>
        accepts.map(async (accept) => {
          const { status, bytes } = await world.ask(path, { headers: { accept, "accept-encoding": "gzip" } });
          return { path, accept, leaks: leaks(bytes), ok: status === 200 || status === 406 };
        }),
      ),
    );
    expect(tried.filter(({ ok, leaks: found }) => !ok || found.length > 0)).toEqual([]);
  });

  it("do not leave by a watch over a WebSocket, whose events are messages", async () => {
    const path = "/api/v1/namespaces/prod/secrets?watch=1&timeoutSeconds=1";
    // the types do not know that the options of TLS are taken too
    const tls = { ca: world.caPem, servername: SERVER_NAME };
    const options = { ...tls, headers: { authorization: `Bearer ${world.token()}` } };
    const socket = new WebSocket(`wss://127.0.0.1:${world.gateway.port}${path}`, options);
    const messages: string[] = [];
    socket.on("message", (message) => messages.push(String(message)));
    await once(socket, "close");
    expect(messages.map((message) => JSON.parse(message).object.metadata.name)).toContain("db");
    expect(leaks(messages.join(""))).toEqual([]);
  });

  it("do not leave as an echo of what is written, nor into the recording", async () => {
    const json = { "content-type": "application/json", accept: "application/json" };
    const put = JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "mine" },
      stringData: { a: CANARIES.password },
    });
    const made = await world.ask("/api/v1/namespaces/prod/secrets", { method: "POST", headers: json, body: put });
    expect([made.status, leaks(made.bytes)]).toEqual([201, []]);
    const patch = { ...json, "content-type": "application/merge-patch+json" };
    const patched = await world.ask("/api/v1/namespaces/prod/secrets/mine", {
      method: "PATCH",
      headers: patch,
      body: JSON.stringify({ stringData: { b: CANARIES.key } }),
    });
    expect([patched.status, leaks(patched.bytes)]).toEqual([200, []]);
    expect(leaks(JSON.stringify(world.gateway.events))).toEqual([]);
  });

  it("do not leave in custom resources, by names of fields and columns, nor as whole Secrets inside", async () => {
    const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    const columns = [
      { name: "Password", type: "string", jsonPath: ".spec.password" },
      { name: "Mail", type: "string", jsonPath: ".spec.contact" },
    ];
    const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } };
    const crd = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "vaults.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { plural: "vaults", singular: "vault", kind: "Vault" },
        versions: [{ ...version, additionalPrinterColumns: columns }],
      },
    };
    const inner = { data: { a: Buffer.from(CANARIES.key).toString("base64") }, kind: "Secret" };
    const vault = {
      apiVersion: "example.com/v1",
      kind: "Vault",
      metadata: { name: "v", namespace: "prod" },
      spec: {
        password: CANARIES.password,
        contact: CANARIES.mail,
        manifests: [inner, JSON.stringify(inner)],
        port: 80,
      },
    };
    await world.admin(["apply", "-f", "-"], { input: JSON.stringify(crd) });
    await world.admin(["wait", "--for=condition=Established", "crd/vaults.example.com", "--timeout=20s"]);
    const applied = await world.kubectl(["apply", "-f", "-"], { input: JSON.stringify(vault) });
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    for (const args of [[], ["-o", "yaml"], ["-o", "wide"], ["--show-managed-fields", "-o", "json"]]) {
      const { code, stdout, stdoutBytes } = await world.kubectl(["get", "vaults", "-A", ...args]);
      expect({ args, code, leaks: leaks(stdoutBytes) }).toEqual({ args, code: 0, leaks: [] });
      expect(stdout).toContain("masked by tidewaiter");
    }
    const port = await world.kubectl(["get", "vault", "v", "-n", "prod", "-o", "jsonpath={.spec.port}"]);
    expect(port.stdout).toBe("80");
    expect(leaks(JSON.stringify(world.gateway.events))).toEqual([]);
  });

  it("are not replaced by their masks", async () => {
    const shown = await world.kubectl(["get", "secret", "db", "-n", "prod", "-o", "json"]);
    expect(shown.code).toBe(0);
    const again = await world.kubectl(["replace", "-f", "-"], { input: shown.stdout });
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("[no-mask-write-back]");
    const kept = await world.admin(["get", "secret", "db", "-n", "prod", "-o", "jsonpath={.data.password}"]);
    expect(Buffer.from(kept.stdout, "base64").toString()).toBe(CANARIES.password);
    expect(await world.kubectl(["annotate", "secret", "db", "-n", "prod", "note=x"])).toMatchObject({ code: 0 });
  });

  it("are masked in each object of a list as if it were got by itself", async () => {
    const open = { password: Buffer.from("not-so-secret").toString("base64") };
    await world.admin(["create", "namespace", "open"]);
    await world.admin(["create", "secret", "generic", "hello", "-n", "open", "--from-literal=password=not-so-secret"]);
    const list = await world.kubectl(["get", "secrets", "-A", "-o", "json"]);
    const items: { metadata: { namespace: string }; data: Record<string, string> }[] = JSON.parse(list.stdout).items;
    expect(items.find(({ metadata }) => metadata.namespace === "open")?.data).toEqual(open);
    expect(leaks(list.stdoutBytes)).toEqual([]);
    const path = "/api/v1/secrets?watch=1&timeoutSeconds=1";
    const watch = await world.ask(path, { headers: { accept: "application/json" } });
    expect(watch.bytes.toString()).toContain(open.password);
    expect(leaks(watch.bytes)).toEqual([]);
    const one = await world.kubectl(["get", "secret", "hello", "-n", "open", "-o", "jsonpath={.data.password}"]);
    expect(one.stdout).toBe(open.password);
  });

  it("are masked by the policy of now in a watch that goes on", async () => {
    await using other = await startWorld([
      { name: "kube", source: `version: 1\nlabels:\n  kube.secret: {}\n${SHOWN}` },
    ]);
    await other.admin(["create", "secret", "generic", "moves", "--from-literal=a=1"]);
    const path = "/api/v1/namespaces/default/secrets?watch=1";
    const tls = { ca: other.caPem, servername: SERVER_NAME };
    const options = { ...tls, headers: { authorization: `Bearer ${other.token()}` } };
    const socket = new WebSocket(`wss://127.0.0.1:${other.gateway.port}${path}`, options);
    const messages: string[] = [];
    socket.on("message", (message) => messages.push(String(message)));
    await vi.waitFor(() => expect(messages.join("")).toContain(Buffer.from("1").toString("base64")));
    await other.gateway.setPolicies([{ name: "kube", source: "version: 1\n" }]);
    const over = once(socket, "close");
    const patch = JSON.stringify({ stringData: { a: CANARIES.key } });
    await other.admin(["patch", "secret", "moves", "--type=merge", "-p", patch]);
    await over;
    expect(leaks(messages.join(""))).toEqual([]);
    expect(JSON.parse(messages.at(-1) ?? "")).toMatchObject({
      type: "ERROR",
      object: { code: 410, reason: "Expired" },
    });
  });

  it("and what a rule hides is in no list and no watch", async () => {
    const names = async (args: readonly string[]) => (await world.kubectl(args)).stdout;
    expect(await names(["get", "ns", "-o", "name"])).not.toContain("hr");
    expect(await names(["get", "secrets", "-A", "-o", "jsonpath={.items[*].metadata.namespace}"])).toMatch(
      /^(open )?prod( prod)*$/,
    );
    expect(await names(["get", "secrets", "-A"])).not.toContain("hr");
    expect(await names(["get", "cm", "-n", "prod", "-o", "name"])).toContain("configmap/people");
    expect(await names(["get", "cm", "-n", "prod", "-o", "name"])).not.toContain("ghost");
    const { bytes } = await world.ask("/api/v1/configmaps?watch=1&timeoutSeconds=1", {
      headers: { accept: "application/json" },
    });
    expect(bytes.toString()).not.toContain("ghost");
    const direct = await world.kubectl(["get", "secrets", "-n", "hr"]);
    expect(direct.stderr).toContain("hr's objects are for hr [hr-is-not-seen]");
  });
});
