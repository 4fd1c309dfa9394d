import type { Duplex } from "node:stream";
import { reachesData } from "@tidewaiter/toolkit/sql/dangerous-functions";
import type { CodeRows, FunctionRow } from "./database-code.ts";
import type { TextRows } from "./query.ts";
import { queryRows, unlessRefused } from "./query.ts";

const BUILTIN_FUNCTIONS = "select oid, proname from pg_catalog.pg_proc where oid < 16384";
/** Defaults of arguments run with a call that leaves them out. */
const FUNCTIONS = `
  select p.oid, n.nspname, p.proname, case when l.lanname = 'sql' then p.prosrc end,
         pg_catalog.pg_get_expr(p.proargdefaults, 0),
         l.lanname = 'internal' and p.prosrc ~ '^(multi)?range_constructor[0-9]$'
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
   where p.oid >= 16384`;
/** Bodies that were analysed when the function was made, from PostgreSQL 14 on. Like views they may be locked. */
const ANALYSED_BODIES = `
  select oid, pg_catalog.pg_get_function_sqlbody(oid)
    from pg_catalog.pg_proc where oid >= 16384 and prosqlbody is not null`;
/** undefined_function, undefined_column: an older server. lock_not_available: then nobody has read them. */
const NO_BODIES = ["42883", "42703", "55P03"];
const AGGREGATES = `
  select a.aggfnoid::oid, f.oid
    from pg_catalog.pg_aggregate a
    join pg_catalog.pg_proc f
      on f.oid in (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn,
                   a.aggminvtransfn, a.aggmfinalfn)
   where a.aggfnoid::oid >= 16384`;
/** Extensions whose functions compute from their arguments alone. */
const PURE_EXTENSIONS = [
  "btree_gin",
  "btree_gist",
  "citext",
  "cube",
  "earthdistance",
  "fuzzystrmatch",
  "hstore",
  "intarray",
  "isn",
  "ltree",
  "pg_trgm",
  "pgcrypto",
  "seg",
  "unaccent",
  "uuid-ossp",
  "vector",
];
const PURE_FUNCTIONS = `
  select p.oid, p.proname
    from pg_catalog.pg_depend d
    join pg_catalog.pg_extension e on e.oid = d.refobjid
    join pg_catalog.pg_proc p on p.oid = d.objid
    join pg_catalog.pg_language l on l.oid = p.prolang
   where d.classid = 'pg_catalog.pg_proc'::regclass and d.refclassid = 'pg_catalog.pg_extension'::regclass
     and d.deptype = 'e' and l.lanname in ('c', 'internal')
     and e.extname in (${PURE_EXTENSIONS.map((name) => `'${name}'`).join(", ")})`;
/** `row.name` calls a function whose other arguments have defaults, too; its argument may be any row (pseudo-types). */
const ROW_FUNCTIONS = `
  select p.oid
    from pg_catalog.pg_proc p join pg_catalog.pg_type t on t.oid = p.proargtypes[0]
   where p.oid >= 16384 and p.pronargs - p.pronargdefaults <= 1 and t.typtype in ('c', 'd', 'p')`;
const CASTS = `
  select distinct t.typname, c.castfunc
    from pg_catalog.pg_cast c join pg_catalog.pg_type t on t.oid in (c.castsource, c.casttarget)
   where c.castfunc >= 16384 and t.oid >= 16384`;
const TRIGGERS =
  "select exists (select from pg_catalog.pg_trigger where not tgisinternal and tgenabled <> 'D') " +
  "or exists (select from pg_catalog.pg_event_trigger where evtenabled <> 'D')";
const OPERATORS = "select oprname, oprcode::oid from pg_catalog.pg_operator where oid >= 16384";

/** Reads which code a database has. The connection's search_path is pg_catalog. */
export async function loadCode(stream: Duplex): Promise<CodeRows> {
  const builtin = await queryRows(stream, BUILTIN_FUNCTIONS);
  const functions = await queryRows(stream, FUNCTIONS);
  const bodies = new Map(
    (await unlessRefused(stream, ANALYSED_BODIES, NO_BODIES))?.map(([oid, body]) => [oid, body] as const),
  );
  const parts = new Map<number, number[]>();
  for (const [oid, part] of (await queryRows(stream, AGGREGATES)).map((row) => row.map(Number)))
    if (oid !== undefined && part !== undefined) parts.set(oid, [...(parts.get(oid) ?? []), part]);
  const pure = await queryRows(stream, PURE_FUNCTIONS);
  const known = new Set(pure.filter(([, name]) => !reachesData(name ?? "")).map(([oid]) => Number(oid)));
  return {
    builtinFunctions: new Set(builtin.map(([, name]) => name ?? "")),
    reachingFunctions: new Set(builtin.filter(([, name]) => reachesData(name ?? "")).map(([oid]) => Number(oid))),
    functions: functions.map(([oid, schema, name, body, defaults, constructsRange]): FunctionRow => {
      const sql = sqlOf(bodies.get(oid ?? null) ?? body ?? null, defaults ?? null);
      const aggregated = parts.get(Number(oid));
      return {
        oid: Number(oid),
        schema: schema ?? "",
        name: name ?? "",
        ...(sql !== undefined && { sql }),
        ...(aggregated !== undefined && { parts: aggregated }),
        ...((constructsRange === "t" || known.has(Number(oid))) && { pure: true }),
      };
    }),
    operators: named(await queryRows(stream, OPERATORS)),
    casts: named(await queryRows(stream, CASTS)),
    triggers: (await queryRows(stream, TRIGGERS))[0]?.[0] === "t",
    rowFunctions: new Set((await queryRows(stream, ROW_FUNCTIONS)).map(([oid]) => Number(oid))),
  };
}

function named(rows: TextRows): CodeRows["operators"] {
  return rows.map(([name, oid]) => ({ name: name ?? "", oid: Number(oid) }));
}

/** The statements of a body as a string of SQL. One that was analysed is printed with a frame, and leaves prosrc empty. */
function sqlOf(body: string | null, defaults: string | null): string | undefined {
  if (body === null || body.trim() === "") return undefined;
  const framed = /^\s*BEGIN ATOMIC\b([\s\S]*)\bEND\s*$/.exec(body);
  const returned = /^\s*RETURN\b([\s\S]*)$/.exec(body);
  const sql = framed?.[1] ?? (returned === null ? body : `SELECT ${returned[1]}`);
  return defaults === null ? sql : `${sql}\n;\nSELECT ${defaults}`;
}
