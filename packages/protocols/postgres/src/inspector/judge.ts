import type { LabelUse, MaskSpec, Operation, SqlClassification, StatementFacts, Verdict } from "@tidewaiter/core";
import { CONSTANT_MASK, NO_LABELS, stricterMask } from "@tidewaiter/core";
import { resolveLabels } from "@tidewaiter/toolkit/labels/resolve-labels";
import type { ErrorFields } from "../messages.ts";
import type { Machine } from "./machine.ts";
import type { Judged, Prepared } from "./state.ts";
import { refusedByRule, refusedPlainly, syntaxError } from "./texts.ts";

export type Judgement = { readonly judged: Judged } | { readonly refusal: ErrorFields };

/** What the classifier could not read is refused here; a syntax error comes back in PostgreSQL's own words. */
export function readable(
  machine: Machine,
  sql: string,
  exact: boolean,
  classification: SqlClassification | undefined,
): { readonly facts: readonly StatementFacts[] } | { readonly refusal: ErrorFields } {
  if (!exact || !readsAsUtf8(machine, sql)) {
    return {
      refusal: refusedPlainly(
        "42501",
        "statements must be UTF-8 to pass the gateway [unknown-statement]",
        "Not executed. The session is open.",
        "set client_encoding = 'UTF8'",
      ),
    };
  }
  if (classification === undefined)
    return { refusal: unknownStatement(machine, sql, "analyser", "the analyser did not answer") };
  if (classification.ok) return { facts: classification.statements };
  if (classification.reason === "syntax")
    return { refusal: syntaxError(classification.message, classification.position) };
  return { refusal: unknownStatement(machine, sql, classification.reason, classification.message) };
}

/** In another client encoding the server reads other characters than we do; plain ASCII is the same in all of them. */
function readsAsUtf8(machine: Machine, sql: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  return machine.clientEncoding === "UTF8" || /^[\x00-\x7f]*$/.test(sql);
}

/** A verdict for an operation of no known kind; `unknown_statement` in the policy decides, and deny is its default. */
function unknownStatement(
  machine: Machine,
  sql: string,
  reason: Extract<Operation, { type: "unknown" }>["reason"],
  message: string,
): ErrorFields {
  const verdict = machine.context.evaluate({ type: "unknown", reason, message });
  const operation = machine.nextOperation();
  recordOperation(machine, {
    operation,
    kind: `UNKNOWN (${reason})`,
    sql: sql.slice(0, 2000),
    verdict: { ...verdict, outcome: "deny" },
    labels: NO_LABELS,
    facts: [],
  });
  return refusedPlainly(
    reason === "too_large" || reason === "too_deep" ? "54001" : "42501",
    `stopped before ${machine.context.resource.name}: ${message} [${verdict.ruleId ?? "unknown-statement"}]`,
    "Not executed. The session is open.",
  );
}

/** FunctionCall and whatever else has no text. */
export function refuseUnknown(machine: Machine, reason: "function_call", message: string): ErrorFields {
  return unknownStatement(machine, "", reason, message);
}

/** The verdict on a string of statements: the most severe over all of them, with the strictest mask for each label. */
export function judge(machine: Machine, sql: string, facts: readonly StatementFacts[]): Judged {
  const { context } = machine;
  const catalog = context.catalog();
  let verdict: Verdict | undefined;
  const uses: LabelUse[] = [];
  const judgedFacts = facts.flatMap((one) => effective(machine, one));
  for (const { facts: one, evaluated, unknownOrigin } of judgedFacts) {
    const resolved = catalog.hasLabels ? resolveLabels(one, catalog) : NO_LABELS;
    const labels = unknownOrigin && catalog.hasLabels ? { ...resolved, opaque: true } : resolved;
    uses.push(labels);
    if (evaluated) verdict = combine(verdict, context.evaluate({ type: "sql", facts: one, labels }));
  }
  const labels = mergeUses(uses);
  const first = facts[0];
  const whole = verdict ?? context.evaluate({ type: "sql", facts: first ?? fail(), labels });
  return {
    operation: machine.nextOperation(),
    sql,
    kind: first?.kind ?? "EMPTY",
    facts: judgedFacts.map((entry) => entry.facts),
    verdict: whole,
    labels,
    sensitive: labels.opaque || labels.reads.some((label) => whole.masks[label] !== "show"),
    startedAt: machine.now,
    rows: 0,
    bytes: 0,
    masked: [],
    finished: false,
  };
}

function fail(): never {
  throw new Error("a string without statements has no verdict");
}

interface Effective {
  readonly facts: StatementFacts;
  readonly evaluated: boolean;
  /** Runs something that was prepared out of our sight. */
  readonly unknownOrigin: boolean;
}

/** EXECUTE is judged as what it runs; FETCH was judged at DECLARE and only needs to know where its values come from. */
function effective(machine: Machine, facts: StatementFacts): readonly Effective[] {
  if (facts.kind === "EXECUTE") {
    const stored = machine.sqlPrepared.get(facts.prepared ?? "");
    return stored === undefined
      ? [{ facts, evaluated: true, unknownOrigin: true }]
      : stored.facts.map((one) => ({ facts: one, evaluated: true, unknownOrigin: false }));
  }
  if (facts.kind === "FETCH" || facts.kind === "MOVE") {
    const stored = machine.cursors.get(facts.cursor ?? "");
    return stored === undefined
      ? [{ facts, evaluated: true, unknownOrigin: true }]
      : stored.facts.map((one) => ({ facts: one, evaluated: false, unknownOrigin: false }));
  }
  return [{ facts, evaluated: true, unknownOrigin: false }];
}

