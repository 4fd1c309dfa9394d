import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { MalformedMessageError } from "./codec.ts";
import { generateMessages, OUTPUT } from "./generate.ts";
import { type AgentMessage, decodeAgentMessage, decodeGatewayMessage, encodeAgentMessage } from "./messages.ts";

const PROTO = fileURLToPath(new URL("../../../../proto/tunnel.proto", import.meta.url));
const BIOME = fileURLToPath(new URL("../../../../node_modules/.bin/biome", import.meta.url));

const bytes = fc.uint8Array({ maxLength: 100 });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const agentMessage: fc.Arbitrary<AgentMessage> = fc.oneof(
  fc.record({ auth: fc.record({ agentId: fc.string(), statement: bytes, signature: bytes }) }),
  fc.record({
    health: fc.record({ version: fc.string(), uptimeSeconds: uint32, openStreams: uint32, rssKib: uint32 }),
  }),
  fc.record({ secretResponse: fc.record({ requestId: uint32, value: bytes }) }),
  fc.record({
    secretResponse: fc.record({ requestId: uint32, refused: fc.record({ code: fc.string(), text: fc.string() }) }),
  }),
);

describe("generated messages", () => {
  it("are what the generator makes of proto/tunnel.proto", async () => {
    const generated = execFileSync(BIOME, ["format", "--stdin-file-path=messages.ts"], {
      input: await generateMessages(),
    });
    expect(generated.toString()).toBe(await readFile(OUTPUT, "utf8"));
  });

  it("agree with protobufjs reflection in both directions", async () => {
    const oracle = (await protobuf.load(PROTO)).lookupType("tidewaiter.tunnel.v1.AgentMessage");
    fc.assert(
      fc.property(agentMessage, (message) => {
        const encoded = encodeAgentMessage(message);
        const seen = oracle.decode(encoded);
        expect(plain(decodeAgentMessage(oracle.encode(seen).finish()))).toEqual(plain(message));
        expect(plain(oracle.toObject(seen, { defaults: true, arrays: false }))).toMatchObject(plain(message));
      }),
    );
  });

  it("skip fields they do not know, as an older reader does", () => {
    const newer = protobuf.Writer.create()
      .uint32((900 << 3) | 2)
      .string("later")
      .finish();
    const known = encodeAgentMessage({ secretResponse: { requestId: 7, value: new Uint8Array([1]) } });
    expect(decodeAgentMessage(Buffer.concat([newer, known])).secretResponse?.requestId).toBe(7);
  });

  it("meet arbitrary bytes with MalformedMessageError only", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        for (const decode of [decodeAgentMessage, decodeGatewayMessage]) {
          try {
            decode(noise);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedMessageError);
          }
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("refuse a field that reaches past the message it stands in", () => {
    // secretResponse (field 3) of 2 bytes, whose value (field 2) claims 3 bytes: they exist, but outside of it.
    expect(() => decodeAgentMessage(new Uint8Array([0x1a, 2, 0x12, 3, 1, 2, 3]))).toThrow(MalformedMessageError);
  });
});

/** Comparable whatever the kind of byte array and with absent fields absent. */
function plain(value: unknown): object {
  return JSON.parse(
    JSON.stringify(value, (_key, each: unknown) =>
      each instanceof Uint8Array ? Buffer.from(each).toString("hex") : each,
    ),
    (_key, each: unknown) =>
      typeof each === "object" && each !== null && "type" in each && each.type === "Buffer" && "data" in each
        ? Buffer.from(each.data as number[]).toString("hex")
        : each,
  );
}
