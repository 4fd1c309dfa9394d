import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { tempDir } from "@tidewaiter/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { ensureLocalCa, type LocalTls } from "./local-ca.ts";

const DAY_MS = 24 * 3_600_000;
const home = tempDir("ca");
let folders = 0;
const newDir = () => join(home.path, String(folders++));
afterAll(() => home.remove());

describe("ensureLocalCa", () => {
  it("makes a root and a certificate that a TLS client trusts for every name", async () => {
    const tls = await ensureLocalCa(newDir(), ["gw.example"]);
    for (const name of ["localhost", "127.0.0.1", "gw.example", "prod-db.gw.example"]) {
      expect(await handshake(tls, name)).toBe("trusted");
    }
    expect(await handshake(tls, "a.b.gw.example")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    const other = await ensureLocalCa(newDir(), []);
    expect(await handshake({ ...tls, caPem: other.caPem }, "localhost")).not.toBe("trusted");
  });

  it("keeps what it made, private to its owner", async () => {
    const dir = join(newDir(), "nested");
    const first = await ensureLocalCa(dir, ["gw.example"]);
    expect(await ensureLocalCa(dir, ["gw.example"])).toEqual(first);
    expect(readdirSync(dir).sort()).toEqual(["ca.crt", "ca.key", "server.crt", "server.key"]);
    for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it("renews the certificate before it ends, and keeps the root", async () => {
    const dir = newDir();
    const first = await ensureLocalCa(dir, []);
    const end = new X509Certificate(first.certPem).validToDate.getTime();
    const early = await ensureLocalCa(dir, [], new Date(end - 31 * DAY_MS));
    expect(early).toEqual(first);
    const renewed = await ensureLocalCa(dir, [], new Date(end - 29 * DAY_MS));
    expect(renewed.caPem).toBe(first.caPem);
    expect(new X509Certificate(renewed.certPem).validToDate.getTime()).toBeGreaterThan(end);
  });

  it.each([
    ["a name is missing", ["more.example"], () => undefined],
    [
      "the key is another one",
      [],
      (dir: string) => writeFileSync(join(dir, "server.key"), readFileSync(join(dir, "ca.key"))),
    ],
    ["the file is damaged", [], (dir: string) => writeFileSync(join(dir, "server.crt"), "damaged")],
  ])("makes a new certificate under the same root when %s", async (_why, names, damage) => {
    const dir = newDir();
    const first = await ensureLocalCa(dir, []);
    damage(dir);
    const second = await ensureLocalCa(dir, names);
    expect(second.caPem).toBe(first.caPem);
    expect(second.certPem).not.toBe(first.certPem);
    expect(await handshake(second, names[0] ?? "localhost")).toBe("trusted");
  });

  it("gives every installation a root of its own", async () => {
    const [a, b] = await Promise.all([ensureLocalCa(newDir(), []), ensureLocalCa(newDir(), [])]);
    expect(new X509Certificate(a.caPem).subject).not.toBe(new X509Certificate(b.caPem).subject);
    const root = new X509Certificate(a.caPem);
    expect(root.ca).toBe(true);
    expect(new X509Certificate(a.certPem).ca).toBe(false);
  });
});

/** "trusted", or the code of the error with which a client refuses the certificate under that name. */
async function handshake({ caPem, certPem, keyPem }: LocalTls, name: string): Promise<string> {
  const server = createServer({ cert: certPem, key: keyPem }, (socket: TLSSocket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const named = /^[\d.]+$/.test(name) ? {} : { servername: name };
  return new Promise<string>((resolve) => {
    const client = connect({ host: "127.0.0.1", port, ca: caPem, ...named });
    client.once("secureConnect", () => resolve("trusted"));
    client.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
    client.once("close", () => server.close());
  });
}
