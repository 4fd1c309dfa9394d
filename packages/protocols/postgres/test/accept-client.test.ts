import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls, createSecureContext } from "node:tls";
import { certificateAuthority, hasCommand, type PsqlOptions, runPsql, skipUnless, tempDir } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AcceptOptions } from "../src/accept-client/options.ts";
import { encodeStartup } from "../src/encode-startup.ts";
import { accountOf, psqlListener } from "./psql-listener.ts";

type Listener = Awaited<ReturnType<typeof psqlListener>>;

const SECRETS = { first: "s3cret-one", second: "s3cret-two", third: "s3cret-three" };
const home = tempDir("accept");
const rootFile = join(home.path, "root.crt");
let caPem = "";
let optional: Listener;
let required: Listener;
let clear: Listener;

beforeAll(async () => {
  const authority = await certificateAuthority();
  caPem = authority.caPem;
  writeFileSync(rootFile, caPem);
  const names = ["localhost", "prod-db.gw.example"];
  const { certPem, keyPem } = await authority.issue({ commonName: "localhost", names, usage: "server" });
  const secureContext = createSecureContext({ cert: certPem, key: keyPem });
  const ana = await accountOf(SECRETS);
  const base: AcceptOptions = {
    mockKey: randomBytes(32),
    lookupVerifiers: async (user) => (user === "ana" ? ana : undefined),
  };
  optional = await psqlListener({ ...base, tls: { policy: "optional", secureContext } });
  required = await psqlListener({ ...base, tls: { policy: "required", secureContext } });
  clear = await psqlListener(base);
});

afterAll(async () => {
  for (const listener of [optional, required, clear]) listener.close();
  await home.remove();
});

const psql = skipUnless(hasCommand("psql"), "psql");

function run(listener: Listener, more: Partial<PsqlOptions> & { readonly binding?: string } = {}) {
  const env = { PGSSLROOTCERT: rootFile, ...(more.binding ? { PGCHANNELBINDING: more.binding } : {}) };
  const args = ["-At", "-c", "select 1"];
  return runPsql({ port: listener.port, user: "ana", password: SECRETS.second, database: "shop", args, ...more, env });
}

psql.it("lets psql in, in clear text and by TLS, and says which secret it was", async () => {
  const facts = async (...given: Parameters<typeof run>) => JSON.parse((await run(...given)).stdout);
  const secret = { kind: "secret", verifierId: "second" };
  const ana = { user: "ana", database: "shop", proof: secret };
  expect(await facts(clear)).toEqual({ ...ana, tls: false, channelBinding: false });
  expect(await facts(optional, { sslmode: "disable" })).toEqual({ ...ana, tls: false, channelBinding: false });
  expect(await facts(optional, { sslmode: "require" })).toEqual({ ...ana, tls: true, channelBinding: true });
  const full = { sslmode: "verify-full", host: "localhost", binding: "require" } as const;
  expect(await facts(required, full)).toEqual({ ...ana, serverName: "localhost", tls: true, channelBinding: true });
  expect(await facts(required, { ...full, binding: "disable" })).toMatchObject({
    channelBinding: false,
    proof: secret,
  });
});

psql.it("knows each live secret and each access level", async () => {
  for (const [verifierId, password] of Object.entries(SECRETS)) {
    const { stdout } = await run(clear, { password, user: "ana/write" });
    expect(JSON.parse(stdout)).toMatchObject({ user: "ana", level: "write", proof: { kind: "secret", verifierId } });
  }
});

psql.it("takes an access token only inside TLS", async () => {
  const inside = await run(required, { user: "token", password: "an.access.token", sslmode: "require" });
  expect(JSON.parse(inside.stdout)).toMatchObject({
    user: "token",
    proof: { kind: "token", token: "an.access.token" },
  });
  const outside = await run(optional, { user: "token", password: "an.access.token", sslmode: "disable" });
  expect(outside.stderr).toContain("FATAL:  an access token is accepted only inside TLS");
});

psql.it("answers a wrong secret and an unknown user alike", async () => {
  for (const user of ["ana", "nobody", "ana/admin"]) {
    const refused = optional.next();
    const { code, stderr } = await run(optional, { user, password: "wrong", sslmode: "disable" });
    expect(code).toBe(2);
    expect(stderr).toContain(`FATAL:  password authentication failed for user "${user}"`);
    expect(await refused).toMatchObject({ kind: "refused", code: "bad_secret", sqlState: "28P01", user });
  }
});

psql.it("explains itself where it refuses", async () => {
  const plain = await run(required, { sslmode: "disable" });
  expect(plain.stderr).toContain("FATAL:  this port accepts encrypted connections only");
  expect(plain.stderr).toContain("sslmode=require");
  const level = await run(clear, { user: "ana/root" });
  expect(level.stderr).toContain("FATAL:  the access level behind the slash is unknown");
  const args = ["-d", "replication=database dbname=shop", "-c", "IDENTIFY_SYSTEM"];
  const replication = await run(clear, { args });
  expect(replication.stderr).toContain("FATAL:  replication connections are not supported through Tidewaiter");
});

it("speaks direct TLS with ALPN, and refuses it without", async () => {
  const startup = encodeStartup({
    name: "StartupMessage",
    major: 3,
    minor: 0,
    parameters: new Map([["user", "token"]]),
  });
  const answer = async (ALPNProtocols: string[] | undefined) => {
    const options = { port: required.port, host: "127.0.0.1", ca: caPem, servername: "prod-db.gw.example" };
    const socket = connectTls({ ...options, ...(ALPNProtocols ? { ALPNProtocols } : {}) });
    const outcome = required.next();
    socket.write(startup);
    const [chunk] = await new Promise<[Buffer]>((resolve) => socket.once("data", (data: Buffer) => resolve([data])));
    socket.destroy();
    return { chunk, outcome: await outcome };
  };
  const direct = await answer(["postgresql"]);
  expect(direct.chunk.toString("hex")).toBe("520000000800000003");
  expect(direct.outcome).toEqual({
    kind: "refused",
    code: "client_left",
    user: "token",
    serverName: "prod-db.gw.example",
  });
  const nameless = await answer(undefined);
  expect(nameless.chunk.toString("latin1")).toContain("without ALPN protocol negotiation");
});
