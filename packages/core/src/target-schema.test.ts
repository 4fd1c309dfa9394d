import { expect, it } from "vitest";
import { z } from "zod";
import { parseTarget } from "./target-schema.ts";

it("gives defaults, and names the first field that does not fit", () => {
  const schema = z.strictObject({ tls: z.strictObject({ mode: z.enum(["on", "off"]) }), port: z.int().default(22) });
  expect(parseTarget(schema, { tls: { mode: "on" } })).toEqual({ tls: { mode: "on" }, port: 22 });
  expect(() => parseTarget(schema, { tls: { mode: "maybe" }, port: "x" })).toThrow(
    expect.objectContaining({ code: "bad_request", detail: expect.stringMatching(/^target\.tls\.mode: /) }),
  );
});
