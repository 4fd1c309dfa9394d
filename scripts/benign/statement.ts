import { readdirSync, readFileSync } from "node:fs";

/** One value of a Bind: text, bytes in hexadecimal digits, or NULL. */
export type BoundValue = string | { readonly hex: string } | null;

/**
 * What a tool sent for one statement, as it stood on the wire. OIDs of objects that the tool or the sample schema made are
 * written `{oid:KIND:NAME}` (see oids.ts), since another server numbers them otherwise.
 */
export interface Statement {
  /** Connections of one capture are numbered from 1. */
  readonly session: number;
  /** Present where the tool used another database than the one it was given. */
  readonly database?: string;
  readonly protocol: "simple" | "extended";
  readonly sql: string;
  readonly params?: readonly BoundValue[];
  /**
   * Extended only, one letter per message in order: P Parse, B Bind, D Describe portal, d Describe statement, E Execute,
   * C Close statement, c Close portal, H Flush, S Sync. Answers are awaited after a line that ends with S.
   */
  readonly send?: string;
  /** Name of the prepared statement; absent for the unnamed one. */
  readonly name?: string;
  readonly portal?: string;
  /** Type OIDs of Parse. */
  readonly types?: readonly number[];
  /** Format codes of Bind's parameters and results. */
  readonly formats?: readonly number[];
  readonly results?: readonly number[];
  readonly maxRows?: number;
  /** Rows that follow a COPY FROM STDIN. */
  readonly copy?: string;
  /** Id of the rule of the example policy that refuses or holds it, and rightly so. */
  readonly expect?: string;
  /** Columns, from 0, that are made from labelled ones although another value there would give the same. */
  readonly derived?: readonly number[];
}

export interface Source {
  readonly tool: string;
  readonly version: string;
  /** Where the statements come from and under which terms. */
  readonly licence: string;
  /** `captured` from the wire of the tool itself, or `documented`: see documented.ts. Absent means captured. */
  readonly obtained?: "captured" | "documented";
  /** `NAME` or `NAME/LEVEL`, as in principals.ts. */
  readonly principal: string;
  /** Release of the PostgreSQL server that was asked. */
  readonly server: string;
}

export interface Capture extends Source {
  readonly statements: readonly Statement[];
}

const FOLDER = new URL("./statements/", import.meta.url);

/** Every committed capture; the first line of a file is its source. */
export function loadCaptures(): readonly Capture[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".jsonl"))
    .sort()
    .map((file) => {
      const [source, ...statements] = readFileSync(new URL(file, FOLDER), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown);
      return { ...(source as Source), statements: statements as Statement[] };
    });
}
