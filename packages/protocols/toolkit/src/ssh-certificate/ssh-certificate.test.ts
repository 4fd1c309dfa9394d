import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCommand, skipUnless, tempDir } from "@tidewaiter/testkit";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { decodeCertificate, encodeCertificate, encodeUnsigned, type SshCertificate } from "./certificate.ts";
import { type CertificateExpectation, checkCertificate } from "./check-certificate.ts";
import { formatCertificateLine, issueCertificate, type NewCertificate } from "./issue-certificate.ts";
import {
  decodePublicKey,
  ed25519PublicKey,
  encodePublicKey,
  formatPublicKeyLine,
  parsePublicKeyLine,
} from "./public-key.ts";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const seconds = (instant: number) => BigInt(Math.floor(instant / 1000));
const authority = generateKeyPairSync("ed25519");
const authorityKey = ed25519PublicKey(authority.publicKey);
const user = ed25519PublicKey(generateKeyPairSync("ed25519").publicKey);

const wanted: NewCertificate = {
  key: user,
  kind: "user",
  keyId: "sec_01",
  principals: ["ana"],
  validAfter: seconds(NOW) - 60n,
  validBefore: seconds(NOW) + 3600n,
  criticalOptions: new Map(),
  extensions: new Map([["permit-pty", ""]]),
};
const expected: CertificateExpectation = {
  kind: "user",
  authorities: [authorityKey],
  principal: "ana",
  now: NOW,
  address: "192.0.2.7",
};
const issue = (more: Partial<NewCertificate> = {}, key = authority.privateKey) =>
  issueCertificate({ ...wanted, ...more }, key);
const problem = (blob: Buffer, more: Partial<CertificateExpectation> = {}) => {
  const checked = checkCertificate(blob, { ...expected, ...more });
  return checked.ok ? undefined : checked.problem;
};

describe("a certificate of ours", () => {
  it("says what was put into it", () => {
    const options = new Map([["source-address", "192.0.2.0/24"]]);
    const decoded = decodeCertificate(issue({ criticalOptions: options }));
    expect(decoded).toMatchObject({ ...wanted, criticalOptions: options, signatureKey: authorityKey });
    expect(decoded.nonce).toHaveLength(32);
    expect(checkCertificate(issue(), expected)).toMatchObject({ ok: true, certificate: { keyId: "sec_01" } });
  });

  it("is good for its principal, its time and its address only", () => {
    expect(problem(issue(), { principal: "mia" })).toBe("other_principal");
    expect(problem(issue(), { now: NOW + 3_600_000 })).toBe("expired");
    expect(problem(issue(), { now: NOW + 3_599_000 })).toBeUndefined();
    expect(problem(issue(), { now: NOW - 7_200_000 })).toBe("not_yet");
    const from = (value: string) => issue({ criticalOptions: new Map([["source-address", value]]) });
    expect(problem(from("10.0.0.0/8,192.0.2.7"))).toBeUndefined();
    expect(problem(from("192.0.2.8"))).toBe("other_address");
    expect(problem(from("2001:db8::/32"), { address: "2001:db8::5" })).toBeUndefined();
    for (const value of ["", "192.0.2.7/33", "nonsense", "192.0.2.7,", "192.0.2.7/-1"]) {
      expect(problem(from(value))).toBe("other_address");
    }
  });

  it("is refused for a critical option that nobody here knows", () => {
    const blob = issue({ criticalOptions: new Map([["resource@tidewaiter", "web-1"]]) });
    expect(problem(blob)).toBe("unknown_option");
    expect(problem(blob, { knownOptions: ["resource@tidewaiter"] })).toBeUndefined();
  });

  it("is foreign from another authority, as a host's, and with any bit changed", () => {
    expect(problem(issue({}, generateKeyPairSync("ed25519").privateKey))).toBe("foreign");
    expect(problem(issue({ kind: "host" }))).toBe("foreign");
    expect(problem(issue(), { authorities: [] })).toBe("foreign");
    const blob = issue();
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const changed = Buffer.from(blob);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(problem(changed)).toBe("foreign");
    }
  });

  it("is made for somebody and for a time", () => {
    expect(() => issue({ principals: [] })).toThrow(RangeError);
    expect(() => issue({ validBefore: wanted.validAfter })).toThrow(RangeError);
  });
});

