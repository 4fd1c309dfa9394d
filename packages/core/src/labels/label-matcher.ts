import { RE2JS } from "re2js";
import { compileGlob, type Glob } from "../policy/glob.ts";

export interface ColumnName {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** The part of a label's definition that says which columns carry it. */
export interface LabelSource {
  readonly name: string;
  /** `schema.table.column`, each part a glob. */
  readonly columns: readonly string[];
  /** RE2 pattern searched for in the column's name. */
  readonly names?: string;
  /** Detectors whose findings carry it. */
  readonly detect?: readonly (string | { readonly name: string })[];
}

/** A function of a database that somebody has read. */
export interface DeclaredFunction {
  /** `schema.function`, each part a glob. */
  readonly name: string;
  /** Labels whose values its result, errors and rows may tell; empty: it computes from its arguments alone. */
  readonly reads: readonly string[];
}

/** What a policy says beside its labels. */
export interface UnlabelledColumns {
  readonly functions?: readonly DeclaredFunction[];
  /** `schema.table.column`, each part a glob: columns that are known to hold nothing sensitive. */
  readonly classified?: readonly string[];
  /** What happens to columns that appeared beside labelled ones; `mask`. */
  readonly unclassified?: "mask" | "detect";
}

interface ColumnPattern {
  readonly schema: Glob;
  readonly table: Glob;
  readonly column: Glob;
}

interface CompiledLabel {
  readonly name: string;
  readonly patterns: readonly ColumnPattern[];
  readonly names?: RE2JS;
  readonly detect: readonly string[];
}

/** Tells which labels a column carries. Catalogs call it once per column and keep the answer. */
export class LabelMatcher {
  readonly #labels: readonly CompiledLabel[];
  readonly #classified: readonly ColumnPattern[];
  readonly #functions: readonly { readonly schema: Glob; readonly name: Glob; readonly reads: readonly string[] }[];
  readonly unclassified: "mask" | "detect";

  /** Throws when a pattern is not valid; documents are checked before by `compilePolicy`. */
  constructor(
    labels: readonly LabelSource[],
    { classified = [], unclassified = "mask", functions = [] }: UnlabelledColumns = {},
  ) {
    this.#labels = [...labels].sort((a, b) => (a.name < b.name ? -1 : 1)).map(compileLabel);
    this.#classified = classified.map(compileColumnPattern);
    this.#functions = functions.map(compileFunctionPattern);
    this.unclassified = unclassified;
  }

  /** False: no column of any target can carry a label, so catalogs need not be loaded. */
  get hasLabels(): boolean {
    return this.#labels.length > 0;
  }

  /** Labels of one column, sorted by name. Names are compared as the catalog spells them. */
  labelsOf(column: ColumnName): readonly string[] {
    return this.#labels.filter((label) => carries(label, column)).map((label) => label.name);
  }

  /** The policy says that the column holds nothing sensitive. A label that it carries all the same still counts. */
  isClassified(column: ColumnName): boolean {
    return this.#classified.some((pattern) => matches(pattern, column));
  }

  /** Labels that the policy says a function reads, of every declaration that matches; undefined when none does. */
  declaredReads(schema: string, name: string): readonly string[] | undefined {
    const found = this.#functions.filter((one) => one.schema.matches(schema) && one.name.matches(name));
    return found.length === 0 ? undefined : [...new Set(found.flatMap(({ reads }) => reads))].sort();
  }

  /** Labels that a new column of this name may deserve, wherever it stands: by name, or by what a detector is called. */
  propose(column: string): readonly string[] {
    const words = column.toLowerCase();
    return this.#labels
      .filter(
        (label) =>
          label.names?.matcher(column).find() === true ||
          label.patterns.some((pattern) => pattern.column.source !== "*" && pattern.column.matches(column)) ||
          label.detect.some((detector) => words.includes(detector)),
      )
      .map((label) => label.name);
  }

  /**
   * Last names of columns that carry a label whatever their table is called: what an analyser without a catalog can go
   * by. `"any"` when a pattern or regular expression leaves the name open.
   */
  labelledColumnNames(): ReadonlySet<string> | "any" {
    const names = new Set<string>();
    for (const label of this.#labels) {
      if (label.names !== undefined) return "any";
      for (const pattern of label.patterns) {
        if (pattern.column.source.includes("*")) return "any";
        names.add(pattern.column.source);
      }
    }
    return names;
  }
}

function compileLabel(label: LabelSource): CompiledLabel {
  const patterns = label.columns.map(compileColumnPattern);
  const detect = (label.detect ?? []).map((detector) => (typeof detector === "string" ? detector : detector.name));
  return label.names === undefined
    ? { name: label.name, patterns, detect }
    : { name: label.name, patterns, detect, names: RE2JS.compile(label.names) };
}

function compileFunctionPattern({ name, reads }: DeclaredFunction) {
  const [schema = "", called = ""] = name.split(".");
  return { schema: compileGlob(schema), name: compileGlob(called), reads };
}

function compileColumnPattern(source: string): ColumnPattern {
  const [schema, table, column] = splitColumnPattern(source);
  return { schema: compileGlob(schema), table: compileGlob(table), column: compileGlob(column) };
}

/** `table.column` means any schema. Throws a RangeError for anything but two or three parts. */
export function splitColumnPattern(source: string): readonly [string, string, string] {
  const parts = source.split(".");
  const [first, second, third] = parts;
  if (parts.some((part) => part === "") || first === undefined || second === undefined || parts.length > 3) {
    throw new RangeError(`"${source}" is not schema.table.column`);
  }
  return third === undefined ? ["*", first, second] : [first, second, third];
}

function carries(label: CompiledLabel, name: ColumnName): boolean {
  if (label.names?.matcher(name.column).find() === true) return true;
  return label.patterns.some((pattern) => matches(pattern, name));
}

function matches(pattern: ColumnPattern, name: ColumnName): boolean {
  return (
    pattern.schema.matches(name.schema) && pattern.table.matches(name.table) && pattern.column.matches(name.column)
  );
}
