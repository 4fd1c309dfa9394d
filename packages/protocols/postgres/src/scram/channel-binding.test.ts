import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCommand, runCommand, skipUnless, tempDir } from "@tidewaiter/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { tlsServerEndPoint } from "./channel-binding.ts";

const home = tempDir("endpoint");
afterAll(() => home.remove());

describe("tlsServerEndPoint", () => {
  const RSA = ["-newkey", "rsa:2048"];
  const cases: readonly (readonly [string, string | undefined, readonly string[]])[] = [
    ["RSA, SHA-1 becomes SHA-256", "sha256", [...RSA, "-sha1"]],
    ["RSA, SHA-384", "sha384", [...RSA, "-sha384"]],
    ["RSA-PSS, SHA-512", "sha512", [...RSA, "-sha512", "-sigopt", "rsa_padding_mode:pss"]],
    ["ECDSA, SHA-256", "sha256", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha256"]],
    ["Ed25519 has none", undefined, ["-newkey", "ed25519"]],
  ];
  for (const [name, hash, args] of cases) {
    skipUnless(hasCommand("openssl"), "openssl").it(name, async () => {
      const file = join(home.path, `${name}.crt`);
      const key = ["-nodes", "-keyout", `${file}.key`, "-out", file, "-subj", "/CN=db"];
      const made = await runCommand("openssl", ["req", "-x509", ...args, ...key]);
      expect(made.code, made.stderr).toBe(0);
      const { raw } = new X509Certificate(readFileSync(file));
      expect(tlsServerEndPoint(raw)).toEqual(hash === undefined ? undefined : createHash(hash).update(raw).digest());
      for (let end = 0; end < raw.length; end += 7) tlsServerEndPoint(raw.subarray(0, end));
    });
  }

  it("has none for what is no certificate", () => {
    expect(tlsServerEndPoint(Buffer.alloc(0))).toBeUndefined();
    expect(tlsServerEndPoint(Buffer.from("3084ffffffff", "hex"))).toBeUndefined();
  });
});
