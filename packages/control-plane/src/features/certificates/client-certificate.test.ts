import "reflect-metadata";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { checkClientCertificate, issueClientCertificate } from "./client-certificate.ts";
import { createAuthority, newSerial, SIGNING } from "./x509-authority.ts";

const NOW = new Date("2026-11-30T12:00:00Z");
const END = new Date(NOW.getTime() + 3_600_000);
const FACTS = { principal: "ana", secretId: "sec_01hx5tq8v2m4k6n8p0r2t4w6y8", resource: "prod-db" };

interface Authority {
  readonly id: string;
  readonly certificate: string;
  readonly privateKey: ReturnType<typeof generateKeyPairSync>["privateKey"];
}

let ours: Authority;
let pair: ReturnType<typeof newPair>;

const newPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

async function authority(id: string, use: "postgres-client" | "kubernetes-client"): Promise<Authority> {
  const keys = newPair();
  const certificate = await createAuthority({ kid: id, use, pair: keys, now: NOW });
  return { id, certificate, privateKey: keys.privateKey };
}

beforeAll(async () => {
  ours = await authority("kid_ours", "postgres-client");
  pair = newPair();
});

const spki = () => pair.publicKey.export({ type: "spki", format: "der" });
const rawOf = (pem: string) => new X509Certificate(pem).raw;
const check = (der: Uint8Array, now = NOW) => checkClientCertificate(der, [ours], now.getTime());

async function issued(by = ours): Promise<Buffer> {
  const made = { authority: by, publicKey: spki(), facts: FACTS, now: NOW, expiresAt: END };
  return rawOf((await issueClientCertificate(made)).certificatePem);
}

/** Signed by our own authority all the same: what else than the signature is looked at? */
async function signed(extensions: readonly x509.Extension[], notBefore = NOW): Promise<Buffer> {
  const root = new x509.X509Certificate(ours.certificate);
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: "CN=ana",
    issuer: root.subjectName.toJSON(),
    notBefore,
    notAfter: END,
    signingKey: ours.privateKey.toCryptoKey(SIGNING, false, ["sign"]),
    publicKey: new x509.PublicKey(spki()),
    signingAlgorithm: SIGNING,
    extensions: [...extensions],
  });
  return Buffer.from(leaf.rawData);
}

const client = () => new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]);
const names = (value: string) => new x509.SubjectAlternativeNameExtension([{ type: "url", value }]);
const secret = () => names(`urn:tidewaiter:secret:${FACTS.secretId}`);

it("takes what it issued, and says when that ended", async () => {
  const der = await issued();
  expect(check(der)).toMatchObject({ ok: true, secretId: FACTS.secretId });
  expect(check(der, END)).toMatchObject({ ok: true, expiredAt: END.toISOString() });
  expect(check(await signed([client(), secret()]))).toMatchObject({ ok: true });
});

it("takes none that was made for another purpose, for later, or with rights of an authority", async () => {
  const kubernetes = await authority("kid_kube", "kubernetes-client");
  expect(check(await issued(kubernetes))).toEqual({ ok: false });
  // with the name of our key, too
  expect(check(await issued({ ...kubernetes, id: ours.id, certificate: ours.certificate }))).toEqual({ ok: false });
  const server = new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]);
  expect(check(await signed([server, secret()]))).toEqual({ ok: false });
  expect(check(await signed([secret()]))).toEqual({ ok: false });
  expect(check(await signed([client()]))).toEqual({ ok: false });
  expect(check(await signed([client(), names("urn:tidewaiter:secret:../../etc")]))).toEqual({ ok: false });
  const root = new x509.BasicConstraintsExtension(true, undefined, true);
  expect(check(await signed([client(), secret(), root]))).toEqual({ ok: false });
  expect(check(await signed([client(), secret()], new Date(NOW.getTime() + 600_000)))).toEqual({ ok: false });
  expect(check(rawOf(ours.certificate))).toEqual({ ok: false });
});

it("never throws, and takes no changed byte", async () => {
  const der = await issued();
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ flip;
      expect(check(changed)).toEqual({ ok: false });
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      expect(check(bytes)).toEqual({ ok: false });
    }),
  );
  expect(check(Buffer.alloc(100_000, 0x30))).toEqual({ ok: false });
});
