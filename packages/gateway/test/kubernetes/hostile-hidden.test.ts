import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type AskOptions, type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
labels: { kube.secret: {} }
rules:
  - id: ghosts-are-not-seen
    when: '"ghost" in kube.labels'
    deny: there is nothing
`;

const missing = kubernetesMissing();
let world: KubeWorld;

beforeAll(async () => {
  if (missing !== undefined) return;
  world = await startWorld([{ name: "kube", source: POLICY }]);
  for (const [name, label] of [
    ["a-seen", "ordinary"],
    ["b-phantom", "ghost"],
    ["c-phantom", "ghost"],
    ["d-seen", "ordinary"],
  ] as const) {
    const metadata = { name, namespace: "default", labels: { [label]: "1", owner: "ceo" } };
    await world.admin(["create", "-f", "-"], {
      input: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "b" } }),
    });
  }
});
afterAll(async () => world?.[Symbol.asyncDispose]());

const PATH = "/api/v1/namespaces/default/configmaps";
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

async function ask(path: string, options?: AskOptions) {
  const { status, bytes } = await world.ask(path, options);
  return { status, body: JSON.parse(bytes.toString("utf8")) };
}

/** A token of the API server's own, as anybody can make one who knows how it is written. */
const tokenAt = (resourceVersion: string, name: string): string =>
  Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: Number(resourceVersion), start: `${name}\u0000` })).toString(
    "base64url",
  );

skipUnless(missing === undefined, missing ?? "").describe("objects that a rule hides", () => {
  const { it } = skipUnless(true, "");

  it("are told by no page of a list: neither its token, nor its length, nor what is left", async () => {
    const queries = ["limit=1", "limit=2&labelSelector=owner%3Dceo", "limit=1&labelSelector=ghost", "limit=3"];
    for (const accept of ["application/json", TABLE])
      for (const query of queries) {
        const { status, body } = await ask(`${PATH}?${query}`, { headers: { accept } });
        expect(status).toBe(200);
        const { continue: token, remainingItemCount } = body.metadata;
        expect({ accept, query, token, remainingItemCount: remainingItemCount ?? null }).toEqual({
          accept,
          query,
          token: undefined,
          remainingItemCount: null,
        });
        expect(JSON.stringify(body)).not.toContain("phantom");
        const seen = (body.items ?? body.rows).length;
        expect({ query, seen: seen >= 2 || query.includes("ghost") }).toEqual({ query, seen: true });
      }
    const listed = await world.kubectl(["get", "cm", "-n", "default", "--chunk-size=1", "-o", "name"]);
    expect(listed.stdout.split("\n").filter((name) => /seen|phantom/.test(name))).toEqual([
      "configmap/a-seen",
      "configmap/d-seen",
    ]);
  });

  it("are not found by trying where a page would begin", async () => {
    const { body: list } = await ask(PATH);
    const token = tokenAt(list.metadata.resourceVersion, "a-seen");
    const own = await world.admin(["get", "--raw", `${PATH}?limit=1&continue=${token}`]);
    expect(own.stdout).toContain("b-phantom");
    for (const query of [`limit=1&continue=${token}`, `continue=${token}`, "continue=x"]) {
      const { status, body } = await ask(`${PATH}?${query}`);
      expect({ query, status, reason: body.reason }).toEqual({ query, status: 410, reason: "Expired" });
      expect(body.metadata.continue).toBeUndefined();
    }
    expect(world.gateway.events).toContainEqual(
      expect.objectContaining({ type: "operation_finished", result: "error", tag: "410" }),
    );
  });
});
