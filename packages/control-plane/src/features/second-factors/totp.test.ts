import { expect, it } from "vitest";
import { newTotpSecret, totpStep, totpUri } from "./totp.ts";

/** RFC 6238 appendix B, SHA1, the last six digits; the secret is "12345678901234567890". */
const SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

it.each([
  [59, "287082"],
  [1111111109, "081804"],
  [1111111111, "050471"],
  [1234567890, "005924"],
  [2000000000, "279037"],
  [20000000000, "353130"],
])("takes the code of RFC 6238 at %d s", (at, code) => {
  expect(totpStep(SECRET, code, at * 1000)).toBe(Math.floor(at / 30));
});

it("takes a code one step early or late, and says which step it is of", () => {
  expect(totpStep(SECRET, "287082", (59 - 30) * 1000)).toBe(1);
  expect(totpStep(SECRET, "287 082", (59 + 30) * 1000)).toBe(1);
  expect(totpStep(SECRET, "287082", (59 + 61) * 1000)).toBeUndefined();
});

it("takes nothing else", () => {
  for (const code of ["", "28708", "2870822", "28708x", "١٢٣٤٥٦", "000000"]) {
    expect(totpStep(SECRET, code, 59_000)).toBeUndefined();
  }
});

it("makes 160 random bits, and an address that apps understand", () => {
  const secret = newTotpSecret();
  expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  expect(newTotpSecret()).not.toBe(secret);
  const uri = new URL(totpUri(secret, "ana", "Tidewaiter gw.example"));
  expect(uri.protocol).toBe("otpauth:");
  expect(Object.fromEntries(uri.searchParams)).toMatchObject({ secret, digits: "6", period: "30", algorithm: "SHA1" });
});
