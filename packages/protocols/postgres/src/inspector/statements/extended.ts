import { errorFields, SQLSTATE } from "../../errors.ts";
import type { Lineage } from "../../lineage/lineage.ts";
import type { CopyMask } from "../../mask/mask-copy.ts";
import type { ErrorFields, FrontendMessage } from "../../messages.ts";
import type { PostgresMessage } from "../context.ts";
import { needsTree } from "../lineage/lineage-probe.ts";
import type { Machine } from "../machine.ts";
import { OWN_PREFIX } from "../machine.ts";
import type { Judged, Portal, Prepared } from "../state.ts";
import { refusedPlainly } from "../texts.ts";
import { decide } from "../verdict/decide.ts";
import { denied, judge } from "../verdict/judge.ts";
import { bindParameters } from "./bind-parameters.ts";
import { isCertainName } from "./names.ts";
import { readable, readLater, unknownStatement } from "./readable.ts";
import { recordOperation } from "./record-operation.ts";
import { renamed } from "./renamed.ts";
import { askForSyntaxError } from "./servers-words.ts";
import { rememberNames } from "./sql-names.ts";
import { judgeUnread, UNSEEN } from "./unread.ts";

type Message<N extends FrontendMessage["name"]> = Extract<FrontendMessage, { name: N }>;

const NO_VALUES: Pick<Portal, "parameters" | "digest"> = { parameters: [], digest: "" };

/** Names that a session may hold at a time; a server's memory ends far earlier for real clients. */
const MAX_NAMES = 10_000;

/** What is denied for every parameter is refused here; what asks a person asks at Execute. */
export function onParse(machine: Machine, message: PostgresMessage, asked: Message<"Parse">): void {
  const { statement, sql, exact } = asked;
  const badName = refusedName(machine, statement);
  if (badName !== undefined) return machine.refuseExtended(badName);
  if (machine.prepared.size >= MAX_NAMES) return machine.refuseExtended(tooMany());
  if (readLater(machine, sql, () => again(machine, message, () => onParse(machine, message, asked)))) return;
  const read = readable(machine, sql, exact, message.classification);
  if ("unparsed" in read && machine.controlPlaneReachable)
    return askForSyntaxError(machine, read.unparsed, "flush", (fields) => machine.refuseExtended(fields));
  if ("refusal" in read) return machine.refuseExtended(read.refusal);
  const facts = "facts" in read ? read.facts : [];
  const judged = "unread" in read ? read.unread : facts.length === 0 ? undefined : judge(machine, sql, facts);
  if (judged?.verdict.outcome === "deny") {
    judged.operation = machine.nextOperation();
    recordOperation(machine, judged);
    machine.finish(judged, "refused", SQLSTATE.insufficientPrivilege);
    return machine.refuseExtended(denied(machine, judged), judged);
  }
  const other = machine.notices && renamed(sql, facts);
  if (other === undefined) machine.forward("target", message);
  else machine.toTarget({ ...asked, sql: other });
  const trees: Lineage[] = [];
  const settle = machine.prepared.define(
    statement,
    { sql, facts, judged, trees, since: machine.doubts },
    machine.batch,
  );
  machine.owe({ type: "parse", ours: false, settle, trees, ...(judged && { judged }) });
}

