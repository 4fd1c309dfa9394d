import { connect } from "node:net";
import { type PostgresServer, postgresVersions, startPostgres } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadTypes } from "../src/catalog/load-types.ts";
import { type ConnectedTarget, connectTarget } from "../src/connect-target/connect-target.ts";
import { ServerTypes } from "../src/mask/server-types.ts";
import { keepsLength } from "../src/mask/type-constants.ts";
import { DerivedKeyCache } from "../src/scram/derived-key-cache.ts";
import { roundTrip } from "./round-trip.ts";

const FEATURE_NOT_SUPPORTED = "0A000";
const UNDEFINED_FUNCTION = "42883";
const INVALID_TABLE_DEFINITION = "42P16";
/** Needs a server built with libxml. */
const XML = new Set([142, 143]);
/** The server names the grantor too. */
const ACLITEM = 1033;
/** `select` of a value that the server itself makes, for pseudo-types that it accepts from nobody. */
const MADE_BY_SERVER: Readonly<Record<string, string>> = {
  record: "row()",
  void: "pg_catalog.pg_sleep(0)",
  cstring: "'***'::pg_catalog.cstring",
};

/** Arrays of record and of pg_statistic come from the server only; `unknown` is text by the time it is a value. */
const NEVER_ACCEPTED = new Set(["pg_catalog.anyarray", "pg_catalog._record", "pg_catalog.unknown"]);

const OWN_TYPES = `
  create type mood as enum ('sad', 'ok');
  create type nothing as enum ();
  create type pair as (first int, second text, third mood);
  create type pairs as (one pair, many pair[]);
  create domain address as text check (value like '%@%');
  create domain other_address as address;
  create type span as range (subtype = int4);
  create table people (id int, gone text, email address, moods mood[]);
  alter table people drop column gone`;

interface PgType {
  readonly oid: number;
  readonly name: string;
  readonly kind: string;
}

