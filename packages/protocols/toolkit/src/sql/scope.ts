import { ROW_FUNCTIONS } from "./builtin-names.ts";
import { ColumnSet, type Output, type Rel } from "./column-set.ts";
import type { CteFrame } from "./ctes.ts";
import { as, list, stringOf, type Tree } from "./tree.ts";

/** Names visible to an expression: the FROM items of its query, then those of the queries around it. */
export type Scope = {
  readonly rels: Rel[];
  readonly outer: Scope | undefined;
  readonly ctes: CteFrame | undefined;
  /** USING or NATURAL merges columns: an unqualified name may belong to several relations. */
  merged: boolean;
  /** Columns in the window clauses, for `OVER name`. */
  readonly windows: ColumnSet;
};

export function newScope(outer: Scope | undefined, ctes: CteFrame | undefined): Scope {
  return { rels: [], outer, ctes, merged: false, windows: new ColumnSet() };
}

/** What a column reference may stand for. */
export type Resolution = {
  readonly columns: ColumnSet;
  /** One unchanged column. */
  readonly plain: boolean;
  /** Column-free and of so many constants; 0 when it holds columns. */
  readonly constants: number;
  readonly dictionary: boolean;
};

/**
 * Resolves without catalog, towards more: an unqualified name that a base table may have is that name, and also what
 * any outer derived relation calls so.
 */
export function resolve(ref: Tree, scope: Scope): Resolution {
  const fields = list(ref.fields);
  const star = as("A_Star", fields.at(-1)) !== undefined;
  const qualifier = stringOf(fields.at(-2));
  if (star) return resolveStar(scope, qualifier);
  const name = stringOf(fields.at(-1)) ?? "*";
  const found = new Finding();
  if (qualifier === undefined) lookUpwards(name, scope, found);
  else qualified(name, qualifier, scope, found);
  return found.resolution();
}

class Finding {
  readonly columns = new ColumnSet();
  plain = true;
  sources = 0;
  constants = 0;
  dictionary = false;

  take(output: Output, rel: Rel): void {
    this.sources++;
    this.columns.merge(output.columns);
    this.plain &&= output.plain;
    if (output.columns.empty) this.constants = Math.max(this.constants, output.rows);
    this.dictionary ||= rel.dictionary;
  }

  self(name: string, qualifier: string | undefined): void {
    this.sources++;
    this.columns.add({ name, qualifier });
  }

  everything(rel: Rel): void {
    this.sources++;
    this.columns.merge(rel.all);
    this.plain = false;
    this.dictionary ||= rel.dictionary;
    if (rel.all.empty) this.constants = Math.max(this.constants, 2);
  }

  resolution(): Resolution {
    const constants = this.columns.empty ? this.constants : 0;
    return { columns: this.columns, plain: this.plain && this.sources === 1, constants, dictionary: this.dictionary };
  }
}

function lookUpwards(name: string, from: Scope, found: Finding): void {
  let self = false;
  for (let scope: Scope | undefined = from; scope !== undefined; scope = scope.outer) {
    const definite = lookAmong(name, scope.rels, found);
    const table = scope.rels.some(hasTable);
    if (table && !self && (!definite || scope.merged)) {
      found.self(name, undefined);
      self = true;
    }
    for (const rel of scope.rels) if (rel.alias === name) found.everything(rel);
    if (definite) return;
  }
  if (found.sources === 0) found.self(name, undefined);
}

/** Looks into derived relations; true when one of them surely has the column. */
function lookAmong(name: string, rels: readonly Rel[], found: Finding): boolean {
  let definite = false;
  for (const rel of rels) {
    if (rel.members !== undefined && lookAmong(name, rel.members, found)) definite = true;
    const outputs = rel.outputs.filter((output) => !output.star && output.name === name);
    for (const output of outputs) found.take(output, rel);
    if (outputs.length > 0) definite = true;
    else if (rel.open && rel.other === "all") {
      if (!rel.all.empty) found.everything(rel);
      if (namesItself(rel)) found.self(name, rel.alias);
      found.dictionary ||= rel.dictionary;
    }
  }
  return definite;
}

/** Below an open derived relation lies something whose column names we do not know. */
function namesItself(rel: Rel): boolean {
  return rel.all.unknown;
}

function hasTable(rel: Rel): boolean {
  return rel.other === "table" || (rel.members?.some(hasTable) ?? false);
}

function qualified(name: string, qualifier: string, from: Scope, found: Finding): void {
  for (let scope: Scope | undefined = from; scope !== undefined; scope = scope.outer) {
    const rels = scope.rels.filter((rel) => rel.alias === qualifier);
    if (rels.length === 0) continue;
    for (const rel of rels) qualifiedIn(name, qualifier, rel, found);
    return;
  }
  found.self(name, qualifier);
  found.plain = false;
}

function qualifiedIn(name: string, qualifier: string, rel: Rel, found: Finding): void {
  const outputs = rel.outputs.filter((output) => !output.star && output.name === name);
  for (const output of outputs) found.take(output, rel);
  if (outputs.length > 0) return;
  if (rel.members !== undefined) lookAmong(name, rel.members, found);
  if (rel.other === "table") {
    found.self(name, qualifier);
    if (ROW_FUNCTIONS.has(name)) found.everything(rel);
    return;
  }
  found.everything(rel);
  if (rel.open && namesItself(rel)) found.self(name, qualifier);
}

function resolveStar(scope: Scope, qualifier: string | undefined): Resolution {
  const columns = new ColumnSet();
  const rels = relsUnder(scope, qualifier);
  // a relation in reach names all that it holds itself: a table its own star, a derived one what it is made of
  if (rels.length === 0) columns.add({ name: "*", qualifier });
  for (const rel of rels) columns.merge(rel.all);
  return { columns, plain: false, constants: 0, dictionary: false };
}

/** Relations a star expands to; empty when the qualifier is not an alias in reach (a composite column). */
export function relsUnder(from: Scope, qualifier: string | undefined): readonly Rel[] {
  if (qualifier === undefined) return from.rels;
  for (let scope: Scope | undefined = from; scope !== undefined; scope = scope.outer) {
    const rels = scope.rels.filter((rel) => rel.alias === qualifier);
    if (rels.length > 0) return rels;
  }
  return [];
}
