import type { StatementFacts } from "@tidewaiter/core";
import type { Lineage } from "../../lineage/lineage.ts";
import type { Machine } from "../machine.ts";
import type { Judged, Prepared } from "../state.ts";
import type { Settle } from "./names.ts";

/** What a statement of a string will do to the names, once the server says that it is done. */
export interface PendingName {
  /** Index of the statement in its string. */
  readonly result: number;
  readonly settle: Settle;
}

/**
 * Notes what PREPARE, DEALLOCATE, DECLARE, CLOSE, DISCARD and ROLLBACK do to names, at the moment the string is sent.
 * PREPARE and the protocol's Parse share one name space in the server, and so they do here.
 */
export function rememberNames(machine: Machine, { facts, trees }: Judged): readonly PendingName[] {
  const alone = facts.length === 1 && machine.status === "I" && !machine.batchOpen;
  return facts.flatMap((one, result) =>
    [...namesOf(machine, one, trees[result] ?? []), ...levelOf(machine, one, alone)].map((settle) => ({
      result,
      settle,
    })),
  );
}

/** The client's notice level follows its SET, RESET and what takes them back. */
function levelOf({ notices }: Machine, facts: StatementFacts, alone: boolean): readonly Settle[] {
  if (notices === undefined) return [];
  const { set, transaction, dangerous } = facts;
  if (transaction === "rollback-to" || dangerous.some(({ name }) => name === "set_config"))
    return [() => notices.doubt()];
  if (set === undefined || set.scope === "show") return [];
  if (set.all !== true && set.name !== "client_min_messages") return [];
  return [(done) => done && notices.set(set.value, alone)];
}

function namesOf(machine: Machine, facts: StatementFacts, trees: Lineage[]): readonly Settle[] {
  const { prepared, cursors } = machine;
  switch (facts.kind) {
    case "PREPARE": {
      const inner = preparedBy(machine, facts);
      return inner === undefined ? [] : [prepared.define(facts.prepared ?? "", { ...inner, trees })];
    }
    case "DEALLOCATE":
      return [
        facts.prepared === undefined || facts.prepared === "*" ? prepared.removeAll() : prepared.remove(facts.prepared),
      ];
    case "DECLARE CURSOR":
      return [cursors.define(facts.cursor ?? "", { facts, trees })];
    case "CLOSE":
      return [facts.cursor === undefined || facts.cursor === "*" ? cursors.removeAll() : cursors.remove(facts.cursor)];
    default:
      if (facts.set?.all === true && facts.kind.startsWith("DISCARD"))
        return [prepared.removeAll(), cursors.removeAll()];
      // cursors die with what is rolled back, and code may open others under their names out of our sight
      if (facts.transaction === "rollback" || facts.transaction === "rollback-to") cursors.clear();
      return [];
  }
}

/** The statement inside of PREPARE; undefined when it cannot be read, which the classifier of the whole has refused already. */
export function preparedBy(machine: Machine, facts: StatementFacts): Prepared | undefined {
  if (facts.preparedSql === undefined) return undefined;
  const inner = machine.context.classify(facts.preparedSql);
  return inner.ok
    ? { sql: facts.preparedSql, facts: inner.statements, judged: undefined, trees: [], since: machine.doubts }
    : undefined;
}
