import { createHash, createPrivateKey, createPublicKey, type KeyObject, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Keys {
  readonly kem: { readonly privateKey: KeyObject };
  readonly x25519: { readonly privateKey: KeyObject };
}

/** What our patch adds to ssh2: the exchange without its packets. */
const { createInit, answerInit, readReply } = createRequire(import.meta.url)("ssh2/lib/protocol/mlkem768x25519.js") as {
  createInit(): Keys & { readonly init: Buffer };
  answerInit(init: Buffer): { readonly reply: Buffer; readonly secret: Buffer };
  readReply(keys: Keys, reply: Buffer): Buffer;
};

const vector = Object.fromEntries(
  Object.entries(
    JSON.parse(readFileSync(new URL("post-quantum-kex.vector.json", import.meta.url), "utf8")) as Record<
      string,
      string
    >,
  ).map(([name, value]) => [name, Buffer.from(value, name.endsWith("Ident") ? "latin1" : "base64")]),
) as Record<string, Buffer>;
const of = (name: string): Buffer => vector[name] ?? expect.fail(name);

const derKey = (prefix: string, raw: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([Buffer.from(prefix, "hex"), raw]), format: "der", type: "pkcs8" });

/** Those of the Go client. */
const keys: Keys = {
  kem: { privateKey: derKey("3054020100300b060960864801650304040204428040", of("seed")) },
  x25519: { privateKey: derKey("302e020100300506032b656e04220420", of("x25519")) },
};

const string = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

describe("mlkem768x25519-sha256", () => {
  it("reads a reply of golang.org/x/crypto/ssh: what its server has signed is what we hash", () => {
    const secret = readReply(keys, of("reply"));
    const hashed = ["clientIdent", "serverIdent", "clientKexinit", "serverKexinit", "hostKey", "init", "reply"].map(of);
    const hash = createHash("sha256").update(Buffer.concat([...hashed, secret].map(string)));
    const exchangeHash = hash.digest();
    expect(exchangeHash).toEqual(of("exchangeHash"));
    // both end with 32 or 64 bytes in a string, behind `ssh-ed25519` in one
    const [hostKey, signature] = [of("hostKey").subarray(19), of("signature").subarray(19)];
    const key = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), hostKey]);
    const publicKey = createPublicKey({ key, format: "der", type: "spki" });
    expect(verify(null, exchangeHash, publicKey, signature)).toBe(true);
  });

  it("answers an init of golang.org/x/crypto/ssh with what its keys open", () => {
    const { reply, secret } = answerInit(of("init"));
    expect(reply).toHaveLength(1088 + 32);
    expect(secret).toHaveLength(32);
    expect(readReply(keys, reply)).toEqual(secret);
  });

  it("makes keys and secrets of their own for each exchange", () => {
    const [first, second] = [createInit(), createInit()];
    expect(first.init).toHaveLength(1184 + 32);
    expect(first.init.equals(second.init)).toBe(false);
    expect(answerInit(first.init).secret.equals(answerInit(first.init).secret)).toBe(false);
  });

  it("refuses whatever has another length", () => {
    for (const length of [0, 1, 32, 1184, 1215, 1217, 1120, 4096]) {
      const init = Buffer.concat([of("init"), Buffer.alloc(4096)]).subarray(0, length);
      expect(() => answerInit(init), String(length)).toThrow("1216 belong");
    }
    for (const length of [0, 1, 32, 1088, 1119, 1121, 1216, 4096]) {
      const reply = Buffer.concat([of("reply"), Buffer.alloc(4096)]).subarray(0, length);
      expect(() => readReply(keys, reply), String(length)).toThrow("1120 belong");
    }
  });

  it("refuses an encapsulation key with a coefficient outside of the field (FIPS 203, 7.2)", () => {
    for (const at of [0, 576, 1149]) {
      const init = Buffer.from(of("init"));
      init.fill(0xff, at, at + 3);
      expect(() => answerInit(init)).toThrow();
    }
  });

  // RFC 7748, 6.1: points of small order give zeros, whatever the key
  it.each([
    "00".repeat(32),
    `01${"00".repeat(31)}`,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  ])("refuses the X25519 point %s", (point) => {
    const low = Buffer.from(point, "hex");
    expect(() => answerInit(Buffer.concat([of("init").subarray(0, 1184), low]))).toThrow();
    expect(() => readReply(keys, Buffer.concat([of("reply").subarray(0, 1088), low]))).toThrow();
  });

  it("a flipped bit is refused, or gives another secret than the peer has", () => {
    const secret = readReply(keys, of("reply"));
    fc.assert(
      fc.property(fc.nat(1216 * 8 - 1), fc.nat(1120 * 8 - 1), (inInit, inReply) => {
        const answered = outcome(() => answerInit(flipped(of("init"), inInit)));
        // the top bit of an X25519 key is not looked at (RFC 7748, 5): the hash over the init tells
        if (answered !== undefined && inInit !== 1215 * 8 + 7)
          expect(readReply(keys, answered.reply).equals(answered.secret)).toBe(false);
        const read = outcome(() => readReply(keys, flipped(of("reply"), inReply)));
        if (read !== undefined && inReply !== 1119 * 8 + 7) expect(read.equals(secret)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function outcome<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