export function onBind(machine: Machine, message: PostgresMessage, bind: Message<"Bind">): void {
  const badName = refusedName(machine, bind.statement) ?? refusedName(machine, bind.portal);
  if (badName !== undefined) return machine.refuseExtended(badName);
  if (machine.portals.size >= MAX_NAMES) return machine.refuseExtended(tooMany());
  const candidates = machine.prepared.of(bind.statement, machine.batch);
  const [prepared] = candidates;
  if (prepared === undefined) {
    if (machine.ranUnseen) return bindUnseen(machine, message, bind);
    // the server knows no such name either, and says so in its own words
    machine.forward("target", message);
    return machine.owe({ type: "bind", ours: false });
  }
  if (candidates.length > 1) {
    if (machine.owed.length === 0) return machine.refuseExtended(unsureName(bind.statement));
    const certain = (): boolean => machine.prepared.of(bind.statement, machine.batch).length < 2;
    return machine.waitForAnswers(certain, () => again(machine, message, () => onBind(machine, message, bind)));
  }
  machine.forward("target", message);
  const portal = portalOf(prepared, bind);
  const named = machine.portals.define(bind.portal, portal, machine.batch);
  const settle = (done: boolean): void => {
    portal.bound = done;
    named(done);
  };
  machine.owe({
    type: "bind",
    ours: false,
    settle,
    trees: portal.trees,
    ...(prepared.judged && { judged: prepared.judged }),
  });
  if (!needsColumns(machine, prepared)) {
    portal.fields = "none";
    return;
  }
  // the client's Describe may come or not: masks are made from our own, after the server analysed the statement again
  machine.toTarget({ name: "Describe", target: "portal", of: bind.portal });
  machine.owe({ type: "describe", ours: true, of: "portal", portal });
}

/** Code that nobody read may have prepared it; what it is was never seen. */
function bindUnseen(machine: Machine, message: PostgresMessage, bind: Message<"Bind">): void {
  const judged = judgeUnread(machine, UNSEEN);
  if (judged === undefined) return machine.refuseExtended(unknownName("statement", bind.statement));
  machine.forward("target", message);
  const prepared: Prepared = { sql: UNSEEN.sql, facts: [], trees: [], since: machine.doubts, judged };
  const settle = machine.portals.define(bind.portal, portalOf(prepared, bind), machine.batch);
  machine.owe({ type: "bind", ours: false, settle, judged });
}

function portalOf(prepared: Prepared, bind: Message<"Bind">): Portal {
  return {
    prepared,
    ...bindParameters(bind),
    resultFormats: bind.resultFormats,
    fields: undefined,
    mask: undefined,
    planned: false,
    trees: [],
    bound: false,
    judged: undefined,
  };
}

/** A message that was kept back while the server began to skip is skipped too. */
function again(machine: Machine, message: PostgresMessage, take: () => void): void {
  if (machine.skippingToSync) machine.forward("target", message);
  else take();
}

function needsColumns(machine: Machine, { facts, judged }: Prepared): boolean {
  if (!machine.context.catalog().hasLabels && judged?.verdict.recording.results !== true) return false;
  return facts.some((one) => one.returnsRows);
}

/** Decided a second time, with the parameters and the policy of now. */
export function onExecute(machine: Machine, message: PostgresMessage, name: string): void {
  const badName = refusedName(machine, name);
  if (badName !== undefined) return machine.refuseExtended(badName);
  const candidates = machine.portals.of(name, machine.batch);
  const [portal] = candidates;
  if (portal === undefined) {
    // rows of a cursor that SQL declared come by FETCH
    const unseen = machine.ranUnseen || machine.declaredCursors;
    const judged = unseen ? judgeUnread(machine, UNSEEN) : undefined;
    if (judged !== undefined) return decideExecute(machine, message, judged, undefined);
    if (unseen) return machine.refuseExtended(unknownName("portal", name));
    machine.forward("target", message);
    return machine.owe({ type: "execute", ours: false, portal: undefined });
  }
  if (candidates.length > 1) {
    if (machine.owed.length === 0) return machine.refuseExtended(unsureName(name));
    const certain = (): boolean => machine.portals.of(name, machine.batch).length < 2;
    return machine.waitForAnswers(certain, () => again(machine, message, () => onExecute(machine, message, name)));
  }
  const { prepared } = portal;
  const { unread } = prepared.judged ?? {};
  if (portal.judged !== undefined || (prepared.facts.length === 0 && unread === undefined)) {
    machine.forward("target", message);
    return machine.owe({ type: "execute", ours: false, portal, ...(portal.judged && { judged: portal.judged }) });
  }
  if (unread !== undefined) {
    const judged = judgeUnread(machine, unread);
    if (judged === undefined) return machine.refuseExtended(unknownStatement(machine, unread));
    return decideExecute(machine, message, judged, portal);
  }
  if (portal.fields === "none" && needsColumns(machine, prepared)) {
    // labels that came after Bind: what the rows hold is asked now
    portal.fields = undefined;
    machine.toTarget({ name: "Describe", target: "portal", of: name });
    machine.owe({ type: "describe", ours: true, of: "portal", portal });
  }
  const trees = machine.notices === undefined ? [] : [...prepared.trees, ...portal.trees];
  const judged = judge(machine, prepared.sql, prepared.facts, { bound: portal, trees: [trees], since: prepared.since });
  if (!portal.bound && needsTree(machine, judged) !== undefined) {
    // the barrier: with Bind the server tells what it will run, by the schema and search_path of now
    machine.toTarget({ name: "Flush" });
    const bound = (): boolean => portal.bound;
    return machine.waitForAnswers(bound, () => again(machine, message, () => onExecute(machine, message, name)));
  }
  decideExecute(machine, message, judged, portal);
}

