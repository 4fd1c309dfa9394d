import { createHash } from "node:crypto";
import { decodeFrontend, eachValue, formatAt } from "../decode-frontend.ts";
import { errorFields, SQLSTATE } from "../errors.ts";
import type { CopyMask } from "../mask/mask-copy.ts";
import type { ErrorFields, FrontendMessage } from "../messages.ts";
import { FRONTEND } from "../messages.ts";
import { askForLease, budgetSpent, exhausted } from "./budgets.ts";
import type { PostgresMessage } from "./context.ts";
import { copyToProbe, probeCopy } from "./copy-out.ts";
import { hold } from "./hold.ts";
import { denied, judge, readable, recordOperation, refuseUnknown, remember } from "./judge.ts";
import type { Machine } from "./machine.ts";
import { OWN_PREFIX } from "./machine.ts";
import type { Judged, Owed, Portal } from "./state.ts";
import { refusedPlainly, transactionText } from "./texts.ts";

/** Recorded parameters: how many, and how many characters of each. */
const MAX_PARAMETERS = 100;
const MAX_PARAMETER_LENGTH = 1_000;

/** One message of the client in the ready phase; nothing is being waited for. */
export function onClientMessage(machine: Machine, message: PostgresMessage): void {
  if (message.kind !== "message") return machine.forward("target", message); // CopyData
  const decoded = decodeFrontend(message);
  switch (decoded.name) {
    case "Query":
      return onQuery(machine, message, decoded);
    case "Parse":
      return onParse(machine, message, decoded);
    case "Bind":
      return onBind(machine, message, decoded);
    case "Execute":
      return onExecute(machine, message, decoded.portal);
    case "Describe":
      machine.forward("target", message);
      return machine.owe({ type: "describe", ours: false, of: decoded.target });
    case "Close":
      return onClose(machine, message, decoded);
    case "Sync":
      machine.forward("target", message);
      return machine.owe({ type: "sync", ours: false });
    case "FunctionCall":
      return machine.refuseQuery(
        refuseUnknown(machine, "function_call", "the fast-path function call is not allowed; use SELECT"),
      );
    case "CopyDone":
    case "CopyFail":
      onCopyEnd(machine);
      return machine.forward("target", message);
    case "Terminate":
      machine.forward("target", message);
      machine.closed = true;
      return machine.emit({ type: "close", reason: "client left" });
    default:
      return machine.forward("target", message);
  }
}

type Query = Extract<FrontendMessage, { name: "Query" }>;
type Parse = Extract<FrontendMessage, { name: "Parse" }>;
type Bind = Extract<FrontendMessage, { name: "Bind" }>;

function onQuery(machine: Machine, message: PostgresMessage, { sql, exact }: Query): void {
  const read = readable(machine, sql, exact, message.classification);
  if ("refusal" in read) return machine.refuseQuery(read.refusal);
  if (read.facts.length === 0) {
    machine.forward("target", message);
    return machine.owe({ type: "query", ours: false, result: 0 });
  }
  const judged = judge(machine, sql, read.facts);
  const forward = (copy?: CopyMask): void => {
    remember(machine, read.facts);
    machine.forward("target", message);
    machine.owe({ type: "query", ours: false, result: 0, judged, ...(copy && { copy }) });
  };
  const refuse = (fields: ErrorFields): void => {
    machine.finish(judged, "refused", fields.code ?? "");
    machine.refuseQuery(fields, judged);
  };
  decide(machine, { judged, parameters: [], digest: "", end: "sync", forward, refuse });
}

interface Decision {
  readonly judged: Judged;
  readonly parameters: readonly (string | null)[];
  readonly digest: string;
  /** How a probe before it ends. */
  readonly end: "sync" | "flush";
  readonly forward: (copy?: CopyMask) => void;
  readonly refuse: (fields: ErrorFields) => void;
}

