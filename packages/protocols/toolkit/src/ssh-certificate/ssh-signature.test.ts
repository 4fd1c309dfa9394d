import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCommand, skipUnless, tempDir } from "@tidewaiter/testkit";
import { afterAll, expect, it } from "vitest";
import { signerOf } from "./ssh-signature.ts";

const folder = tempDir("ssh-signature");
afterAll(() => folder.remove());

const keygen = (args: readonly string[], input = "") =>
  execFileSync("ssh-keygen", ["-q", ...args], { input }).toString();
const made = (name: string, ...type: string[]) => {
  const file = join(folder.path, name);
  keygen(["-t", ...type, "-N", "", "-C", "", "-f", file]);
  const sign = (message: string, namespace = "tidewaiter", ...more: string[]) =>
    keygen(["-Y", "sign", "-n", namespace, ...more, "-f", file], message);
  return { sign, blob: readFileSync(`${file}.pub`, "utf8").split(" ")[1] ?? "" };
};

skipUnless(hasCommand("ssh-keygen"), "ssh-keygen").describe("signatures of ssh-keygen", () => {
  const expected = { message: "a challenge", namespace: "tidewaiter" };

  it.each([
    ["ed25519", "ed25519"],
    ["rsa", "rsa", "-b", "2048"],
    ["p256", "ecdsa", "-b", "256"],
    ["p384", "ecdsa", "-b", "384"],
    ["p521", "ecdsa", "-b", "521"],
  ])("are read: %s", (name, ...type) => {
    const key = made(name, ...type);
    for (const hash of ["sha256", "sha512"]) {
      const signature = key.sign("a challenge", "tidewaiter", "-O", `hashalg=${hash}`);
      expect(signerOf(signature, expected)?.toString("base64")).toBe(key.blob);
    }
  });

  it("prove nothing over another message, for another purpose, or changed", () => {
    const key = made("other", "ed25519");
    expect(signerOf(key.sign("another"), expected)).toBeUndefined();
    expect(signerOf(key.sign("a challenge", "file"), expected)).toBeUndefined();
    const good = key.sign("a challenge");
    const bytes = Buffer.from(good.split("\n").slice(1, -2).join(""), "base64");
    const armoured = (changed: Buffer) =>
      `-----BEGIN SSH SIGNATURE-----\n${changed.toString("base64")}\n-----END SSH SIGNATURE-----\n`;
    expect(signerOf(armoured(bytes), expected)).toBeDefined();
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(signerOf(armoured(changed), expected), String(at)).toBeUndefined();
    }
    for (const length of [0, 3, 10, bytes.length - 1])
      expect(signerOf(armoured(bytes.subarray(0, length)), expected)).toBeUndefined();
    expect(signerOf(armoured(Buffer.concat([bytes, Buffer.of(0)])), expected)).toBeUndefined();
    expect(signerOf("", expected)).toBeUndefined();
    expect(signerOf("x".repeat(100_000), expected)).toBeUndefined();
  });
});
