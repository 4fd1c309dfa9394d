import { readRequest } from "@tidewaiter/kubernetes/request/read-request";
import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type AskOptions, type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
labels: { kube.secret: {} }
rules:
  - id: shown-is-shown
    mask: { kube.secret: constant }
    unless: '"shown" in kube.labels && kube.labels["shown"] == "yes"'
  - id: hr-is-not-seen
    when: 'kube.namespace == "hr"'
    deny: hr's objects are for hr
  - id: no-locks
    when: '"tier" in kube.labels && kube.labels["tier"] == "locked"'
    deny: what is locked stays as it is
  - id: no-metrics
    when: 'kube.path == "/metrics"'
    deny: metrics are for others
`;
const CANARY = "canary-1nsider-P4ss";

const missing = kubernetesMissing();
let world: KubeWorld;

beforeAll(async () => {
  if (missing !== undefined) return;
  world = await startWorld([{ name: "kube", source: POLICY }]);
  for (const namespace of ["prod", "hr"]) {
    await world.admin(["create", "namespace", namespace]);
    await world.admin([
      "create",
      "secret",
      "generic",
      `db-of-${namespace}`,
      "-n",
      namespace,
      `--from-literal=p=${CANARY}`,
    ]);
  }
});
afterAll(async () => world?.[Symbol.asyncDispose]());

const METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const WORDS = [
  "namespaces",
  "watch",
  "proxy",
  "pods",
  "secrets",
  "status",
  "finalize",
  "prod",
  "x",
  "scale",
  "exec",
  "log",
  "deployments",
];
const PARAMETERS = [
  "watch=1",
  "watch",
  "watch=false",
  "watch=0;",
  "watch=%",
  "watch=1&watch=0",
  "w%61tch=true",
  "watch=fal%C5%BFe",
  "fieldSelector=metadata.name%3Dx",
  "fieldSelector=metadata.name%3D%3Dx%2Cmetadata.namespace%3Dprod",
  "fieldSelector=metadata.name!%3Dx",
  "fieldSelector=metadata.name%3Da%2Fb",
  "fieldSelector=metadata.name%3D",
  "fieldSelector=spec.nodeName%3Dx;",
  "limit=no",
  "dryRun=All",
];

/** Some letters of a path as percent-encodings. */
function written(text: string, random: () => number): string {
  const encoded = (letter: string) => `%${letter.charCodeAt(0).toString(16)}`;
  return [...text].map((letter) => (random() < 0.05 ? encoded(letter) : letter)).join("");
}

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

async function ask(path: string, options?: AskOptions) {
  const { status, bytes } = await world.ask(path, options);
  return { status, body: bytes.toString("utf8") };
}

function leaks(body: string): boolean {
  return body.includes(CANARY) || body.includes(Buffer.from(CANARY).toString("base64"));
}

skipUnless(missing === undefined, missing ?? "").describe("someone with valid access who wants more", () => {
  const { it } = skipUnless(true, "");

  it("gets no list read as a watch, whatever the API server makes of the query", async () => {
    // Go leaves out what it cannot read, and takes a long s for an s
    const queries = [
      "watch=1;",
      "watch=1;x=2",
      "watch=%zz",
      "watch=fal%C5%BFe",
      "w%61tch=1;",
      "watch=FALSE",
      "watch=0&watch",
    ];
    const tried = await Promise.all(
      queries.map(async (query) => {
        const { status, body } = await ask(`/api/v1/secrets?timeoutSeconds=1&${query}`);
        return { query, status, leaks: leaks(body), hidden: !body.includes("db-of-hr") };
      }),
    );
    expect(tried).toEqual(queries.map((query) => ({ query, status: 200, leaks: false, hidden: true })));
  });

  it("is read as the API server reads it, by every way to write a request", async () => {
    const random = xorshift(20_261_130);
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
    const one = (): { method: string; path: string; query: string } => {
      const parts = [
        pick(["api/v1", "apis/apps/v1", "apis/apps", "api", "apis/batch/v1", "logs", "version", "apis/x.example/v1"]),
        ...Array.from({ length: Math.floor(random() * 5) }, () => pick(WORDS)),
      ].flatMap((part) => part.split("/"));
      const path = `/${parts.map((part) => written(part, random)).join("/")}${random() < 0.1 ? "/" : ""}`;
      const parameters = Array.from({ length: Math.floor(random() * 3) }, () => pick(PARAMETERS));
      return { method: pick(METHODS), path, query: ["timeoutSeconds=1", ...parameters].join("&") };
    };
    const requests = Array.from({ length: 300 }, one);
    const answers: number[] = [];
    const next = requests.entries();
    const worker = async () => {
      for (const [index, { method, path, query }] of next) {
        const headers = { "user-agent": `asked-${index}`, "content-type": "application/json" };
        answers[index] = (await ask(`${path}?${query}`, { method, headers })).status;
      }
    };
    await Promise.all(Array.from({ length: 40 }, worker));
    await ask("/version?last");
    const audited = await vi.waitFor(() => {
      const lines = world.cluster.auditLog();
      if (!lines.some(({ requestURI }) => requestURI.endsWith("/version?last"))) throw new Error("not audited yet");
      return new Map(lines.map((line) => [line.userAgent ?? "", line]));
    });
    const failed = requests.flatMap((request, index) =>
      (answers[index] ?? 0) < 500 ? [] : [{ ...request, status: answers[index] }],
    );
    expect(failed).toEqual([]);
    let compared = 0;
    for (const [index, { method, path, query }] of requests.entries()) {
      const line = audited.get(`asked-${index}`);
      const read = readRequest(method, path, query);
      // what it cannot read it reads half, and refuses
      if (line === undefined || answers[index] === 400) continue;
      compared++;
      if (!read.ok) throw new Error(`${method} ${path}?${query} was passed on`);
      const { verb, group, resource, subresource, namespace, name } = read.operation;
      const { objectRef: seen = {} } = line;
      expect({ asked: `${method} ${path}?${query}`, verb, group, resource, subresource, namespace, name }).toEqual({
        asked: `${method} ${path}?${query}`,
        // the API server has no name for it
        verb: line.verb === "" ? "options" : line.verb,
        group: seen.apiGroup ?? "",
        resource: seen.resource ?? "",
        subresource: seen.subresource ?? "",
        namespace: seen.namespace ?? "",
        name: seen.name ?? "",
      });
    }
    expect(compared).toBeGreaterThan(100);
  });

  it("puts no label on that a rule speaks of, nor takes it off, by any way to write", async () => {
    const map = (name: string, tier: string) =>
      JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "prod", labels: { tier } } });
    for (const [name, tier] of [
      ["open", "open"],
      ["shut", "locked"],
    ] as const)
      await world.admin(["create", "-f", "-"], { input: map(name, tier) });
    const json = (name: string, step: object) => [
      "patch",
      "cm",
      name,
      "-n",
      "prod",
      "--type=json",
      "-p",
      JSON.stringify([step]),
    ];
    const tries: readonly (readonly [readonly string[], string?])[] = [
      [["create", "-f", "-"], map("new", "locked")],
      [["apply", "--server-side", "-f", "-"], map("new", "locked")],
      [["apply", "-f", "-"], map("new", "locked")],
      [["replace", "-f", "-"], map("open", "locked")],
      [["label", "cm", "open", "-n", "prod", "tier=locked", "--overwrite"]],
      [["patch", "cm", "open", "-n", "prod", "-p", '{"metadata":{"labels":{"tier":"locked","x":null}}}']],
      [json("open", { op: "replace", path: "/metadata/labels/tier", value: "locked" })],
      [json("open", { op: "add", path: "/metadata/labels", value: { tier: "locked" } })],
      [["label", "cm", "shut", "-n", "prod", "tier-"]],
      [["replace", "-f", "-"], map("shut", "open")],
      [json("shut", { op: "remove", path: "/metadata/labels/tier" })],
      [["delete", "cm", "shut", "-n", "prod"]],
    ];
    const results = await Promise.all(
      tries.map(async ([args, input]) => ({
        args,
        ...(await world.kubectl(args, input === undefined ? {} : { input })),
      })),
    );
    for (const { args, code, stderr } of results)
      expect({ args, code, rule: stderr.includes("[no-locks]") }).toEqual({ args, code: 1, rule: true });
    const all = await ask("/api/v1/namespaces/prod/configmaps", { method: "DELETE" });
    expect([all.status, all.body.includes("[no-locks]")]).toEqual([403, true]);
    const left = await world.admin([
      "get",
      "cm",
      "open",
      "shut",
      "-n",
      "prod",
      "-o",
      "jsonpath={.items[*].metadata.labels.tier}",
    ]);
    expect(left.stdout).toBe("open locked");
    expect((await world.admin(["get", "cm", "new", "-n", "prod"])).code).toBe(1);
    expect((await world.kubectl(["label", "cm", "open", "-n", "prod", "colour=blue"])).code).toBe(0);
  });

  it("makes no Secret one that is shown, by labels or in another place", async () => {
    await world.admin(["create", "secret", "generic", "open", "-n", "prod", "--from-literal=p=seen"]);
    await world.admin(["label", "secret", "open", "-n", "prod", "shown=yes"]);
    const value = async (name: string) =>
      (await world.kubectl(["get", "secret", name, "-n", "prod", "-o", "jsonpath={.data.p}"])).stdout;
    expect(await value("open")).toBe(Buffer.from("seen").toString("base64"));
    const patch = (type: string, body: unknown) =>
      world.kubectl(["patch", "secret", "db-of-prod", "-n", "prod", `--type=${type}`, "-p", JSON.stringify(body)]);
    const tries = [
      world.kubectl(["label", "secret", "db-of-prod", "-n", "prod", "shown=yes"]),
      patch("merge", { metadata: { labels: { shown: "yes" } } }),
      patch("json", [{ op: "add", path: "/metadata/labels", value: { shown: "yes" } }]),
      patch("json", [{ op: "copy", from: "/data/p", path: "/metadata/annotations" }]),
      patch("json", [{ op: "test", path: "/data/p", value: "Z3Vlc3M=" }]),
      patch("json", [{ op: "move", from: "/data", path: "/metadata/annotations" }]),
    ];
    for (const { code, stderr } of await Promise.all(tries)) {
      expect([code, leaks(stderr)]).toEqual([1, false]);
      expect(stderr).toMatch(/\[(no-laundering|no-locks)\]/);
    }
    expect(leaks(await value("db-of-prod"))).toBe(false);
  });

  it("names a path in no other letters than a rule does", async () => {
    for (const path of ["/metrics", "/metric%73", "/%6detrics"]) {
      const { status, body } = await ask(path);
      expect([path, status, body.includes("no-metrics")]).toEqual([path, 403, true]);
    }
  });
});