/** After a statement was accepted: remember what PREPARE and DECLARE named, forget what DEALLOCATE, CLOSE and DISCARD drop. */
export function remember(machine: Machine, facts: readonly StatementFacts[]): void {
  for (const one of facts) {
    switch (one.kind) {
      case "PREPARE": {
        const inner = one.preparedSql === undefined ? undefined : machine.context.classify(one.preparedSql);
        if (inner?.ok && one.prepared !== undefined)
          machine.sqlPrepared.set(one.prepared, stored(one.preparedSql ?? "", inner.statements));
        break;
      }
      case "DECLARE CURSOR":
        if (one.cursor !== undefined) machine.cursors.set(one.cursor, stored("", [one]));
        break;
      default:
        break;
    }
  }
}

function stored(sql: string, facts: readonly StatementFacts[]): Prepared {
  return { sql, facts, judged: undefined };
}

function combine(a: Verdict | undefined, b: Verdict): Verdict {
  if (a === undefined) return b;
  const severity = { allow: 0, review: 1, deny: 2 } as const;
  const worse = severity[b.outcome] > severity[a.outcome] ? b : a;
  const masks: Record<string, MaskSpec | "show"> = {};
  for (const label of new Set([...Object.keys(a.masks), ...Object.keys(b.masks)]))
    masks[label] = stricter(a.masks[label], b.masks[label]);
  return {
    ...worse,
    masks,
    budgets: [
      ...a.budgets,
      ...b.budgets.filter((budget) => !a.budgets.some((other) => other.ruleId === budget.ruleId)),
    ],
    unlabelledText: a.unlabelledText === "detect" || b.unlabelledText === "detect" ? "detect" : "pass",
    recording: {
      mode: a.recording.mode === "durable" ? "durable" : b.recording.mode,
      results: a.recording.results || b.recording.results,
    },
    observed: [...a.observed, ...b.observed],
  };
}

function stricter(a: MaskSpec | "show" | undefined, b: MaskSpec | "show" | undefined): MaskSpec | "show" {
  if (a === "show" && b === "show") return "show";
  if (a === undefined || b === undefined) return CONSTANT_MASK;
  if (a === "show") return b === "show" ? "show" : b;
  return b === "show" ? a : stricterMask(a, b);
}

function mergeUses(uses: readonly LabelUse[]): LabelUse {
  if (uses.length === 1) return uses[0] ?? NO_LABELS;
  return {
    reads: [...new Set(uses.flatMap((use) => use.reads))].sort(),
    writes: [...new Set(uses.flatMap((use) => use.writes))].sort(),
    predicates: uses.flatMap((use) => use.predicates),
    laundering: uses.some((use) => use.laundering),
    opaque: uses.some((use) => use.opaque),
  };
}

/** The refusal for a verdict of deny. */
export function denied(machine: Machine, judged: Judged): ErrorFields {
  return refusedByRule(machine.context.resource.name, judged.verdict, machine.status);
}

type Recorded = Pick<Judged, "operation" | "kind" | "sql" | "verdict" | "labels" | "facts">;

/** Before anything is forwarded. Literals of a statement that touches labels are keyed tokens; the relay seals the original. */
export function recordOperation(machine: Machine, judged: Recorded, parameters?: readonly (string | null)[]): void {
  const { verdict, labels } = judged;
  machine.record({
    at: machine.now,
    type: "operation",
    operation: judged.operation,
    kind: judged.kind,
    ...recordedText(machine, judged, parameters),
    outcome: verdict.outcome,
    ...(verdict.ruleId !== undefined && { ruleId: verdict.ruleId }),
    ...(verdict.reason !== undefined && { reason: verdict.reason }),
    policyVersion: verdict.policyVersion,
    labels: [...new Set([...labels.reads, ...labels.writes])],
    ...(verdict.observed.length > 0 && {
      observed: verdict.observed.map(({ ruleId, outcome }) => `${ruleId}: ${outcome}`),
    }),
  });
}

function recordedText(machine: Machine, judged: Recorded, parameters: readonly (string | null)[] | undefined) {
  const touches = judged.labels.opaque || judged.labels.reads.length > 0 || judged.labels.writes.length > 0;
  const spans = judged.facts.flatMap((facts) => (touches ? [...facts.literals] : []));
  const secrets = judged.facts.flatMap((facts) => [...facts.secrets]);
  if (!touches && secrets.length === 0)
    return { text: judged.sql, ...(parameters && parameters.length > 0 && { parameters }) };
  const text = machine.context.tokenise(judged.sql, spans, secrets);
  const sealedText = secrets.length === 0 ? judged.sql : machine.context.tokenise(judged.sql, [], secrets);
  const hasParameters = parameters !== undefined && parameters.length > 0;
  return {
    text,
    ...(hasParameters && {
      parameters: touches
        ? parameters.map((value) => (value === null ? null : machine.context.token(value)))
        : parameters,
    }),
    ...(touches && { sealed: { text: sealedText, ...(hasParameters && { parameters }) } }),
  };
}