describe.each(postgresVersions)("every type of PostgreSQL %s", (version) => {
  let server: PostgresServer;
  let target: ConnectedTarget;
  let types: ServerTypes;
  let all: readonly PgType[];
  beforeAll(async () => {
    server = await startPostgres({ version, sql: [OWN_TYPES] });
    for (const name of ["citext", "hstore", "ltree"])
      await server.sql(`create extension if not exists ${name}`).catch(() => undefined);
    const rows = await server.sql(`
      select t.oid::int, pg_catalog.format('%I.%I', n.nspname, t.typname) as name, t.typtype as kind
        from pg_type t join pg_namespace n on n.oid = t.typnamespace order by t.oid`);
    all = rows.map(({ oid, name, kind }) => ({ oid: Number(oid), name: String(name), kind: String(kind) }));
    target = await connectTarget(connect({ host: server.host, port: server.port }), {
      user: server.superuser,
      database: "postgres",
      parameters: new Map(),
      tls: { mode: "disable" },
      allowCleartext: false,
      keys: new DerivedKeyCache(),
    });
    types = new ServerTypes(await loadTypes(target.stream));
  }, 60_000);
  afterAll(async () => {
    target?.stream.destroy();
    await server?.stop();
  });

  const input = (type: PgType, value: Buffer | null, formats: readonly [number, number]) =>
    roundTrip(target.stream, { sql: `select $1::${type.name}`, typeOid: type.oid, value, formats });

  /** What is wrong with the type's constant. */
  async function problems(type: PgType): Promise<readonly string[]> {
    const constant = types.constant(type.oid);
    if (constant === undefined) return withoutConstant(type);
    if (type.kind === "p") return ofPseudoType(type);
    // a value of a domain is one of its base type on the wire, and the domain's checks are not for results
    const base = all.find(({ oid }) => oid === types.base(type.oid)) ?? type;
    const asText = await input(base, constant.text, [0, 0]);
    if (asText === FEATURE_NOT_SUPPORTED && XML.has(base.oid)) return [];
    const found: string[] = [];
    if (!Buffer.isBuffer(asText)) return [`${type.name} refuses its text: ${asText}`];
    if (!asText.equals(constant.text) && base.oid !== ACLITEM) found.push(`${type.name} becomes ${asText}`);
    const asBinary = await input(base, constant.text, [0, 1]);
    if (constant.binary === undefined)
      return asBinary === UNDEFINED_FUNCTION ? found : [`${type.name} has a binary form: ${show(asBinary)}`];
    // nothing can be asked for in a form that the server cannot write
    if (asBinary === UNDEFINED_FUNCTION && base.oid >= 16_384) return found;
    if (!Buffer.isBuffer(asBinary) || !asBinary.equals(constant.binary))
      found.push(`${type.name} in binary is ${show(asBinary)}, not ${show(constant.binary)}`);
    const back = await input(base, constant.binary, [1, 0]);
    if (!Buffer.isBuffer(back) || !back.equals(asText)) found.push(`${type.name} from binary becomes ${show(back)}`);
    return found;
  }

  /** Then no text at all may be accepted; NULL is. */
  async function withoutConstant(type: PgType): Promise<readonly string[]> {
    if (type.kind === "e") return type.name === "public.nothing" ? [] : [`${type.name} has labels`];
    if (type.oid >= 16_384 && !/^public\._?(mood|pair|span)/.test(type.name)) {
      const nothing = await input(type, null, [0, 0]);
      return nothing === null ? [] : [`${type.name} refuses NULL: ${show(nothing)}`];
    }
    if (type.kind === "p") {
      const column = await roundTrip(target.stream, { sql: `create table t (c ${type.name})`, formats: [0, 0] });
      return column === INVALID_TABLE_DEFINITION ? [] : [`${type.name} may be the type of a column`];
    }
    const refused = await roundTrip(target.stream, { sql: `select 'x'::${type.name}`, formats: [0, 0] });
    return refused === FEATURE_NOT_SUPPORTED ? [] : [`${type.name} has no constant, but answers ${show(refused)}`];
  }

  async function ofPseudoType(type: PgType): Promise<readonly string[]> {
    const constant = types.constant(type.oid);
    const sql = MADE_BY_SERVER[type.name.replace("pg_catalog.", "").replaceAll('"', "")];
    if (sql === undefined) return NEVER_ACCEPTED.has(type.name) ? [] : [`${type.name} is not known to this test`];
    const text = await roundTrip(target.stream, { sql: `select ${sql}`, formats: [0, 0] });
    const binary = await roundTrip(target.stream, { sql: `select ${sql}`, formats: [0, 1] });
    return show(text) === show(constant?.text ?? null) && show(binary) === show(constant?.binary ?? null)
      ? []
      : [`${type.name} is ${show(text)} and ${show(binary)}`];
  }

  it("has a constant that its own input and receive functions accept", async () => {
    expect(all.length).toBeGreaterThan(600);
    const found: string[] = [];
    for (const type of all) found.push(...(await problems(type)));
    expect(found).toEqual([]);
  }, 60_000);

  it("knows which binary values all have one length", async () => {
    const rows = await server.sql("select oid::int, typlen::int from pg_type where typlen > 0 and typtype = 'b'");
    const fixed = new Map(rows.map(({ oid, typlen }) => [Number(oid), Number(typlen)]));
    for (const { oid } of all) {
      if (!keepsLength(oid, 1)) continue;
      expect(fixed.has(oid)).toBe(true);
      expect(types.constant(oid)?.binary?.length).toBe(
        oid === 1186 || oid === 1266 ? 16 - (oid === 1266 ? 4 : 0) : fixed.get(oid),
      );
    }
  });

  it("is described by its base type when it is a domain", async () => {
    const rows = await server.sql("select oid::int from pg_type where typname = 'other_address'");
    expect(types.base(Number(rows[0]?.oid))).toBe(25);
  });
});

function show(value: Buffer | null | string): string {
  return Buffer.isBuffer(value) ? `\\x${value.toString("hex")}` : String(value);
}