describe("decoding", () => {
  const text = fc.stringMatching(/^[ -~é€]{0,20}$/);
  const options = fc.dictionary(text, text, { maxKeys: 5 }).map(
    (record) =>
      new Map(
        Object.entries(record)
          .filter(([name]) => name !== "")
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
  );
  const uint64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });

  it("after encoding is the identity", () => {
    const certificates: fc.Arbitrary<SshCertificate> = fc.record({
      key: fc.constant(user),
      nonce: fc.uint8Array({ minLength: 16, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      serial: uint64,
      kind: fc.constantFrom("user" as const, "host" as const),
      keyId: text,
      principals: fc.array(text, { maxLength: 5 }),
      validAfter: uint64,
      validBefore: uint64,
      criticalOptions: options,
      extensions: options,
      signatureKey: fc.constant(authorityKey),
    });
    fc.assert(
      fc.property(certificates, fc.uint8Array({ maxLength: 80 }), (certificate, signature) => {
        const unsigned = encodeUnsigned(certificate);
        const decoded = decodeCertificate(encodeCertificate(unsigned, Buffer.from(signature)));
        expect(decoded).toEqual({ ...certificate, signed: unsigned, signature: Buffer.from(signature) });
      }),
    );
  });

  it("of anything is a ProtocolError or a certificate", () => {
    const good = issue();
    const cut = fc.nat(good.length).map((length) => good.subarray(0, length));
    const spliced = fc
      .tuple(fc.nat(good.length), fc.nat(40), fc.uint8Array({ maxLength: 40 }))
      .map(([at, gone, bytes]) => Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + gone)]));
    const random = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(cut, spliced, random), (blob) => {
        for (const decode of [decodeCertificate, decodePublicKey]) {
          try {
            decode(blob);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
        if (!blob.equals(good)) expect(problem(blob)).toBe("foreign");
      }),
      { numRuns: 2_000 },
    );
    expect(() => decodeCertificate(Buffer.alloc(20_000))).toThrow(ProtocolError);
  });

  it("refuses options out of order or twice, and text that speaks to a terminal", () => {
    const swap = (from: string, to: string) =>
      Buffer.from(
        issue({
          extensions: new Map([
            ["a", ""],
            ["b", ""],
          ]),
          keyId: "keyid",
        })
          .toString("latin1")
          .replace(from, to),
        "latin1",
      );
    expect(() => decodeCertificate(swap("keyid", "key\u001bd"))).toThrow("key id is no plain text");
    expect(() => decodeCertificate(swap("\0\0\0\x01a", "\0\0\0\x01b"))).toThrow("options");
    expect(() => decodeCertificate(swap("\0\0\0\x01a", "\0\0\0\x01c"))).toThrow("options");
  });

  it("takes no weak key", () => {
    const line = (bits: number) => {
      const { n = "", e = "" } = generateKeyPairSync("rsa", { modulusLength: bits }).publicKey.export({
        format: "jwk",
      });
      const mpint = (text: string) => Buffer.concat([Buffer.from([0]), Buffer.from(text, "base64url")]);
      return formatPublicKeyLine({ type: "ssh-rsa", fields: [Buffer.from(e, "base64url"), mpint(n)] });
    };
    expect(() => parsePublicKeyLine(line(1024))).toThrow("too weak");
    expect(parsePublicKeyLine(line(2048)).type).toBe("ssh-rsa");
    expect(() => parsePublicKeyLine("ssh-dss AAAAB3NzaC1kc3M=")).toThrow(ProtocolError);
    expect(() => parsePublicKeyLine(formatPublicKeyLine(user).replace("ssh-ed25519", "ssh-rsa"))).toThrow(
      ProtocolError,
    );
  });
});

skipUnless(hasCommand("ssh-keygen"), "ssh-keygen").describe("beside ssh-keygen", () => {
  const folder = tempDir("ssh");
  afterAll(() => folder.remove());
  const keygen = (...args: string[]) =>
    execFileSync("ssh-keygen", args, { cwd: folder.path, encoding: "utf8", env: { ...process.env, TZ: "UTC" } });

  it.each([
    ["ed25519", []],
    ["rsa", ["-b", "2048"]],
    ["ecdsa", ["-b", "256"]],
    ["ecdsa", ["-b", "384"]],
    ["ecdsa", ["-b", "521"]],
  ])("it reads ours for a %s %j key, and we read its own", (type, bits) => {
    const name = `${type}${bits[1] ?? ""}`;
    keygen("-q", "-t", type, ...bits, "-N", "", "-f", name);
    const line = readFileSync(join(folder.path, `${name}.pub`), "utf8");
    const key = parsePublicKeyLine(line);
    expect(line.startsWith(formatPublicKeyLine(key))).toBe(true);
    const blob = issue({ key, criticalOptions: new Map([["source-address", "192.0.2.0/24"]]) });
    writeFileSync(join(folder.path, `${name}-cert.pub`), formatCertificateLine(blob, key, "made by us"));
    const shown = keygen("-L", "-f", `${name}-cert.pub`);
    expect(shown).toContain("user certificate");
    expect(shown).toContain('Key ID: "sec_01"');
    expect(shown).toContain("Valid: from 2026-11-30T11:59:00 to 2026-11-30T13:00:00");
    expect(shown).toMatch(/Principals: \n +ana\n/);
    expect(shown).toMatch(/source-address 192\.0\.2\.0\/24\n/);
    expect(shown).toMatch(/Extensions: \n +permit-pty\n/);

    keygen("-q", "-t", "ed25519", "-N", "", "-f", `ca-${name}`);
    keygen(
      "-q",
      "-s",
      `ca-${name}`,
      "-I",
      "by ssh-keygen",
      "-n",
      "ana,root",
      "-V",
      "20261130115900Z:20261130130000Z",
      "-O",
      "force-command=ls -l",
      `${name}.pub`,
    );
    const [, base64 = ""] = readFileSync(join(folder.path, `${name}-cert.pub`), "utf8").split(" ");
    const theirs = Buffer.from(base64, "base64");
    const ca = parsePublicKeyLine(readFileSync(join(folder.path, `ca-${name}.pub`), "utf8"));
    const trusting = { authorities: [ca], knownOptions: ["force-command"] };
    expect(problem(theirs, { authorities: [ca] })).toBe("unknown_option");
    const checked = checkCertificate(theirs, { ...expected, ...trusting });
    expect(checked).toMatchObject({
      ok: true,
      certificate: { key, keyId: "by ssh-keygen", principals: ["ana", "root"] },
    });
    expect(checked.certificate?.criticalOptions).toEqual(new Map([["force-command", "ls -l"]]));
    expect([...(checked.certificate?.extensions.keys() ?? [])]).toContain("permit-pty");
    expect(problem(theirs)).toBe("foreign");
  });
});

it("keys come back as they were", () => {
  expect(decodePublicKey(encodePublicKey(user))).toEqual(user);
  expect(ed25519PublicKey(createPublicKey(authority.privateKey))).toEqual(authorityKey);
});
