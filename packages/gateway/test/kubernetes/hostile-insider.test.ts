import { once } from "node:events";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { KUBERNETES_DOMAIN } from "@tidewaiter/kubernetes/accept-client/choose-resource";
import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type KubeWorld, RESOURCE, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
rules:
  - id: hr-is-not-seen
    when: 'kube.namespace == "hr"'
    deny: hr's objects are for hr
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

async function ask(
  path: string,
  {
    method = "GET",
    headers = {},
    body = "",
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  const sent = request({
    host: "127.0.0.1",
    port: world.gateway.port,
    ca: world.caPem,
    servername: `${RESOURCE}.${KUBERNETES_DOMAIN}`,
    path,
    method,
    agent: false,
    headers: { authorization: `Bearer ${world.token()}`, ...headers },
  });
  sent.end(body);
  const [response] = await once(sent, "response");
  return { status: response.statusCode as number, body: await text(response) };
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

  it("names a path in no other letters than a rule does", async () => {
    for (const path of ["/metrics", "/metric%73", "/%6detrics"]) {
      const { status, body } = await ask(path);
      expect([path, status, body.includes("no-metrics")]).toEqual([path, 403, true]);
    }
  });
});
