import { expect, it } from "vitest";
import { LEGACY, MODERN, OFFERED, POST_QUANTUM_KEX } from "./algorithms.ts";

it("offers clients what is safe and costs little, the post-quantum exchange first", () => {
  expect(POST_QUANTUM_KEX).toEqual(["mlkem768x25519-sha256"]);
  expect(OFFERED.kex).toEqual([
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
  ]);
});

it("prefers the same towards hosts, and SHA-1 only where somebody asked for it", () => {
  expect(MODERN.kex[0]).toBe("mlkem768x25519-sha256");
  expect(MODERN.kex.filter((name) => name.endsWith("-sha1"))).toEqual([]);
  expect(LEGACY.kex.slice(0, MODERN.kex.length)).toEqual(MODERN.kex);
});
