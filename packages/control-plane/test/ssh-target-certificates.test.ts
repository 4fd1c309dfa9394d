import { createPrivateKey, createPublicKey } from "node:crypto";
import type { OpenedCredential } from "@tidewaiter/core";
import { decodeCertificate } from "@tidewaiter/toolkit/ssh-certificate/certificate";
import { checkCertificate } from "@tidewaiter/toolkit/ssh-certificate/check-certificate";
import {
  ed25519PublicKey,
  formatPublicKeyLine,
  parsePublicKeyLine,
} from "@tidewaiter/toolkit/ssh-certificate/public-key";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./running.ts";
import { expectStatus, openSession, setTheScene } from "./scene.ts";

describe("certificates for SSH targets", () => {
  let harness: Harness;
  let anaId: string;
  let call: Harness["call"];
  const url = "/v1/resources/shop/credentials/read";
  const byCertificate = { type: "ssh_certificate", username: "deploy" };

  beforeAll(async () => {
    harness = await startHarness("sqlite");
    ({ call } = harness);
    ({ anaId } = await setTheScene(harness, "ssh"));
    await expectStatus(call("PUT", url, byCertificate), 204);
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const open = async () => {
    const session = await openSession(harness, anaId, { protocol: "ssh" });
    return { session, ...facts(await harness.port.openCredential(session.id)) };
  };
  const authorities = async (use = "ssh-target"): Promise<string[]> => {
    const listed = (await call("GET", `/v1/certificate-authorities?use=${use}`)).json;
    return listed.authorities.map(({ publicKey }: { publicKey: string }) => publicKey);
  };

  it("are made for each login, and name the session and the person", async () => {
    const { session, certificate, key, blob } = await open();
    expect(certificate).toMatchObject({
      kind: "user",
      keyId: `${session.id} ana`,
      principals: ["deploy", "deploy@shop"],
    });
    expect([...certificate.extensions.keys()].map((name) => name.replace("permit-", ""))).toEqual([
      "X11-forwarding",
      "agent-forwarding",
      "port-forwarding",
      "pty",
    ]);
    expect(Number(certificate.validBefore) * 1000 - harness.clock.now()).toBeLessThanOrEqual(5 * 60_000);
    expect(formatPublicKeyLine(certificate.key)).toBe(formatPublicKeyLine(key));
    const [line = ""] = await authorities();
    expect(line).toContain("tidewaiter-ssh-target");
    const trusted = [parsePublicKeyLine(line)];
    const expected = { kind: "user", principal: "deploy", now: harness.clock.now(), address: "" } as const;
    expect(checkCertificate(blob, { ...expected, authorities: trusted })).toMatchObject({ ok: true });
    expect(formatPublicKeyLine((await open()).certificate.key)).not.toBe(formatPublicKeyLine(certificate.key));
  });

  it("come from an authority that signs nothing else, and are good for nothing at the gateway", async () => {
    const own = new Set(await authorities());
    const all = [...(await authorities("ssh-user")), ...(await authorities("ssh-host"))];
    expect(all.filter((line) => own.has(line))).toEqual([]);
    const { blob } = await open();
    const proof = { type: "ssh_certificate", principalName: "deploy", address: "127.0.0.1" } as const;
    const certificate = blob.toString("base64");
    expect(await harness.port.authenticate({ ...proof, certificate })).toEqual({ ok: false, reason: "foreign" });
  });

  it("are given to a check as well", async () => {
    const request = { gatewayId: "gw_one", resourceName: "shop", level: "read" } as const;
    const checked = await harness.port.authorizeCheck(request);
    if (!checked.ok) throw new Error(checked.detail);
    expect(facts(checked.credential).certificate.keyId).toMatch(/^ses_\w+ resources check$/);
  });

  it("are set by documents, which change nothing the second time", async () => {
    const apply = (credential: object) => {
      const target = { protocol: "ssh", target: { host: "db.internal" }, agent: "site", tags: { env: "prod" } };
      const source = JSON.stringify({ kind: "resource", name: "shop", ...target, credentials: { read: credential } });
      return call("POST", "/v1/apply", { documents: [{ name: "shop.yaml", source }] });
    };
    expect((await apply({ ...byCertificate, username: "ops" })).json.changes[0]).toMatchObject({ action: "update" });
    expect((await apply({ ...byCertificate, username: "ops" })).json.changes[0]).toMatchObject({ action: "none" });
    expect((await apply({ type: "ssh_certificate" })).text).toContain("a username and no reference");
    expect((await apply({ username: "ops" })).text).toContain("a reference is missing");
    expect((await apply({ ...byCertificate, reference: "env:X" })).status).toBe(400);
    await expectStatus(call("PUT", url, byCertificate), 204);
  });

  it("take the right to the credentials of all resources, since every host takes them", async () => {
    const permissions = ["resources.read", "resources.write", "credentials.write"];
    await expectStatus(call("PUT", "/v1/roles/prod-keeper", { permissions, scope: { env: "prod" } }), 200);
    const kim = await harness.addUser("kim", ["prod-keeper"]);
    const password = { type: "password", username: "x", password: "a-password-of-the-target" };
    const move = { target: { host: "elsewhere" } };
    expect((await call("PUT", url, { ...byCertificate, username: "root" }, kim)).status).toBe(403);
    expect((await call("PATCH", "/v1/resources/shop", move, kim)).status).toBe(403);
    await expectStatus(call("PUT", url, password, kim), 204);
    await expectStatus(call("PATCH", "/v1/resources/shop", move, kim), 200);
    await expectStatus(call("PUT", url, byCertificate), 204);
  });

  it("go on under the old key until the new one had its day to get to the hosts, or at once when asked", async () => {
    const signer = async () => formatPublicKeyLine((await open()).certificate.signatureKey);
    const rotate = async (body: object): Promise<number> => {
      const rotated = await expectStatus(call("POST", "/v1/certificate-authorities/ssh-target/rotate", body), 200);
      return Date.parse(rotated.json.issuesFrom) - harness.clock.now();
    };
    const first = await signer();
    expect(await rotate({ afterSeconds: 0 })).toBe(0);
    const second = await signer();
    expect(second).not.toBe(first);
    expect(await rotate({})).toBe(24 * 3600_000);
    expect(await authorities()).toHaveLength(3);
    harness.clock.advance(23 * 3600_000);
    expect(await signer()).toBe(second);
    harness.clock.advance(3601_000);
    expect(await signer()).not.toBe(second);
  });
});

function facts(opened: OpenedCredential) {
  if (opened.type !== "ssh_certificate") throw new Error(`a credential of type ${opened.type}`);
  const blob = Buffer.from(opened.certificate, "base64");
  const key = ed25519PublicKey(createPublicKey(createPrivateKey(opened.privateKeyPem)));
  return { blob, key, certificate: decodeCertificate(blob) };
}
