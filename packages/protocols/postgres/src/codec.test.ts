import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparable, decodeBoth, readBoth } from "../test/decode-both.ts";
import { decodeBackend } from "./decode-backend.ts";
import { decodeFrontend, decodePassword, formatAt } from "./decode-frontend.ts";
import { decodeStartup } from "./decode-startup.ts";
import { encodeBackend } from "./encode-backend.ts";
import { encodeFrontend, encodeMessage, encodePassword, packValues } from "./encode-frontend.ts";
import { encodeStartup } from "./encode-startup.ts";
import { errorFields } from "./errors.ts";
import { BACKEND, type BackendMessage, FRONTEND, type FrontendMessage, type StartupPacket } from "./messages.ts";
import { trace } from "./trace.ts";

const values = packValues([Buffer.from("42"), null, Buffer.alloc(0)]);
const field = { name: "id", tableOid: 4294967295, attnum: -1, typeOid: 23, typeSize: 4, typeModifier: -1, format: 1 };

const frontend: readonly [FrontendMessage, string][] = [
  [{ name: "Query", sql: "select 'ü'", exact: true }, `Query sql="select 'ü'" exact=true`],
  [
    { name: "Parse", statement: "s", sql: "select $1", exact: true, parameterTypes: [23, 4294967295] },
    'Parse statement="s" sql="select $1" exact=true parameterTypes=[23,4294967295]',
  ],
  [
    { name: "Bind", portal: "", statement: "s", parameterFormats: [1], parameters: values, resultFormats: [0, 1] },
    'Bind portal="" statement="s" parameterFormats=[1] parameters=(2b NULL 0b) resultFormats=[0,1]',
  ],
  [{ name: "Describe", target: "portal", of: "p" }, 'Describe target="portal" of="p"'],
  [{ name: "Close", target: "statement", of: "" }, 'Close target="statement" of=""'],
  [{ name: "Execute", portal: "p", maxRows: 100 }, 'Execute portal="p" maxRows=100'],
  [
    { name: "FunctionCall", functionOid: 2200, argumentFormats: [], arguments: values, resultFormat: 1 },
    "FunctionCall functionOid=2200 argumentFormats=[] arguments=(2 NULL 0) resultFormat=1",
  ],
  [{ name: "CopyData", data: Buffer.from("1\t2\n") }, "CopyData data=<4 bytes>"],
  [{ name: "CopyFail", reason: "no" }, 'CopyFail reason="no"'],
  [{ name: "CopyDone" }, "CopyDone"],
  [{ name: "Flush" }, "Flush"],
  [{ name: "Sync" }, "Sync"],
  [{ name: "Terminate" }, "Terminate"],
];

const backend: readonly [BackendMessage, string][] = [
  [{ name: "RowDescription", fields: [field] }, "RowDescription fields=[id:23:4294967295.-1:1]"],
  [{ name: "DataRow", columns: values }, "DataRow columns=(2 NULL 0)"],
  [{ name: "ParameterDescription", typeOids: [23, 25] }, "ParameterDescription typeOids=[23,25]"],
  [{ name: "CommandComplete", tag: "SELECT 2" }, 'CommandComplete tag="SELECT 2"'],
  [{ name: "ReadyForQuery", status: "T" }, 'ReadyForQuery status="T"'],
  [
    { name: "ParameterStatus", parameter: "TimeZone", value: "UTC" },
    'ParameterStatus parameter="TimeZone" value="UTC"',
  ],
  [
    { name: "NotificationResponse", processId: -7, channel: "c", payload: "secret" },
    'NotificationResponse processId=-7 channel="c" payload=<6 characters>',
  ],
  [{ name: "CopyInResponse", format: 1, columnFormats: [1, 1] }, "CopyInResponse format=1 columnFormats=[1,1]"],
  [{ name: "CopyOutResponse", format: 0, columnFormats: [0] }, "CopyOutResponse format=0 columnFormats=[0]"],
  [{ name: "CopyBothResponse", format: 0, columnFormats: [] }, "CopyBothResponse format=0 columnFormats=[]"],
  [{ name: "CopyData", data: Buffer.from("x") }, "CopyData data=<1 bytes>"],
  [{ name: "FunctionCallResponse", value: null }, "FunctionCallResponse value=NULL"],
  [{ name: "FunctionCallResponse", value: Buffer.from("ab") }, "FunctionCallResponse value=<2 bytes>"],
  [
    {
      name: "ErrorResponse",
      fields: errorFields("ERROR", { code: "42501", message: "stopped", detail: "row 7", hint: "ask" }),
    },
    'ErrorResponse fields=ERROR 42501 "stopped"',
  ],
  [
    { name: "NoticeResponse", fields: { severity: "NOTICE", routine: "r", unknown: new Map([[0x7a, "later"]]) } },
    'NoticeResponse fields=NOTICE ? ""',
  ],
  ...(
    [
      "BindComplete",
      "CloseComplete",
      "CopyDone",
      "EmptyQueryResponse",
      "NoData",
      "ParseComplete",
      "PortalSuspended",
    ] as const
  ).map((name): [BackendMessage, string] => [{ name }, name]),
];

