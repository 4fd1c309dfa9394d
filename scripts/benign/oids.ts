/** The first OID that PostgreSQL gives to objects of users (FirstNormalObjectId). */
const FIRST = 16384;
const NUMBER = /(?<![\w.$-])\d{5,9}(?![\w.])/g;
const WRITTEN = /\{oid:(\w+):([^}]*)\}/g;

type Ask = (sql: string) => Promise<Record<string, unknown>[]>;

/** How each kind is named, and found again by that name. */
const KINDS: Readonly<Record<string, { readonly name: string; readonly find: string }>> = {
  class: {
    name: "select oid::regclass::text as name from pg_class where oid = $",
    find: "select oid from pg_class where oid = to_regclass($)",
  },
  type: {
    name: "select oid::regtype::text as name from pg_type where oid = $",
    find: "select oid from pg_type where oid = to_regtype($)",
  },
  proc: {
    name: "select oid::regprocedure::text as name from pg_proc where oid = $",
    find: "select oid from pg_proc where oid = to_regprocedure($)",
  },
  namespace: {
    name: "select nspname as name from pg_namespace where oid = $",
    find: "select oid from pg_namespace where nspname = $",
  },
  constraint: {
    name: "select conrelid::regclass || ' ' || conname as name from pg_constraint where oid = $",
    find: "select oid from pg_constraint where conrelid::regclass || ' ' || conname = $",
  },
  trigger: {
    name: "select tgrelid::regclass || ' ' || tgname as name from pg_trigger where oid = $",
    find: "select oid from pg_trigger where tgrelid::regclass || ' ' || tgname = $",
  },
  default: {
    name: "select adrelid::regclass || ' ' || adnum as name from pg_attrdef where oid = $",
    find: "select oid from pg_attrdef where adrelid::regclass || ' ' || adnum = $",
  },
  rule: {
    name: "select ev_class::regclass || ' ' || rulename as name from pg_rewrite where oid = $",
    find: "select oid from pg_rewrite where ev_class::regclass || ' ' || rulename = $",
  },
  database: {
    name: "select datname as name from pg_database where oid = $",
    find: "select oid from pg_database where datname = $",
  },
  extension: {
    name: "select extname as name from pg_extension where oid = $",
    find: "select oid from pg_extension where extname = $",
  },
  role: {
    name: "select rolname as name from pg_roles where oid = $",
    find: "select oid from pg_roles where rolname = $",
  },
};

/** Numbers that are OIDs of users' objects on the asked server become `{oid:KIND:NAME}`. */
export async function nameOids(text: string, ask: Ask): Promise<string> {
  const names = new Map<string, string>();
  for (const [digits] of text.matchAll(NUMBER)) {
    if (names.has(digits) || Number(digits) < FIRST) continue;
    for (const [kind, { name }] of Object.entries(KINDS)) {
      const [found] = await ask(name.replace("$", digits));
      if (typeof found?.name !== "string") continue;
      names.set(digits, `{oid:${kind}:${found.name}}`);
      break;
    }
  }
  return names.size === 0 ? text : text.replaceAll(NUMBER, (digits) => names.get(digits) ?? digits);
}

/** The other way round; what is not there becomes 0, an OID that nothing has. */
export async function writeOids(text: string, ask: Ask): Promise<string> {
  if (!text.includes("{oid:")) return text;
  const oids = new Map<string, string>();
  for (const [written, kind = "", name = ""] of text.matchAll(WRITTEN)) {
    if (oids.has(written)) continue;
    const [found] = await ask((KINDS[kind]?.find ?? "").replace("$", `'${name.replaceAll("'", "''")}'`));
    oids.set(written, String(found?.oid ?? 0));
  }
  return text.replaceAll(WRITTEN, (written) => oids.get(written) ?? "0");
}
