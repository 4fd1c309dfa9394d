import type { Lineage } from "../../lineage/lineage.ts";
import type { CopyMask } from "../../mask/mask-copy.ts";
import type { ErrorFields, FrontendMessage } from "../../messages.ts";
import type { PostgresMessage } from "../context.ts";
import { needsTree, undecided } from "../lineage/lineage-probe.ts";
import { probeColumns } from "../lineage/probe.ts";
import { probeView } from "../lineage/view-probe.ts";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";
import { stringRefused, transactionText } from "../texts.ts";
import { decide } from "../verdict/decide.ts";
import { askEstimate, wantsEstimate } from "../verdict/estimate.ts";
import { judge } from "../verdict/judge.ts";
import { readable, readLater } from "./readable.ts";
import { renamed } from "./renamed.ts";
import { askForSyntaxError, mayAsk } from "./servers-words.ts";
import { rememberNames } from "./sql-names.ts";

type Query = Extract<FrontendMessage, { name: "Query" }>;

/** A string of statements by the simple protocol: one verdict for all of it. */
export function onQuery(machine: Machine, message: PostgresMessage, asked: Query): void {
  const { sql, exact } = asked;
  if (readLater(machine, sql, () => onQuery(machine, message, asked))) return;
  const read = readable(machine, sql, exact, message.classification);
  if ("unparsed" in read && mayAsk(machine)) {
    if (!machine.quiet) return afterAnswers(machine, message, asked);
    return askForSyntaxError(machine, read.unparsed, "sync", (fields) => machine.refuseQuery(fields));
  }
  if ("refusal" in read) return machine.refuseQuery(read.refusal);
  if ("unread" in read) return decideQuery(machine, message, read.unread);
  if (read.facts.length === 0) {
    machine.forward("target", message);
    return machine.owe({ type: "query", ours: false, result: 0 });
  }
  const judged = judge(machine, sql, read.facts);
  const open = machine.status === "E" || machine.batchOpen ? [] : undecided(machine, judged);
  if (open.length > 0) {
    if (!machine.quiet) return afterAnswers(machine, message, asked);
    return askEach(machine, judged, open, (trees) =>
      trees === undefined
        ? decideQuery(machine, message, oneByOne(machine, judged))
        : estimated(machine, message, judge(machine, sql, read.facts, { trees }), trees),
    );
  }
  const probed = machine.status === "E" || machine.batchOpen ? undefined : needsTree(machine, judged);
  if (probed === undefined) return estimated(machine, message, judged, []);
  if (!machine.quiet) return afterAnswers(machine, message, asked);
  const { span } = probed;
  const input = { judged, sql: sql.slice(span.start, span.end), end: "sync" } as const;
  const known = (trees: readonly Lineage[]): void =>
    estimated(machine, message, judge(machine, sql, read.facts, { trees: [trees] }), [trees]);
  if (machine.notices === undefined) return probeView(machine, input, known);
  probeColumns(machine, input, ({ error, trees }) => {
    // what it says of the statement, it would have said when it ran
    if (error !== undefined) machine.refuseQuery(shifted(error, sql.slice(0, span.start)));
    else known(trees);
  });
}

/** Per statement of the string, what the server said of it before. */
type Given = readonly (readonly Lineage[])[];

/**
 * Asks about statements of a string one after the other. Undefined: one of them cannot be asked about, since it needs what
 * comes before it, or since a question that fails would end the client's transaction.
 */
function askEach(
  machine: Machine,
  judged: Judged,
  open: readonly number[],
  done: (trees: Given | undefined) => void,
): void {
  if (machine.status !== "I") return done(undefined);
  const trees: Lineage[][] = judged.facts.map(() => []);
  const next = ([index, ...rest]: readonly number[]): void => {
    const facts = judged.facts[index ?? -1];
    if (index === undefined || facts === undefined) return done(trees);
    const sql = judged.sql.slice(facts.span.start, facts.span.end);
    probeColumns(machine, { judged, sql, end: "sync" }, ({ error, trees: found }) => {
      trees[index] = found;
      if (error === undefined) next(rest);
      else done(undefined);
    });
  };
  next(open);
}

/** Nothing of it was sent. */
function oneByOne(machine: Machine, judged: Judged): Judged {
  const rule = { ruleId: "one-by-one", reason: "what its statements read cannot be told beforehand" };
  return {
    ...judged,
    verdict: { ...judged.verdict, outcome: "deny", ...rule },
    refusal: stringRefused(machine.context.resource.name, transactionText(machine.status)),
  };
}

function afterAnswers(machine: Machine, message: PostgresMessage, asked: Query): void {
  machine.waitForAnswers(
    () => machine.quiet,
    () => (machine.skippingToSync ? machine.forward("target", message) : onQuery(machine, message, asked)),
  );
}

/** The position counts in the statement without what stands before it in the string. */
function shifted(fields: ErrorFields, before: string): ErrorFields {
  return fields.position === undefined
    ? fields
    : { ...fields, position: String(Number(fields.position) + [...before].length) };
}

function estimated(machine: Machine, message: PostgresMessage, judged: Judged, trees: Given): void {
  const { sql, facts } = judged;
  const plannable = wantsEstimate(machine, judged);
  if (plannable === undefined) return decideQuery(machine, message, judged);
  askEstimate(machine, judged, plannable, (estimate) => {
    if ("rows" in estimate)
      return decideQuery(machine, message, judge(machine, sql, facts, { estimatedRows: estimate.rows, trees }));
    // its transaction is aborted by its own error: the substitute only carries that to the client
    machine.refuseQuery(estimate.refusal);
  });
}

/** Also what is answered as a Query is: a FunctionCall. */
export function decideQuery(machine: Machine, message: PostgresMessage, judged: Judged): void {
  const forward = (copy?: CopyMask): void => {
    machine.sending(judged);
    const names = rememberNames(machine, judged);
    const sql = machine.notices && renamed(judged.sql, judged.facts);
    if (sql === undefined) machine.forward("target", message);
    else machine.toTarget({ name: "Query", sql, exact: true });
    machine.owe({ type: "query", ours: false, result: 0, judged, names, ...(copy && { copy }) });
  };
  const refuse = (fields: ErrorFields): void => {
    machine.finish(judged, "refused", fields.code ?? "");
    machine.refuseQuery(fields, judged);
  };
  decide(machine, { judged, parameters: [], digest: "", end: "sync", forward, refuse });
}
