import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { hasCommand, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { derBase64, OpensslFolder } from "./client-certificates.ts";
import { type Harness, startHarness } from "./running.ts";
import { expectStatus, openSession, sessionRequest, setTheScene } from "./scene.ts";

describe.each(["sqlite", "postgres"] as const)("client certificates on %s", (store) => {
  let harness: Harness;
  let scene: Awaited<ReturnType<typeof setTheScene>>;
  const openssl = new OpensslFolder();

  beforeAll(async () => {
    harness = await startHarness(store);
    scene = await setTheScene(harness);
  });
  afterAll(async () => {
    openssl[Symbol.dispose]();
    await harness[Symbol.asyncDispose]();
  });

  const issue = async (name: string, more: object = {}, algorithm?: string[]) => {
    const body = { resource: "shop", request: openssl.request(name, algorithm), ...more };
    const answer = await expectStatus(harness.call("POST", "/v1/certificates", body, scene.anaToken), 201);
    openssl.write(`${name}.crt`, answer.json.certificatePem);
    return answer.json as { id: string; certificatePem: string; expiresAt: string; username: string };
  };
  const prove = (pem: string, principalName = "ana") =>
    harness.port.authenticate({ type: "certificate", principalName, certificate: derBase64(pem) });
  const refused = async () =>
    (await harness.call("GET", "/v1/audit?type=authentication.refused&order=newest&limit=1")).json.events[0].data;

  it("issues one for a key that it never saw, bound to principal, resource and id", async () => {
    const { id, certificatePem, expiresAt, username } = await issue("good", { ttlSeconds: 600 });
    const leaf = new X509Certificate(certificatePem);
    expect(username).toBe("ana");
    expect(leaf.subject).toBe("O=Tidewaiter\nCN=ana");
    expect(leaf.subjectAltName).toBe(`URI:urn:tidewaiter:secret:${id}, URI:urn:tidewaiter:resource:shop`);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(leaf.validToDate.toISOString()).toBe(expiresAt);
    const { authorities } = (await harness.call("GET", "/v1/certificate-authorities?use=postgres-client")).json;
    openssl.write("ca.crt", authorities[0].certificate);
    const at = String(Math.floor(harness.clock.now() / 1000));
    expect(openssl.run("verify", "-attime", at, "-purpose", "sslclient", "-CAfile", "ca.crt", "good.crt")).toBe(
      "good.crt: OK\n",
    );
    const proof = await prove(certificatePem);
    expect(proof).toMatchObject({ ok: true, principal: { name: "ana" }, secretId: id, resourceName: "shop" });
  });

  it("signs any strong key, and none that is weak or not its sender's", async () => {
    await issue("rsa", {}, ["rsa:2048"]);
    await issue("ed", {}, ["ed25519"]);
    const ask = (request: string) =>
      harness.call("POST", "/v1/certificates", { resource: "shop", request }, scene.anaToken);
    expect((await ask(openssl.request("weak", ["rsa:1024"]))).status).toBe(400);
    const [head, ...rest] = openssl.request("broken").split("\n");
    const middle = rest[3] ?? "";
    rest[3] = (middle.startsWith("A") ? "B" : "A") + middle.slice(1);
    expect((await ask([head, ...rest].join("\n"))).status).toBe(400);
    expect((await ask("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----")).status).toBe(
      400,
    );
  });

  it("takes none that was made by another authority, by a leaf of ours, for another use or with changed bytes", async () => {
    const { certificatePem } = await issue("mine");
    const leaf = { certificate: "mine.crt", key: "mine.key" };
    const san = new X509Certificate(certificatePem).subjectAltName?.replaceAll(", ", ",") ?? "";
    const extensions = `extendedKeyUsage=clientAuth\nsubjectAltName=${san}\n`;
    openssl.request("child");
    expect(await prove(openssl.sign("child", leaf, extensions))).toEqual({ ok: false, reason: "foreign" });

    // The same names as ours, another key.
    const { authorities } = (await harness.call("GET", "/v1/certificate-authorities?use=postgres-client")).json;
    const issuer = `/O=Tidewaiter/OU=postgres-client/CN=${authorities[0].id}`;
    openssl.run(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      "twin.key",
      "-out",
      "twin.crt",
      "-subj",
      issuer,
    );
    openssl.request("forged");
    const forged = openssl.sign("forged", { certificate: "twin.crt", key: "twin.key" }, extensions);
    expect(await prove(forged)).toEqual({ ok: false, reason: "foreign" });

    const bytes = Buffer.from(derBase64(certificatePem), "base64");
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    const proof = { type: "certificate", principalName: "ana", certificate: bytes.toString("base64") } as const;
    expect(await harness.port.authenticate(proof)).toEqual({ ok: false, reason: "foreign" });
    for (const certificate of ["", "AAAA", Buffer.alloc(20_000, 0x30).toString("base64")]) {
      expect(await harness.port.authenticate({ ...proof, certificate })).toEqual({ ok: false, reason: "foreign" });
    }
  });

  it("refuses an expired, revoked, used up and another's one, and writes it down", async () => {
    const once = await issue("once", { uses: 1 });
    expect(await prove(once.certificatePem)).toMatchObject({ ok: true });
    expect(await prove(once.certificatePem)).toMatchObject({ ok: false, reason: "used_up" });
    const live = await issue("live");
    expect(await prove(live.certificatePem, "root")).toMatchObject({ ok: false, reason: "other_principal" });
    expect(await refused()).toMatchObject({ kind: "certificate", reason: "other_principal", secret: live.id });
    const session = await openSession(harness, scene.anaId, { secretId: live.id });
    await harness.call("DELETE", `/v1/connection-secrets/${live.id}`, undefined, scene.anaToken);
    expect(await prove(live.certificatePem)).toMatchObject({ ok: false, reason: "revoked" });
    const counters = { statements: 0, refused: 0, held: 0, rows: 0, bytesToClient: 0, bytesToTarget: 0 };
    const [lease] = await harness.port.renewLeases("gw_one", [{ sessionId: session.id, counters }]);
    expect(lease).toMatchObject({ ok: false, reason: "the connection secret was revoked" });
    const short = await issue("short", { ttlSeconds: 60 });
    harness.clock.advance(61_000);
    expect(await prove(short.certificatePem)).toMatchObject({ ok: false, reason: "expired", resourceName: "shop" });
  });

  it("opens only the resource that it was made for", async () => {
    const { id } = await issue("shop-only");
    const other = { name: "other", protocol: "postgres", target: { host: "db2.internal" }, agent: "site" };
    await expectStatus(harness.call("POST", "/v1/resources", other), 201);
    const credential = { type: "password", username: "x", password: "a-password-of-the-target" };
    await harness.call("PUT", "/v1/resources/other/credentials/read", credential);
    await harness.call("POST", "/v1/grants", { principal: "ana", resource: "other" });
    const request = sessionRequest(scene.anaId, { secretId: id, resourceName: "other" });
    expect(await harness.port.authorizeSession(request)).toMatchObject({ ok: false, reason: "secret_other_resource" });
  });

  it("is listed and revoked with the other secrets, and stays good through a rotation", async () => {
    const { id, certificatePem } = await issue("before");
    const list = (await harness.call("GET", "/v1/connection-secrets", undefined, scene.anaToken)).json.secrets;
    expect(list.find((secret: { id: string }) => secret.id === id)).toMatchObject({
      kind: "certificate",
      resource: "shop",
    });
    await expectStatus(harness.call("POST", "/v1/certificate-authorities/postgres-client/rotate", {}), 200);
    harness.clock.advance(120_000);
    const after = await issue("after");
    expect(new X509Certificate(after.certificatePem).issuer).not.toBe(new X509Certificate(certificatePem).issuer);
    expect(await prove(certificatePem)).toMatchObject({ ok: true });
    expect(await prove(after.certificatePem)).toMatchObject({ ok: true });
    expect((await harness.call("POST", "/v1/certificate-authorities/ssh-user/rotate", {}, scene.anaToken)).status).toBe(
      403,
    );
    const { authorities } = (await harness.call("GET", "/v1/certificate-authorities?use=postgres-client")).json;
    expect(authorities).toHaveLength(2);
    const use = (await harness.call("GET", "/v1/certificate-authorities?use=ssh-user")).json.authorities;
    expect(use).toMatchObject([{ use: "ssh-user", certificate: null, publicJwk: { crv: "Ed25519" } }]);
  });

  it("lives as long as the resource's rules say", async () => {
    await expectStatus(
      harness.call("PATCH", "/v1/resources/shop", { secrets: { ttl: "10m", maxTtl: "1h", singleUse: true } }),
      200,
    );
    const made = await issue("ruled");
    expect(Date.parse(made.expiresAt) - harness.clock.now()).toBe(600_000);
    const body = { resource: "shop", request: openssl.request("long"), ttlSeconds: 7200 };
    const long = await harness.call("POST", "/v1/certificates", body, scene.anaToken);
    expect([long.status, long.json.detail]).toEqual([400, "shop: a secret lives at most 1h"]);
    const list = (await harness.call("GET", "/v1/connection-secrets", undefined, scene.anaToken)).json.secrets;
    expect(list.find((secret: { id: string }) => secret.id === made.id)).toMatchObject({ usesLeft: 1 });
    // A secret for any resource gets round no rule of this one.
    const any = (await harness.call("POST", "/v1/connection-secrets", {}, scene.anaToken)).json;
    const request = sessionRequest(scene.anaId, { secretId: any.id });
    expect(await harness.port.authorizeSession(request)).toMatchObject({
      ok: false,
      detail: "shop takes only secrets made for it, once",
    });
    await harness.call("PATCH", "/v1/resources/shop", { secrets: { maxTtl: 60 } });
    harness.clock.advance(61_000);
    expect(await harness.port.authorizeSession(request)).toMatchObject({ ok: false, reason: "secret_other_resource" });
    expect(await harness.call("PATCH", "/v1/resources/shop", { secrets: { ttl: "2h", maxTtl: "1h" } })).toMatchObject({
      status: 400,
    });
    await expectStatus(harness.call("PATCH", "/v1/resources/shop", { secrets: null }), 200);
  });
});

describe("SSH user certificates", () => {
  let harness: Harness;
  let scene: Awaited<ReturnType<typeof setTheScene>>;
  const keys = new OpensslFolder();
  const keygen = (...args: string[]) =>
    execFileSync("ssh-keygen", args, { cwd: keys.path, encoding: "utf8", env: { ...process.env, TZ: "UTC" } });

  beforeAll(async () => {
    harness = await startHarness();
    scene = await setTheScene(harness);
  });
  afterAll(async () => {
    keys[Symbol.dispose]();
    await harness[Symbol.asyncDispose]();
  });

  const issue = async (name: string, more: object = {}) => {
    keygen("-q", "-t", "ed25519", "-N", "", "-f", name);
    const body = { resource: "shop", publicKey: readFileSync(keys.file(`${name}.pub`), "utf8"), ...more };
    const made = await expectStatus(harness.call("POST", "/v1/ssh-certificates", body, scene.anaToken), 201);
    keys.write(`${name}-cert.pub`, made.json.certificateLine);
    return made.json as { id: string; certificateLine: string };
  };
  const prove = ({ certificateLine }: { certificateLine: string }, principalName = "ana") => {
    const certificate = certificateLine.split(" ")[1] ?? "";
    return harness.port.authenticate({ type: "ssh_certificate", principalName, certificate, address: "192.0.2.7" });
  };

  skipUnless(hasCommand("ssh-keygen"), "ssh-keygen").it(
    "are read by ssh-keygen, taken once shown, and revoked like other secrets",
    async () => {
      const made = await issue("id_good", { ttlSeconds: 3600 });
      const shown = keygen("-L", "-f", "id_good-cert.pub");
      expect(shown).toContain(`Key ID: "${made.id}"`);
      expect(shown).toMatch(/Principals: \n +ana\n/);
      expect(shown).toContain("Valid: from 2026-03-01T07:55:00 to 2026-03-01T09:00:00");
      expect(shown).toContain("resource@tidewaiter");
      expect(await prove(made)).toMatchObject({
        ok: true,
        principal: { name: "ana" },
        secretId: made.id,
        resourceName: "shop",
      });
      expect(await prove(made, "root")).toEqual({ ok: false, reason: "other_principal" });
      const { secrets } = (await harness.call("GET", "/v1/connection-secrets", undefined, scene.anaToken)).json;
      expect(secrets).toMatchObject([{ id: made.id, kind: "ssh_certificate", uses: 1 }]);
      await harness.call("DELETE", `/v1/connection-secrets/${made.id}`, undefined, scene.anaToken);
      expect(await prove(made)).toMatchObject({ ok: false, reason: "revoked" });
      const { authorities } = (await harness.call("GET", "/v1/certificate-authorities?use=ssh-user")).json;
      expect(shown).toContain(authorities[0].publicKey.split(" ")[0] === "ssh-ed25519" ? "ED25519 SHA256:" : "nothing");
      const fingerprint =
        keygen("-l", "-f", keys.write("ca.pub", `${authorities[0].publicKey}\n`)).split(" ")[1] ?? "none";
      expect(shown).toContain(fingerprint);
    },
  );

  skipUnless(hasCommand("ssh-keygen"), "ssh-keygen").it(
    "end, and are worth nothing when another authority signed them",
    async () => {
      const short = await issue("id_short", { ttlSeconds: 60 });
      harness.clock.advance(61_000);
      expect(await prove(short)).toMatchObject({ ok: false, reason: "expired", expiredAt: "2026-03-01T08:01:00.000Z" });
      keygen("-q", "-t", "ed25519", "-N", "", "-f", "other-ca");
      keygen("-q", "-s", "other-ca", "-I", "x", "-n", "ana", "id_short.pub");
      const forged = readFileSync(keys.file("id_short-cert.pub"), "utf8");
      expect(await prove({ certificateLine: forged })).toEqual({ ok: false, reason: "foreign" });
      const bad = { resource: "shop", publicKey: "ssh-rsa AAAA" };
      expect((await harness.call("POST", "/v1/ssh-certificates", bad, scene.anaToken)).status).toBe(400);
    },
  );
});
