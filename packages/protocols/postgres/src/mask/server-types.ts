import type { TypeConstant } from "./type-constants.ts";
import { EMPTY_MULTIRANGE, EMPTY_RANGE, emptyArray, typeConstant } from "./type-constants.ts";

/** A type whose OID is not the same on every server: a row type, or what CREATE TYPE, DOMAIN or EXTENSION made. */
export interface TypeRow {
  readonly oid: number;
  /** `text`: a base type that is text to the server, such as citext; `other`: nothing is known of its form. */
  readonly kind: "array" | "composite" | "domain" | "enum" | "multirange" | "range" | "text" | "other";
  /** array: element type; composite: types of its fields; domain: base type */
  readonly parts: readonly number[];
  /** enum: its first label */
  readonly label?: string;
}

const TEXT = 25;
/** A domain over a domain over ...; PostgreSQL has no limit. */
const MAX_DEPTH = 32;
const NULL_LENGTH = -1;

/** The types of one server, or of none in particular: then only built-in types with fixed OIDs are known. */
export class ServerTypes {
  readonly #rows = new Map<number, TypeRow>();

  constructor(rows: Iterable<TypeRow>) {
    for (const row of rows) this.#rows.set(row.oid, row);
  }

  /** Undefined: no constant is known, use NULL, which every type allows. */
  constant(typeOid: number): TypeConstant | undefined {
    const base = this.base(typeOid);
    return typeConstant(base) ?? this.#constantOf(this.#rows.get(base));
  }

  /** The type below a domain, as RowDescription gives it; any other type is its own. */
  base(typeOid: number): number {
    let oid = typeOid;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const row = this.#rows.get(oid);
      if (row?.kind !== "domain") return oid;
      oid = row.parts[0] ?? 0;
    }
    return 0;
  }

  /** Is a value of the type the same bytes as the text it stands for? */
  isText(typeOid: number): boolean {
    return this.#rows.get(this.base(typeOid))?.kind === "text";
  }

  #constantOf(row: TypeRow | undefined): TypeConstant | undefined {
    switch (row?.kind) {
      case "array":
        return emptyArray(row.parts[0] ?? 0);
      case "composite":
        return nullFields(row.parts);
      case "enum":
        return row.label === undefined ? undefined : characters(row.label);
      case "range":
        return EMPTY_RANGE;
      case "multirange":
        return EMPTY_MULTIRANGE;
      case "text":
        return typeConstant(TEXT);
      default:
        return undefined;
    }
  }
}

export const NO_SERVER_TYPES = new ServerTypes([]);

/** record_out: nothing between the commas; record_send: number of fields, then type and length of each */
function nullFields(types: readonly number[]): TypeConstant {
  const binary = Buffer.alloc(4 + 8 * types.length);
  binary.writeInt32BE(types.length);
  for (const [index, type] of types.entries()) {
    binary.writeUInt32BE(type, 4 + 8 * index);
    binary.writeInt32BE(NULL_LENGTH, 8 + 8 * index);
  }
  return { text: Buffer.from(`(${",".repeat(Math.max(0, types.length - 1))})`), binary };
}

/** Text and binary form of an enum are its label. */
function characters(text: string): TypeConstant {
  return { text: Buffer.from(text), binary: Buffer.from(text) };
}
