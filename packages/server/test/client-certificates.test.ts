import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { eventually, hasCommand, runPsql, skipUnless, tempDir } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packet, SSL_REQUEST, startup } from "./raw-client.ts";
import { World } from "./world.ts";

let world: World;
const folder = tempDir("certificates");

beforeAll(async () => {
  world = await World.start({
    principals: [
      { name: "ana", type: "user", level: "write" },
      { name: "mia", type: "user", level: "read" },
    ],
  });
  const { host, port } = world.target;
  const target = { host, port, database: "postgres", tls: { mode: "disable" } };
  await world.apply(
    { kind: "resource", name: "other-db", protocol: "postgres", agent: "site", target },
    { kind: "grant", name: "ana-other", principal: "ana", resource: "other-db", level: "read" },
  );
  await world.api("PUT", "/v1/resources/other-db/credentials/read", { type: "trust", username: "postgres" });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await folder.remove();
});

const file = (name: string) => join(folder.path, name);
const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder.path, stdio: "pipe" });

function request(name: string): string {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", `${name}.key`];
  openssl("req", "-new", ...key, "-out", `${name}.csr`, "-subj", "/CN=whatever");
  return readFileSync(file(`${name}.csr`), "utf8");
}

async function issue(name: string, more: object = {}) {
  const body = { resource: "prod-db", request: request(name), ...more };
  const made = (await world.api("POST", "/v1/certificates", body, "ana")) as {
    id: string;
    certificatePem: string;
    endpoint: { caPem: string };
  };
  writeFileSync(file(`${name}.crt`), made.certificatePem);
  writeFileSync(file("root.crt"), made.endpoint.caPem);
  return made;
}

interface As {
  readonly user?: string;
  readonly database?: string;
  readonly password?: string;
  readonly sql?: string;
}

const psql = (name: string, { user = "ana", database = "prod-db", password, sql = "select 1" }: As = {}) =>
  runPsql({
    host: "localhost",
    port: world.port,
    user,
    database,
    ...(password === undefined ? {} : { password }),
    sslmode: "verify-full",
    args: ["-A", "-t", "-c", sql],
    env: { PGSSLCERT: file(`${name}.crt`), PGSSLKEY: file(`${name}.key`), PGSSLROOTCERT: file("root.crt") },
  });

const certificates = skipUnless(hasCommand("psql") && hasCommand("openssl"), "psql and openssl");

certificates.describe("a client certificate of our own", () => {
  it("logs in without a password, at the level asked for", async () => {
    const { id } = await issue("good");
    expect(await psql("good")).toMatchObject({ code: 0, stdout: "1\n" });
    const level = await psql("good", { user: "ana/write", sql: "select current_setting('tidewaiter.principal')" });
    expect(level).toMatchObject({ code: 0, stdout: "ana\n" });
    const { secrets } = (await world.api("GET", "/v1/connection-secrets", undefined, "ana")) as {
      secrets: { id: string; uses: number }[];
    };
    expect(secrets.find((secret) => secret.id === id)).toMatchObject({ kind: "certificate", uses: 2 });
  });

  it("is for its principal and its resource", async () => {
    await issue("mine");
    const another = await psql("mine", { user: "mia" });
    expect([another.code, another.stderr]).toEqual([
      2,
      expect.stringContaining('FATAL:  the client certificate is not for user "mia"'),
    ]);
    expect((await world.audit("authentication.refused"))[0]?.data).toMatchObject({
      kind: "certificate",
      reason: "other_principal",
    });
    expect((await psql("mine", { database: "other-db" })).stderr).toContain(
      "FATAL:  the connection secret is for another resource",
    );
  });

  it("revoked ends its sessions within 5 s, and logs in no more", async () => {
    const { id } = await issue("gone");
    const running = psql("gone", { sql: "select pg_sleep(60)" });
    await eventually(async () => {
      const { sessions } = (await world.api("GET", "/v1/sessions?state=live")) as { sessions: unknown[] };
      return sessions.length === 1;
    });
    const since = Date.now();
    await world.api("DELETE", `/v1/connection-secrets/${id}`, undefined, "ana");
    expect((await running).stderr).toContain("the connection secret was revoked");
    expect(Date.now() - since).toBeLessThan(5_000);
    const { stderr } = await psql("gone");
    expect(stderr).toContain(
      "FATAL:  client certificate for prod-db was revoked\nHINT:  tw connect --certificate prod-db",
    );
  });

  it("works as often as it was made for", async () => {
    await issue("once", { uses: 1 });
    expect(await psql("once")).toMatchObject({ code: 0 });
    expect((await psql("once")).stderr).toContain("has been used as often as it may be");
  });
});

it.each(["TLSv1.2", "TLSv1.3"] as const)("a client may resume its TLS session with %s", async (maxVersion) => {
  let session: Buffer | undefined;
  for (const resumed of [false, true]) {
    const raw = connectTcp(world.port, "127.0.0.1");
    raw.write(packet(SSL_REQUEST));
    await once(raw, "data");
    const socket = connectTls({ socket: raw, rejectUnauthorized: false, maxVersion, ...(session && { session }) });
    socket.on("session", (made: Buffer) => {
      session = made;
    });
    await once(socket, "secureConnect");
    expect(socket.isSessionReused()).toBe(resumed);
    socket.write(startup({ user: "ana", database: "prod-db" }));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString("latin1")).toContain("SCRAM-SHA-256-PLUS");
    await eventually(() => session !== undefined);
    socket.destroy();
  }
});

certificates.describe("a certificate of somebody else", () => {
  const selfSigned = (name: string) =>
    openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.crt`,
      "-subj",
      "/CN=ana",
    );

  it("proves nothing, and is written down when nothing else does", async () => {
    await issue("root-of-ours");
    selfSigned("foreign");
    const { code, stderr } = await psql("foreign");
    expect([code, stderr]).toEqual([2, expect.stringContaining("no password supplied")]);
    await eventually(async () => {
      const [event] = await world.audit("login.refused");
      return event?.data.reason === "foreign_certificate" && event.data.user === "ana";
    });
  });

  it("does not keep anybody out who has a secret", async () => {
    selfSigned("unrelated");
    const password = await world.secretOf("ana");
    expect(await psql("unrelated", { password })).toMatchObject({ code: 0, stdout: "1\n" });
  });

  it("made with a certificate of ours is none of ours", async () => {
    await issue("parent");
    request("child");
    writeFileSync(file("ext.cnf"), "extendedKeyUsage=clientAuth\n");
    openssl(
      "x509",
      "-req",
      "-in",
      "child.csr",
      "-CA",
      "parent.crt",
      "-CAkey",
      "parent.key",
      "-CAcreateserial",
      "-out",
      "leaf.crt",
      "-extfile",
      "ext.cnf",
    );
    // With its parent behind it, as a chain.
    writeFileSync(file("child.crt"), readFileSync(file("leaf.crt"), "utf8") + readFileSync(file("parent.crt"), "utf8"));
    expect((await psql("child")).stderr).toContain("no password supplied");
  });
});