/** The way of every operation that is about to run: record, verdict, person, budget, probe, forward. */
function decide(machine: Machine, decision: Decision): void {
  const { judged, parameters, refuse } = decision;
  recordOperation(machine, judged, parameters);
  if (!machine.controlPlaneReachable) {
    return refuse(
      refusedPlainly(
        SQLSTATE.cannotConnectNow,
        "the control plane is out of reach, so nothing new may run",
        transactionText(machine.status),
        "Try again in a moment.",
      ),
    );
  }
  const { verdict } = judged;
  if (verdict.outcome === "deny") return refuse(denied(machine, judged));
  if (verdict.outcome === "review" && verdict.review !== undefined) {
    if (decision.end === "flush") machine.toTarget({ name: "Flush" });
    return hold(machine, {
      judged,
      review: verdict.review,
      parameters,
      digest: decision.digest,
      approved: () => admit(machine, decision),
      refuse,
    });
  }
  admit(machine, decision);
}

/** Budgets first, then the probe that a COPY needs, then the target. */
function admit(machine: Machine, decision: Decision): void {
  const { judged, forward, refuse } = decision;
  const budget = exhausted(machine, judged);
  if (budget !== undefined) {
    const go = (granted: boolean): void => {
      machine.waiting = undefined;
      if (granted) admit(machine, decision);
      else refuse(budgetSpent(machine, budget.ruleId));
    };
    machine.waiting = { for: "budget", askId: askForLease(machine, budget), ruleId: budget.ruleId, go };
    return;
  }
  const probed = copyToProbe(machine, judged);
  if (probed === undefined) return forward();
  probeCopy(machine, {
    judged,
    ...probed,
    end: decision.end,
    done: (answer) => ("refusal" in answer ? refuse(answer.refusal) : forward(answer.copy)),
  });
}

function onParse(machine: Machine, message: PostgresMessage, { statement, sql, exact }: Parse): void {
  if (statement.startsWith(OWN_PREFIX)) return machine.refuseExtended(ownName());
  const read = readable(machine, sql, exact, message.classification);
  if ("refusal" in read) return machine.refuseExtended(read.refusal);
  const { facts } = read;
  const judged = facts.length === 0 ? undefined : judge(machine, sql, facts);
  if (judged?.verdict.outcome === "deny") {
    recordOperation(machine, judged);
    machine.finish(judged, "refused", SQLSTATE.insufficientPrivilege);
    return machine.refuseExtended(denied(machine, judged), judged);
  }
  machine.forward("target", message);
  const undo = machine.skippingToSync ? undefined : note(machine.prepared, statement, { sql, facts, judged });
  machine.owe({ type: "parse", ours: false, ...(undo && { undo }), ...(judged && { judged }) });
}

/** Sets or deletes an entry and returns what puts the old one back. */
function note<T>(map: Map<string, T>, name: string, value: T | undefined): () => void {
  const previous = map.get(name);
  const put = (entry: T | undefined): void => {
    if (entry === undefined) map.delete(name);
    else map.set(name, entry);
  };
  put(value);
  return () => put(previous);
}

function onBind(machine: Machine, message: PostgresMessage, bind: Bind): void {
  const prepared = machine.prepared.get(bind.statement);
  machine.forward("target", message);
  if (machine.skippingToSync) return;
  const portal: Portal | undefined = prepared && {
    prepared,
    parameters: parametersOf(bind),
    digest: parametersDigest(bind),
    resultFormats: bind.resultFormats,
    fields: undefined,
    mask: undefined,
    judged: undefined,
  };
  const undo = note(machine.portals, bind.portal, portal);
  machine.owe({ type: "bind", ours: false, undo, ...(prepared?.judged && { judged: prepared.judged }) });
  if (portal === undefined || prepared === undefined) return;
  // the client's Describe may come or not: masks are made from our own, after the server analysed the statement again
  if (machine.context.catalog().hasLabels && prepared.facts.some((facts) => facts.returnsRows)) {
    machine.toTarget({ name: "Describe", target: "portal", of: bind.portal });
    machine.owe({ type: "describe", ours: true, of: "portal", portal });
  } else {
    portal.fields = "none";
  }
}

