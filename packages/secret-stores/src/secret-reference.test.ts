import fc from "fast-check";
import { expect, it } from "vitest";
import { parseSecretReference } from "./secret-reference.ts";

it("reads scheme, path, options and field", () => {
  expect(parseSecretReference("vault:secret/data/shop?version=3#password")).toEqual({
    scheme: "vault",
    path: "secret/data/shop",
    options: { version: "3" },
    field: "password",
    text: "vault:secret/data/shop?version=3#password",
  });
  expect(parseSecretReference("aws-sm:arn:aws:secretsmanager:eu-west-1:1:secret:shop-a1b2").path).toBe(
    "arn:aws:secretsmanager:eu-west-1:1:secret:shop-a1b2",
  );
});

it("repeats nothing of what is no reference: somebody may have written the secret itself", () => {
  for (const text of ["hunter2-the-password", "", "env:", "Env:X", ":x", "env:a\nb", `env:${"x".repeat(1100)}`]) {
    expect(() => parseSecretReference(text)).toThrow(/SCHEME:PATH/);
    if (text.length > 5) expect(() => parseSecretReference(text)).not.toThrow(text);
  }
});

it("throws nothing but bad_request", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      try {
        expect(parseSecretReference(text).text).toBe(text);
      } catch (error) {
        expect(error).toMatchObject({ code: "bad_request" });
      }
    }),
  );
});