const handshake: readonly BackendMessage[] = [
  { name: "Authentication", request: "ok" },
  { name: "Authentication", request: "cleartext" },
  { name: "Authentication", request: "md5", salt: Buffer.from([1, 2, 3, 4]) },
  { name: "Authentication", request: "sasl", mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"] },
  { name: "Authentication", request: "saslContinue", data: Buffer.from("r=a") },
  { name: "Authentication", request: "saslFinal", data: Buffer.from("v=a") },
  { name: "Authentication", request: "unsupported", method: 7 },
  { name: "BackendKeyData", processId: -1, secretKey: Buffer.from([1, 2, 3, 4]) },
  { name: "BackendKeyData", processId: 9, secretKey: Buffer.alloc(256, 5) },
  { name: "NegotiateProtocolVersion", version: 196608, options: ["_pq_.grease"] },
];

const startup: readonly StartupPacket[] = [
  { name: "SSLRequest" },
  { name: "GSSENCRequest" },
  { name: "CancelRequest", processId: 7, secretKey: Buffer.from([1, 2, 3, 4]) },
  { name: "CancelRequest", processId: 7, secretKey: Buffer.alloc(256, 1) },
  {
    name: "StartupMessage",
    major: 3,
    minor: 2,
    parameters: new Map([
      ["user", "ana"],
      ["options", "-c a=b"],
      ["empty", ""],
    ]),
  },
];

const view = (bytes: Buffer) => ({ type: bytes[0] ?? 0, buffer: bytes, start: 0, end: bytes.length });

describe("codec", () => {
  it.each(frontend)("frontend %j", (message, line) => {
    const decoded = decodeBoth("frontend", encodeFrontend(message));
    expect(comparable(decoded)).toEqual(comparable(message));
    expect(trace(decoded)).toBe(line);
  });

  it.each(backend)("backend %j", (message, line) => {
    const decoded = decodeBoth("backend", encodeBackend(message));
    expect(comparable(decoded)).toEqual(comparable(message));
    expect(trace(decoded)).toBe(line);
  });

  it.each(handshake)("handshake %j", async (message) => {
    expect(await readBoth(encodeBackend(message))).toEqual(message);
    expect(trace(message)).not.toMatch(/r=a|v=a/);
  });

  it.each(startup)("startup %j", (packet) => {
    expect(decodeStartup(encodeStartup(packet))).toEqual(packet);
  });

  it("password messages, as what was asked", () => {
    const cases = [
      { name: "PasswordMessage", password: "pä" },
      { name: "SASLInitialResponse", mechanism: "SCRAM-SHA-256", data: Buffer.from("n,,") },
      { name: "SASLInitialResponse", mechanism: "SCRAM-SHA-256", data: undefined },
      { name: "SASLResponse", data: Buffer.from("c=biws") },
    ] as const;
    for (const message of cases) expect(decodePassword(message.name, view(encodePassword(message)))).toEqual(message);
  });

  it("writes the bytes of the documentation", () => {
    expect(encodeFrontend({ name: "Sync" }).toString("hex")).toBe("5300000004");
    expect(encodeStartup({ name: "SSLRequest" }).toString("hex")).toBe("0000000804d2162f");
    expect(encodeFrontend({ name: "Execute", portal: "p", maxRows: 1 }).toString("hex")).toBe(
      "450000000a70000000" + "0001",
    );
    const error = encodeBackend({
      name: "ErrorResponse",
      fields: { hint: "h", message: "m", code: "42501", severity: "ERROR" },
    });
    expect(error.toString("latin1", 5)).toBe("VERROR\0C42501\0Mm\0Hh\0\0");
  });

  it("says when SQL is not UTF-8, instead of judging another text than the server reads", () => {
    const body = Buffer.from("73656c65637420ff00", "hex");
    const query = encodeMessage(FRONTEND.Query, (writer) => writer.bytes(body));
    expect(decodeFrontend(view(query))).toMatchObject({ exact: false });
  });

  it("replaces a NUL in error text and refuses it elsewhere", () => {
    const error = encodeBackend({ name: "ErrorResponse", fields: { message: "a\0b" } });
    expect(decodeBackend(view(error))).toMatchObject({ fields: { message: "a\ufffdb" } });
    expect(() => encodeBackend({ name: "CommandComplete", tag: "a\0b" })).toThrow(ProtocolError);
  });

  it("applies the rule of Bind for formats", () => {
    expect([formatAt([], 3), formatAt([1], 3), formatAt([0, 1], 1), formatAt([0, 1], 5)]).toEqual([0, 1, 1, 0]);
  });
});

describe("decoders on bad input", () => {
  const all = [
    ...frontend.map(([message]) => ({ bytes: encodeFrontend(message), decode: decodeFrontend })),
    ...[...backend.map(([message]) => message), ...handshake].map((message) => ({
      bytes: encodeBackend(message),
      decode: decodeBackend,
    })),
  ];

  it("refuse every message that is cut short or too long, unless its body is opaque", () => {
    const opaque = new Set<number>([BACKEND.CopyData, 0x52, 0x4b]);
    for (const { bytes, decode } of all.filter(({ bytes }) => !opaque.has(bytes[0] ?? 0))) {
      for (let end = 5; end < bytes.length; end++) {
        expect(() => decode(view(bytes.subarray(0, end)))).toThrow(ProtocolError);
      }
      expect(() => decode(view(Buffer.concat([bytes, Buffer.from([0])])))).toThrow(ProtocolError);
    }
  });

  it("throw nothing but ProtocolError on changed bytes", () => {
    const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...all), changes, ({ bytes, decode }, edits) => {
        const changed = Buffer.from(bytes);
        for (const [at, value] of edits) changed[5 + (at % Math.max(1, changed.length - 5))] = value;
        try {
          decode(view(changed));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("refuse counts before they allocate for them", () => {
    const parse = encodeMessage(FRONTEND.Parse, (writer) => writer.cstring("").cstring("").uint16(65535));
    expect(() => decodeFrontend(view(parse))).toThrow("do not fit");
    const columns = encodeMessage(BACKEND.RowDescription, (writer) => writer.uint16(65535));
    expect(() => decodeBackend(view(columns))).toThrow("do not fit");
  });

  it.each<[string, string]>([
    ["a length below 8", "0000000700030000"],
    ["a length that is not the packet's", "0000000900030000"],
    ["a length above 10,000", "0000271100030000"],
    ["bytes behind SSLRequest", "0000000904d2162f00"],
    ["a cancel key of no bytes", "0000000c04d2162e00000001"],
    ["parameters without an end", "0000000d0003000061006200"],
    ["bytes behind the end of the parameters", "0000000a000300000000"],
  ])("refuse a startup packet with %s", (_what, hex) => {
    expect(() => decodeStartup(Buffer.from(hex, "hex"))).toThrow(ProtocolError);
  });

  it("refuse hundreds of startup parameters", () => {
    const parameters = new Map(Array.from({ length: 65 }, (_, i) => [`p${i}`, "x"]));
    const packet = encodeStartup({ name: "StartupMessage", major: 3, minor: 0, parameters });
    expect(() => decodeStartup(packet)).toThrow("too many startup parameters");
  });
});
