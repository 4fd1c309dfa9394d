import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
rules:
  - id: no-delete-ns
    when: 'kube.resource == "namespaces" && kube.verb == "delete"'
    deny: nobody deletes namespaces here
  - id: scale-needs-a-person
    when: 'kube.subresource == "scale" && kube.verb in ["update", "patch"]'
    reason: changes what runs
    review: { by: ["group:sre"] }
`;

const missing = kubernetesMissing();
let world: KubeWorld;

beforeAll(async () => {
  if (missing === undefined) world = await startWorld([{ name: "kube", source: POLICY }]);
});
afterAll(async () => world?.[Symbol.asyncDispose]());

skipUnless(missing === undefined, missing ?? "").describe("kubectl", () => {
  const { it } = skipUnless(true, "");

  it("answers as without the gateway", async () => {
    const commands = [
      ["get", "ns"],
      ["version", "-o", "json"],
      ["api-resources"],
      ["api-versions"],
      ["auth", "can-i", "create", "pods"],
      ["get", "nosuch"],
      ["get", "pod", "nosuch"],
      ["get", "--raw", "/healthz"],
      ["explain", "pod.spec.nodeName"],
    ];
    for (const args of commands) {
      const [through, direct] = await Promise.all([world.kubectl(args), world.direct(args)]);
      expect({ args, ...through }).toEqual({ args, ...direct });
    }
  });
});
