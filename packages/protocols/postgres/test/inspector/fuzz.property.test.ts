import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBackend } from "../../src/encode-backend.ts";
import { encodeFrontend } from "../../src/encode-frontend.ts";
import { BACKEND, FRONTEND } from "../../src/messages.ts";
import type { BenchOptions } from "./bench.ts";
import { ALLOW, Bench, bind, CATALOG, done, execute, field, parse, query, ready, rowOf, SYNC } from "./bench.ts";

const options: BenchOptions = {
  catalog: () => CATALOG,
  verdict: () => ({ ...ALLOW, recording: { mode: "strict", results: true } }),
};
const CLIENT = [
  query("select id, email from customers"),
  parse("select email from customers", "a"),
  bind("a"),
  execute(),
  SYNC,
  query("copy (select email from customers) to stdout"),
  query("execute p"),
].map(encodeFrontend);
const TARGET = [
  { name: "RowDescription", fields: [field("id", 1), field("email", 2)] } as const,
  rowOf("1", "a@b.c"),
  rowOf("1"),
  done("SELECT 1"),
  ready(),
  { name: "ParseComplete" } as const,
  { name: "BindComplete" } as const,
  { name: "CopyOutResponse", format: 0, columnFormats: [0] } as const,
  { name: "CopyData", data: Buffer.from("a@b.c\n") } as const,
  { name: "CopyInResponse", format: 0, columnFormats: [0] } as const,
].map(encodeBackend);

/** A whole message of a type of that side, with any body. */
const garbage = (types: Readonly<Record<string, number>>) =>
  fc.tuple(fc.constantFrom(...Object.values(types)), fc.uint8Array({ maxLength: 40 })).map(([type, body]) => {
    const header = Buffer.alloc(5);
    header[0] = type;
    header.writeInt32BE(4 + body.length, 1);
    return Buffer.concat([header, body]);
  });
/** A valid message with one byte of its body changed; a RowDescription that lies cannot be told from a true one. */
const damaged = (messages: readonly Buffer[]) =>
  fc.tuple(fc.constantFrom(...messages), fc.nat(), fc.nat(255)).map(([message, at, value]) => {
    const copy = Buffer.from(message);
    if (copy.length > 5) copy[5 + (at % (copy.length - 5))] = value;
    return copy;
  });
const side = (name: "client" | "target", messages: readonly Buffer[], types: Readonly<Record<string, number>>) =>
  fc
    .oneof(
      { weight: 6, arbitrary: fc.constantFrom(...messages) },
      { weight: 2, arbitrary: damaged(messages.filter((message) => message[0] !== BACKEND.RowDescription)) },
      { weight: 1, arbitrary: garbage(types) },
    )
    .map((bytes) => ({ name, bytes }));
const inputs = fc.array(fc.oneof(side("client", CLIENT, FRONTEND), side("target", TARGET, BACKEND)), { maxLength: 25 });

describe("damaged and senseless messages", () => {
  it("end in a ProtocolError or a close, never otherwise, and show no labelled value", () => {
    fc.assert(
      fc.property(inputs, (sequence) => {
        const bench = new Bench(options);
        try {
          for (const { name, bytes } of sequence) {
            if (name === "client") bench.clientBytes(bytes);
            else bench.targetBytes(bytes);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
        expect(bench.sent("client").includes("a@b.c"), bench.transcript.join("\n")).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
