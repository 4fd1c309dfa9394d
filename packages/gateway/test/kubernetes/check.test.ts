import { connect } from "node:net";
import type { TargetCredential } from "@tidewaiter/core";
import { createKubernetesProtocol } from "@tidewaiter/kubernetes/serve";
import {
  certificateAuthority,
  type KubernetesServer,
  kubernetesMissing,
  skipUnless,
  startKubernetes,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const missing = kubernetesMissing();
let cluster: KubernetesServer;

beforeAll(async () => {
  if (missing !== undefined) return;
  cluster = await startKubernetes({ users: { weak: [], limited: [] } });
  await cluster.allow({ users: ["limited"] }, { verbs: ["impersonate"], resources: ["users"] });
  const resourceNames = ["read", "write", "admin"].map((level) => `tidewaiter:level:${level}`);
  await cluster.allow({ users: ["limited"] }, { verbs: ["impersonate"], resources: ["groups"], resourceNames });
});
afterAll(async () => cluster?.stop());

const protocol = createKubernetesProtocol({
  secureContext: () => {
    throw new Error("nobody connects here");
  },
});

async function check(credential: TargetCredential, target: Readonly<Record<string, unknown>> = {}) {
  const { url: server, caPem: ca, port } = cluster;
  const findings = await protocol.check({
    target: { server, ca, ...target },
    credential,
    dial: async () => connect({ host: "127.0.0.1", port }),
  });
  return findings.map(({ severity, code }) => `${severity} ${code}`);
}

const token = (name: string): TargetCredential => ({
  type: "token",
  username: name,
  token: cluster.tokens[name] ?? "",
});

skipUnless(missing === undefined, missing ?? "").describe("a check of a cluster", () => {
  const { it } = skipUnless(true, "");

  it("finds a credential that may say who acts, and nothing else, good", async () => {
    expect(await check(token("gateway"))).toEqual(["ok version", "ok impersonate", "info names_anybody"]);
    // whose role names the groups of the levels: the users are more than those
    expect(await check(token("limited"))).toEqual(["ok version", "ok impersonate"]);
  });

  it("says of a credential what it may not, and what it may too much", async () => {
    expect(await check(token("weak"))).toEqual(["ok version", "problem impersonate"]);
    expect(await check(token("admin"))).toEqual([
      ...["ok version", "ok impersonate", "info names_anybody", "warning powerful"],
    ]);
    expect(await check(token("weak"), { identity: "credential" })).toEqual(["ok version"]);
  });

  it("tells a credential that is not taken from a server that is not the one", async () => {
    expect(await check({ type: "token", username: "x", token: "wrong" })).toEqual(["problem credential"]);
    expect(await check({ type: "password", username: "x", password: "wrong" })).toEqual(["problem credential"]);
    const other = await certificateAuthority("another");
    expect(await check(token("gateway"), { ca: other.caPem })).toEqual(["problem certificate"]);
    expect(await check(token("gateway"), { tlsServerName: "elsewhere" })).toEqual(["problem certificate"]);
  });

  it("a session may log in with a certificate as well", async () => {
    await using world = await startWorld([], {
      credential: async (made) => {
        const { certPem, keyPem } = await made.clientCertificate("gateway");
        return { type: "certificate", username: "gateway", certificatePem: certPem, privateKeyPem: keyPem };
      },
    });
    expect((await world.kubectl(["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"])).stdout).toBe("ana");
  });

  it("a credential that the cluster does not take any more is not the person's matter", async () => {
    await using world = await startWorld([], { credential: () => ({ type: "token", username: "x", token: "old" }) });
    const { code, stderr } = await world.kubectl(["get", "ns"]);
    expect(code).toBe(1);
    expect(stderr).toContain("prod does not take the credential that is kept for it");
  });
});