/** Decided a second time, with the parameters and the policy of now. */
function onExecute(machine: Machine, message: PostgresMessage, name: string): void {
  const portal = machine.portals.get(name);
  if (portal === undefined || portal.judged !== undefined || portal.prepared.facts.length === 0) {
    machine.forward("target", message);
    return machine.owe({ type: "execute", ours: false, portal, ...(portal?.judged && { judged: portal.judged }) });
  }
  const judged = judge(machine, portal.prepared.sql, portal.prepared.facts);
  const forward = (copy?: CopyMask): void => {
    portal.judged = judged;
    remember(machine, portal.prepared.facts);
    machine.forward("target", message);
    machine.owe({ type: "execute", ours: false, portal, judged, ...(copy && { copy }) });
  };
  const refuse = (fields: ErrorFields): void => {
    machine.finish(judged, "refused", fields.code ?? "");
    machine.refuseExtended(fields, judged);
  };
  if (machine.skippingToSync) return machine.forward("target", message);
  decide(machine, { judged, parameters: portal.parameters, digest: portal.digest, end: "flush", forward, refuse });
}

/** CopyDone or CopyFail. It may come before the server has said that the COPY began: then it belongs to the first COPY owed. */
function onCopyEnd(machine: Machine): void {
  if (machine.copyingIn) {
    machine.copyingIn = false;
    return;
  }
  const at = machine.owed.findIndex((owed) => mayCopyIn(owed) && (owed.copyEnds ?? 0) === 0);
  const owed = machine.owed[at];
  if (owed?.type !== "query" && owed?.type !== "execute") return;
  owed.copyEnds = 1;
  for (const behind of machine.owed.slice(at + 1)) if (behind.type === "sync") behind.inCopy = true;
}

function mayCopyIn(owed: Owed): owed is Extract<Owed, { type: "query" | "execute" }> {
  if (owed.type !== "query" && owed.type !== "execute") return false;
  return owed.judged?.facts.some(({ copy }) => copy?.direction === "from" && copy.endpoint === "stdin") === true;
}

function onClose(
  machine: Machine,
  message: PostgresMessage,
  { target, of }: Extract<FrontendMessage, { name: "Describe" | "Close" }>,
): void {
  machine.forward("target", message);
  if (machine.skippingToSync) return;
  const undo = target === "statement" ? note(machine.prepared, of, undefined) : note(machine.portals, of, undefined);
  machine.owe({ type: "close", ours: false, undo });
}

function parametersDigest({ parameters, parameterFormats }: Bind): string {
  if (parameters.count === 0) return "";
  const digest = createHash("sha256").update(parameterFormats.join(","));
  for (const value of eachValue(parameters)) {
    digest.update(value === null ? "N" : `${value.length}:`);
    if (value !== null) digest.update(value);
  }
  return digest.digest("hex");
}

/** Parameters for records and reviewers: text as it is, binary as bytea hex, long ones cut. */
function parametersOf({ parameters, parameterFormats }: Bind): readonly (string | null)[] {
  const values: (string | null)[] = [];
  for (const value of eachValue(parameters)) {
    const index = values.length;
    if (index === MAX_PARAMETERS) return [...values, `... ${parameters.count - MAX_PARAMETERS} more`];
    if (value === null) values.push(null);
    else if (formatAt(parameterFormats, index) === 0) values.push(value.toString("utf8", 0, MAX_PARAMETER_LENGTH));
    else values.push(`\\x${value.toString("hex", 0, MAX_PARAMETER_LENGTH / 2)}`);
  }
  return values;
}

function ownName(): ErrorFields {
  return errorFields("ERROR", {
    code: SQLSTATE.insufficientPrivilege,
    message: `statement names that begin with "${OWN_PREFIX}" belong to the gateway`,
  });
}

/** Does a message need the classifier before `receive`? */
export function carriesSql(type: number): boolean {
  return type === FRONTEND.Query || type === FRONTEND.Parse;
}
