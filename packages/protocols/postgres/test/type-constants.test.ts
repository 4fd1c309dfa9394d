import { connect } from "node:net";
import { type PostgresServer, postgresVersions, startPostgres } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ConnectedTarget, connectTarget } from "../src/connect-target/connect-target.ts";
import { decodeBackend } from "../src/decode-backend.ts";
import { eachValue } from "../src/decode-frontend.ts";
import { encodeFrontend } from "../src/encode-frontend.ts";
import { HandshakeReader } from "../src/handshake-reader.ts";
import { TYPE_OIDS_WITH_CONSTANT, typeConstant } from "../src/mask/type-constants.ts";
import { DerivedKeyCache } from "../src/scram/derived-key-cache.ts";

/** `unknown` is no type of a column that a table can have today, and a parameter of it is resolved to text. */
const PSEUDO = 705;
/** Needs a server built with libxml. */
const XML: ReadonlySet<number> = new Set([142, 143]);
const NOT_BUILT_IN = "0A000";

describe.each(postgresVersions)("mask constants are values of their types in PostgreSQL %s", (version) => {
  let server: PostgresServer;
  let target: ConnectedTarget;
  const names = new Map<number, string>();
  beforeAll(async () => {
    server = await startPostgres({ version });
    // quoted names have no modifier: `character` alone would be cut to one character
    const types = "select oid::int, format('pg_catalog.%I', typname) as name from pg_type where oid < 16384";
    for (const { oid, name } of await server.sql(types)) names.set(Number(oid), String(name));
    target = await connectTarget(connect({ host: server.host, port: server.port }), {
      user: server.superuser,
      database: "postgres",
      parameters: new Map(),
      tls: { mode: "disable" },
      allowCleartext: false,
      keys: new DerivedKeyCache(),
    });
  }, 60_000);
  afterAll(async () => {
    target.stream.destroy();
    await server.stop();
  });

  /** One value in, the same value out, each in the format given. Undefined: the server was built without the type. */
  async function roundTrip(
    oid: number,
    input: { value: Buffer; format: 0 | 1 },
    output: 0 | 1,
  ): Promise<Buffer | undefined> {
    const length = Buffer.alloc(4);
    length.writeInt32BE(input.value.length);
    target.stream.write(
      Buffer.concat([
        encodeFrontend({
          name: "Parse",
          statement: "",
          sql: `select $1::${names.get(oid)}`,
          exact: true,
          parameterTypes: [oid],
        }),
        encodeFrontend({
          name: "Bind",
          portal: "",
          statement: "",
          parameterFormats: [input.format],
          parameters: { buffer: Buffer.concat([length, input.value]), offset: 0, count: 1 },
          resultFormats: [output],
        }),
        encodeFrontend({ name: "Execute", portal: "", maxRows: 0 }),
        encodeFrontend({ name: "Sync" }),
      ]),
    );
    const reader = new HandshakeReader(target.stream, AbortSignal.timeout(20_000));
    let result: Buffer | undefined;
    for (;;) {
      const message = decodeBackend(await reader.message(1_000_000));
      if (message.name === "DataRow")
        for (const value of eachValue(message.columns)) result = value ?? Buffer.from("NULL");
      if (message.name === "ErrorResponse" && !(XML.has(oid) && message.fields.code === NOT_BUILT_IN))
        result = Buffer.from(`${message.fields.code} ${message.fields.message}`);
      if (message.name === "ReadyForQuery") return result;
    }
  }

  it.each(TYPE_OIDS_WITH_CONSTANT.filter((oid) => oid !== PSEUDO))("type %i", async (oid) => {
    const constant = typeConstant(oid);
    if (constant === undefined) throw new Error("listed without a constant");
    if (!names.has(oid)) return expect(oid).toBeGreaterThanOrEqual(4451); // multiranges came with 14
    const ofText = await roundTrip(oid, { value: constant.text, format: 0 }, 0);
    if (ofText === undefined) return expect(XML.has(oid)).toBe(true);
    const ofBinary = await roundTrip(oid, { value: constant.binary, format: 1 }, 0);
    expect(ofBinary?.toString("utf8")).toBe(ofText.toString("utf8"));
    expect(await roundTrip(oid, { value: constant.text, format: 0 }, 1)).toEqual(constant.binary);
    return expect(constant.text.toString("utf8")).toBe(ofText.toString("utf8"));
  });
});