/** `portal` is unknown where SQL declared it, as a cursor. */
function decideExecute(machine: Machine, message: PostgresMessage, judged: Judged, portal: Portal | undefined): void {
  const forward = (copy?: CopyMask): void => {
    if (portal !== undefined) portal.judged = judged;
    machine.sending(judged);
    const names = rememberNames(machine, judged);
    machine.forward("target", message);
    machine.owe({ type: "execute", ours: false, portal, judged, names, ...(copy && { copy }) });
  };
  const refuse = (fields: ErrorFields): void => {
    machine.finish(judged, "refused", fields.code ?? "");
    machine.refuseExtended(fields, judged);
  };
  const { parameters, digest } = portal ?? NO_VALUES;
  decide(machine, { judged, parameters, digest, end: "flush", forward, refuse });
}

export function onDescribe(
  machine: Machine,
  message: PostgresMessage,
  { target, of }: Message<"Describe" | "Close">,
): void {
  const badName = refusedName(machine, of);
  if (badName !== undefined) return machine.refuseExtended(badName);
  machine.forward("target", message);
  machine.owe({ type: "describe", ours: false, of: target });
}

export function onClose(
  machine: Machine,
  message: PostgresMessage,
  { target, of }: Message<"Describe" | "Close">,
): void {
  const badName = refusedName(machine, of);
  if (badName !== undefined) return machine.refuseExtended(badName);
  machine.forward("target", message);
  const names = target === "statement" ? machine.prepared : machine.portals;
  machine.owe({ type: "close", ours: false, settle: names.remove(of) });
}

function refusedName({ reading }: Machine, name: string): ErrorFields | undefined {
  if (name.startsWith(OWN_PREFIX)) return ownName();
  if (isCertainName(name, reading.utf8 && !reading.atRisk)) return undefined;
  return errorFields("ERROR", {
    code: "42622",
    message: "the name of a statement or portal may mean another one to the server than to the gateway",
    hint: "Names beyond ASCII need client_encoding = 'UTF8' and at most 63 bytes.",
  });
}

function ownName(): ErrorFields {
  return errorFields("ERROR", {
    code: SQLSTATE.insufficientPrivilege,
    message: `statement names that begin with "${OWN_PREFIX}" belong to the gateway`,
  });
}

/** In the server's own words: it would say the same of a name that nobody defined. */
function unknownName(what: "statement" | "portal", name: string): ErrorFields {
  if (what === "portal") return errorFields("ERROR", { code: "34000", message: `portal "${name}" does not exist` });
  const message =
    name === "" ? "unnamed prepared statement does not exist" : `prepared statement "${name}" does not exist`;
  return errorFields("ERROR", { code: "26000", message });
}

/** Two definitions, and every answer has come: the server alone knows which one stands. */
function unsureName(name: string): ErrorFields {
  return refusedPlainly(
    SQLSTATE.insufficientPrivilege,
    `"${name}" was defined twice, and may be either`,
    "Not executed. The session is open.",
    "Use another name.",
  );
}

function tooMany(): ErrorFields {
  return errorFields("ERROR", {
    code: "54000",
    message: `a session may hold ${MAX_NAMES} prepared statements and portals`,
  });
}
