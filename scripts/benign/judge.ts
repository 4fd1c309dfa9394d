import type { Answers, Field, Result } from "./answers.ts";
import type { Statement } from "./statement.ts";

export type Outcome =
  | "same"
  /** Refused or held by the rule that the capture names. */
  | "expected"
  | "refused"
  /** Refused by the server, since an earlier statement of its transaction was refused by policy. */
  | "cascade"
  /** Another error, tag, number of rows or shape than from the server. */
  | "different"
  /** It names what this release does not have: its tool asks releases otherwise. */
  | "foreign";

export interface Judged {
  readonly outcome: Outcome;
  readonly why: string;
  /** Cells compared whose column carries no label. */
  readonly cells: number;
  /** Of these, cells that came in another form although the server answered the same for two data sets. */
  readonly overMasked: number;
  /** Labelled, or made from labelled values. */
  readonly labelled: number;
  /** Other on each server anyway: instants, process ids, sizes, counters. */
  readonly volatile: number;
  readonly examples: readonly string[];
}

export interface Compared {
  readonly batch: readonly Statement[];
  /** From the server. */
  readonly direct: Answers;
  /** From a server whose labelled columns hold other values. */
  readonly other: Answers;
  /** Through the gateway, before the server's twin. */
  readonly through: Answers;
  readonly isLabelled: (field: Field) => boolean;
  /** Captured from another release than this one. */
  readonly otherRelease: boolean;
}

const NO_CELLS = { cells: 0, overMasked: 0, labelled: 0, volatile: 0, examples: [] };
const RULE = /\[([\w-]+)\]$/;
const ABORTED = "25P02";
/** Column, function, table. */
const UNDEFINED = new Set(["42703", "42883", "42P01"]);
const TOUCHES_LABELS = /customers/i;
/** A size of something that other processes write to, as `pg_size_pretty` gives it. */
const SIZE = /^\d+ (bytes|kB|MB|GB)$/;
/** What masks put in place of a value, by whatever type. */
const CONSTANTS = new Set([
  "",
  "***",
  "0",
  "f",
  "1970-01-01",
  "null",
  "{}",
  "empty",
  "00000000-0000-0000-0000-000000000000",
]);

export function judge(compared: Compared): Judged {
  const { batch, direct, through } = compared;
  const expected = batch.find((statement) => statement.expect !== undefined)?.expect;
  if (compared.otherRelease && UNDEFINED.has(direct.error?.code ?? ""))
    return { ...NO_CELLS, outcome: "foreign", why: direct.error?.message ?? "" };
  const held = through.notices.map((notice) => RULE.exec(notice)?.[1]).find((rule) => rule !== undefined);
  if (through.error !== undefined && (direct.error?.code !== through.error.code || held !== undefined)) {
    const rule = held ?? RULE.exec(through.error.message)?.[1];
    if (rule !== undefined) {
      if (rule === expected) return { ...NO_CELLS, outcome: "expected", why: rule };
      return { ...NO_CELLS, outcome: "refused", why: `${rule}: ${through.error.message}` };
    }
    if (through.error.code === ABORTED && direct.error === undefined)
      return { ...NO_CELLS, outcome: "cascade", why: "" };
    return { ...NO_CELLS, outcome: "different", why: `${through.error.code} ${through.error.message}` };
  }
  if (expected !== undefined)
    return { ...NO_CELLS, outcome: "different", why: `passed, though ${expected} was expected` };
  if (through.error === undefined && direct.error !== undefined)
    return { ...NO_CELLS, outcome: "different", why: `no error, where the server said ${direct.error.code}` };
  const cells = compareCells(compared);
  const shape = shapeDifference(compared);
  return { ...cells, outcome: shape === undefined ? "same" : "different", why: shape ?? "" };
}

function shapeDifference({ direct, other, through }: Compared): string | undefined {
  if (direct.tags.join() !== through.tags.join() && direct.tags.join() === other.tags.join())
    return `command tags ${through.tags.join(", ")} in place of ${direct.tags.join(", ")}`;
  for (const [index, result] of direct.results.entries()) {
    const own = through.results[index];
    if (own === undefined) return "a result is missing";
    const names = (fields: readonly Field[] | undefined) => fields?.map(({ name, type }) => `${name} ${type}`).join();
    if (names(result.fields) !== names(own.fields)) return "other columns";
    const stable = other.results[index]?.rows.length === result.rows.length;
    if (stable && own.rows.length !== result.rows.length)
      return `${own.rows.length} rows in place of ${result.rows.length}`;
  }
  return undefined;
}

type Counts = { cells: number; overMasked: number; labelled: number; volatile: number; examples: string[] };

function compareCells({ batch, direct, other, through, isLabelled }: Compared): Counts {
  const counts: Counts = { cells: 0, overMasked: 0, labelled: 0, volatile: 0, examples: [] };
  const touches = batch.some(({ sql }) => TOUCHES_LABELS.test(sql));
  const derived = new Set(batch.flatMap((statement) => statement.derived ?? []));
  for (const [index, result] of direct.results.entries()) {
    const labelled = (column: number) => {
      const field = result.fields?.[column];
      return derived.has(column) || (field !== undefined && isLabelled(field));
    };
    compareResult({ result, twin: other.results[index], own: through.results[index], labelled, touches }, counts);
  }
  return counts;
}

interface ResultPair {
  readonly result: Result;
  readonly twin: Result | undefined;
  readonly own: Result | undefined;
  readonly labelled: (column: number) => boolean;
  /** The statement names a relation with labels. */
  readonly touches: boolean;
}

function compareResult({ result, twin, own, labelled, touches }: ResultPair, counts: Counts): void {
  const comparable = twin?.rows.length === result.rows.length;
  for (const [row, cells] of result.rows.entries()) {
    for (const [column, cell] of cells.entries()) {
      const shown = own?.rows[row]?.[column];
      const moved = comparable && twin.rows[row]?.[column] !== cell;
      if (labelled(column) || (moved && touches)) counts.labelled++;
      else if (moved) {
        counts.volatile++;
        if (shown !== undefined && isMasked(shown, cell)) spoil(counts, result, column, cell, shown);
      } else {
        counts.cells++;
        if (shown !== cell && shown !== undefined && !(SIZE.test(shown ?? "") && SIZE.test(cell ?? "")))
          spoil(counts, result, column, cell, shown);
      }
    }
  }
}

function isMasked(shown: string | null, cell: string | null): boolean {
  return shown !== cell && CONSTANTS.has(shown ?? "") && !CONSTANTS.has(cell ?? "");
}

const MAX_EXAMPLES = 4;

function spoil(counts: Counts, result: Result, column: number, cell: string | null, shown: string | null): void {
  counts.overMasked++;
  if (counts.examples.length < MAX_EXAMPLES)
    counts.examples.push(`${result.fields?.[column]?.name ?? column}: ${clip(cell)} came as ${clip(shown)}`);
}

function clip(cell: string | null): string {
  return cell === null ? "NULL" : JSON.stringify(cell.slice(0, 60));
}
