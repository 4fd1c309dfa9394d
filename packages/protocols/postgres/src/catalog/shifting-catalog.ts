import type { SqlName } from "@tidewaiter/core";
import type { CalledAs, Catalog, CatalogRelation, DatabaseCode } from "@tidewaiter/toolkit/labels/catalog";
import type { ServerTypes } from "../mask/server-types.ts";
import { typesOf } from "./postgres-catalog.ts";

/** One word of a text; any other name may be several. */
const PLAIN = /^[\p{L}\p{N}_$]+$/u;

/** What a session's own schema changes may have moved that its snapshot cannot show: nobody else sees them yet. */
export interface Shift {
  /** Names of relations whose columns or names may mean others now. */
  readonly names: ReadonlySet<string>;
  /** Names of relations that may have columns which the snapshot does not list. */
  readonly widened: ReadonlySet<string>;
  /** A view was made or replaced: so may be whatever stands on it. */
  readonly views: boolean;
  /** Words among which are the names of all functions that were made or renamed, lower case; undefined: these may be any. */
  readonly code: ReadonlySet<string> | undefined;
  /** Anything may have changed. */
  readonly all: boolean;
}

/**
 * A snapshot for the time between a session's schema change and the end of its transaction. Columns found by (OID,
 * number) keep their labels, for renames do not touch those; what is found by name carries the labels of everything that it may be by now.
 */
export class ShiftingCatalog implements Catalog {
  readonly hasLabels: boolean;
  readonly labels: readonly string[];
  readonly triggers: boolean;
  readonly types: ServerTypes;
  readonly #catalog: Catalog;
  readonly #shift: Shift;
  /** Of all relations whose names may have been exchanged. */
  readonly #moved: readonly string[];

  constructor(catalog: Catalog, shift: Shift) {
    this.hasLabels = catalog.hasLabels;
    this.labels = catalog.labels;
    this.triggers = catalog.triggers || shift.all;
    this.types = typesOf(catalog);
    this.#catalog = catalog;
    this.#shift = shift;
    this.#moved = shift.all
      ? catalog.labels
      : union([...shift.names].flatMap((name) => catalog.find(undefined, name)).flatMap(labelsOf));
  }

  byOid(oid: number): CatalogRelation | undefined {
    const relation = this.#catalog.byOid(oid);
    if (relation?.view !== true || !(this.#shift.views || this.#shift.all)) return relation;
    return carrying(relation, this.labels);
  }

  find(schema: string | undefined, name: string): readonly CatalogRelation[] {
    return this.#catalog.find(schema, name).map((relation) => {
      if (this.#shift.all || (relation.view === true && this.#shift.views)) return carrying(relation, this.labels);
      if (this.#shift.names.has(relation.name)) return carrying(relation, this.#moved);
      if (!this.#shift.widened.has(relation.name)) return relation;
      return { ...relationOf(relation), anyColumn: labelsOf(relation) };
    });
  }

  code(called: CalledAs, name: SqlName): readonly DatabaseCode[] {
    const code = this.#asNow(this.#catalog.code(called, name));
    return code.length === 0 && this.#mayBeNew(called, name) ? [{ name: name.name }] : code;
  }

  codeByOid(oid: number): readonly DatabaseCode[] {
    return this.#asNow(this.#catalog.codeByOid(oid));
  }

  /** A function of the session's own may stand before one that came with the server. */
  #mayBeNew(called: CalledAs, { schema, name }: SqlName): boolean {
    const { all, code } = this.#shift;
    if (!all || schema === "pg_catalog" || schema === "information_schema") return false;
    if (code === undefined) return true;
    if (called === "operator") return code.has("operator");
    if (called === "type") return code.has("cast");
    return code.has(name.toLowerCase()) || !PLAIN.test(name);
  }

  /** Bodies find tables by name when they run, so what was read of them may be about others; functions may be others, too. */
  #asNow(code: readonly DatabaseCode[]): readonly DatabaseCode[] {
    return code.map((one) =>
      one.opaque || (one.declared !== undefined && !this.#shift.all) ? one : { name: one.name },
    );
  }
}

function carrying(relation: CatalogRelation, labels: readonly string[]): CatalogRelation {
  if (labels.length === 0) return relation;
  const columns = relation.columns.map((column) => ({
    ...column,
    labels: union([...column.labels, ...labels]),
    derived: true,
  }));
  return { ...relationOf(relation), columns, anyColumn: labels };
}

/** Its own fields: a spread of an object of a class leaves getters out. */
function relationOf({ oid, schema, name, columns, opaque, view, asks, unread }: CatalogRelation): CatalogRelation {
  return {
    oid,
    schema,
    name,
    columns,
    opaque,
    ...(view !== undefined && { view }),
    ...(asks !== undefined && { asks }),
    ...(unread !== undefined && { unread }),
  };
}

function labelsOf(relation: CatalogRelation): readonly string[] {
  return union(relation.columns.flatMap((column) => column.labels));
}

function union(labels: readonly string[]): readonly string[] {
  return [...new Set(labels)].sort();
}
