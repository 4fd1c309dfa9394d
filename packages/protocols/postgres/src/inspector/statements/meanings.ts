import type { StatementFacts } from "@tidewaiter/core";
import type { Lineage } from "../../lineage/lineage.ts";
import type { Machine } from "../machine.ts";
import type { Cursor, Prepared } from "../state.ts";
import { preparedBy } from "./sql-names.ts";

/** What a statement of a string means, once the names it uses are resolved. */
export interface Meaning {
  readonly written: StatementFacts;
  /** Statements that it runs by name. */
  readonly runs: readonly StatementFacts[];
  /** Their texts, which the statement itself does not show. */
  readonly texts: readonly string[];
  /** The statement whose columns its rows have. */
  readonly result: StatementFacts;
  /** Query trees that the server sent of what it names. */
  readonly trees: readonly Lineage[];
  /** `Prepared.since` of the oldest that it runs. */
  readonly since?: number;
  /** It may run or return something that did not pass here, or one of several things. */
  readonly unknown: boolean;
  /** Of what it runs only a denial counts: PREPARE runs it later, FETCH was asked about at DECLARE. */
  readonly denialOnly: boolean;
  /** EXECUTE of a name that nothing which passed here has. */
  readonly missing: boolean;
  /** What it runs is stored in a table. */
  readonly stores: boolean;
}

/**
 * EXECUTE, in every place where it can stand, means the statement it names; FETCH returns what DECLARE named. Statements
 * are taken in the order of their string: one that fails ends it, so an earlier PREPARE in it is certain.
 */
export function meanings(machine: Machine, facts: readonly StatementFacts[]): readonly Meaning[] {
  const prepared = new Map<string, Prepared>();
  const cursors = new Map<string, Cursor>();
  return facts.map((one) => {
    const plain: Meaning = {
      written: one,
      runs: [],
      texts: [],
      trees: [],
      result: one,
      unknown: false,
      denialOnly: false,
      missing: false,
      stores: false,
    };
    if (one.kind === "PREPARE") {
      const inner = preparedBy(machine, one);
      if (inner === undefined) return { ...plain, unknown: true };
      prepared.set(one.prepared ?? "", inner);
      return { ...plain, runs: inner.facts, denialOnly: true };
    }
    if (runsPrepared(one)) {
      const own = prepared.get(one.prepared ?? "");
      return execute(plain, own === undefined ? machine.prepared.of(one.prepared ?? "") : [own]);
    }
    if (one.kind === "DECLARE CURSOR") cursors.set(one.cursor ?? "", { facts: one, trees: [] });
    if (one.kind === "FETCH" || one.kind === "MOVE")
      return fetch(plain, cursorNamed(machine, cursors, one.cursor ?? ""));
    return plain;
  });
}

/** EXECUTE itself, EXPLAIN EXECUTE and CREATE TABLE AS EXECUTE. */
export function runsPrepared(facts: StatementFacts): boolean {
  return facts.prepared !== undefined && facts.kind !== "PREPARE" && facts.kind !== "DEALLOCATE";
}

function execute(plain: Meaning, candidates: readonly Prepared[]): Meaning {
  const runs = candidates.flatMap((candidate) => candidate.facts);
  const [only] = runs;
  const certain = runs.length === 1 && only !== undefined;
  return {
    ...plain,
    runs,
    texts: candidates.map(({ sql }) => sql),
    trees: candidates.flatMap(({ trees }) => trees),
    ...(candidates.length > 0 && { since: Math.min(...candidates.map(({ since }) => since)) }),
    result: certain && plain.written.kind === "EXECUTE" ? only : plain.written,
    unknown: !certain,
    missing: runs.length === 0,
    stores: plain.written.kind !== "EXECUTE" && plain.written.kind !== "EXPLAIN",
  };
}

function fetch(plain: Meaning, declared: Cursor | undefined): Meaning {
  return declared === undefined
    ? { ...plain, unknown: true }
    : { ...plain, runs: [declared.facts], trees: declared.trees, result: declared.facts, denialOnly: true };
}

/** A portal of the protocol may bear the name as well; then it is not known which one is meant. */
function cursorNamed(machine: Machine, own: ReadonlyMap<string, Cursor>, name: string): Cursor | undefined {
  if (machine.portals.of(name).length > 0) return undefined;
  const before = machine.cursors.of(name);
  const here = own.get(name);
  if (here !== undefined) return here;
  return before.length === 1 ? before[0] : undefined;
}
