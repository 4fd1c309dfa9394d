import type { StatementFacts, Verdict } from "@tidewaiter/core";
import type { ErrorFields } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import type { Meaning } from "../statements/meanings.ts";
import { judgeUnread, UNSEEN } from "../statements/unread.ts";
import { refusedByRule, refusedPlainly, transactionText } from "../texts.ts";
import { writesBack } from "./mask-forms.ts";

/** Rule ids are part of messages, records and tests: they never change. */
export const OWN_RULES = {
  identity: "no-identity-change",
  writeBack: "no-mask-write-back",
  unknownName: "unknown-statement",
  schemaFirst: "no-schema-change-before-reads",
} as const;

interface OwnRefusal {
  readonly rule: { readonly ruleId: string; readonly reason: string };
  readonly fields: ErrorFields;
}

interface ToCheck {
  readonly sql: string;
  readonly meant: readonly Meaning[];
  readonly verdict: Verdict;
  readonly bound: BoundValues | undefined;
}

/** What matters here about the values of a Bind. */
export interface BoundValues {
  /** Numbers of parameters, from 1, whose value has the form of a mask. */
  readonly maskLike: ReadonlySet<number>;
  /** A value is the name of a setting that tells who the person is. */
  readonly namesIdentity: boolean;
}

/** Rules that hold whatever the policy says, since without them its verdicts would rest on something untrue. */
export function ownRefusal(machine: Machine, check: ToCheck): OwnRefusal | undefined {
  const { verdict } = check;
  if (verdict.outcome === "deny") return undefined;
  // where nothing ran unseen the server knows no such name either, and says so in its own words
  const missing = machine.ranUnseen ? check.meant.find((meaning) => meaning.missing) : undefined;
  if (missing !== undefined && judgeUnread(machine, UNSEEN) === undefined)
    return unknownName(machine, missing.written.prepared ?? "");
  const facts = check.meant.flatMap((meaning) => [meaning.written, ...meaning.runs]);
  const named = check.bound?.namesIdentity === true && facts.some(callsSetConfig);
  if (named || facts.some((one) => changesIdentity(one, check.sql)))
    return byRule(machine, verdict, {
      ruleId: OWN_RULES.identity,
      reason: "settings named tidewaiter.* tell the server who you are, and are not yours to set",
    });
  if (readsWhatItMade(machine, check.meant)) {
    const reason = "one string changes the schema and then reads, before anyone can know what it reads";
    const refusal = byRule(machine, verdict, { ruleId: OWN_RULES.schemaFirst, reason });
    return { ...refusal, fields: { ...refusal.fields, hint: "Send the statements one by one." } };
  }
  const column = facts
    .map((one) => writesBack(one, { catalog: machine.context.catalog(), verdict, maskLike: check.bound?.maskLike }))
    .find((found) => found !== undefined);
  if (column === undefined) return undefined;
  const reason = `would store a mask in ${column}, which is masked for you, in place of its value`;
  const refusal = byRule(machine, verdict, { ruleId: OWN_RULES.writeBack, reason });
  const hint = `Leave ${column} out of the statement; programs that save whole rows need a role that sees it.`;
  return { ...refusal, fields: { ...refusal.fields, hint } };
}

/** A view replaced in the same string is still the old one in the catalog by which its columns would be masked. */
function readsWhatItMade(machine: Machine, meant: readonly Meaning[]): boolean {
  if (meant.length < 2 || !machine.context.catalog().hasLabels) return false;
  const change = meant.findIndex(({ written }) => written.classes.includes("schema"));
  if (change < 0) return false;
  return meant.slice(change + 1).some(({ written }) => written.relations.some(({ access }) => access === "read"));
}

function byRule(machine: Machine, verdict: Verdict, rule: OwnRefusal["rule"]): OwnRefusal {
  return { rule, fields: refusedByRule(machine.context.resource.name, { ...verdict, ...rule }, machine.status) };
}

/** In the server's words, since it would mostly say the same: 26000 is what drivers prepare anew on. */
function unknownName(machine: Machine, name: string): OwnRefusal {
  return {
    rule: { ruleId: OWN_RULES.unknownName, reason: "runs a statement that was not prepared through the gateway" },
    fields: refusedPlainly(
      "26000",
      `prepared statement "${name}" does not exist`,
      `Nothing of that name was prepared through the gateway. ${transactionText(machine.status)}`,
    ),
  };
}

const IDENTITY = "tidewaiter";
/** SET clauses of functions, roles and databases, which no field of the facts holds. */
const SET_CLAUSE = /\bset\s+(?:session\s+|local\s+)?"?tidewaiter/i;
/** A call of set_config whose setting is named by one plain literal, or by a parameter. */
const LITERAL_CALL = /set_config"?\s*\(\s*'([^']*)'\s*(?:::\s*\w+\s*)?,/gi;
const PARAMETER_CALL = /set_config"?\s*\(\s*\$\d+\s*(?:::\s*\w+\s*)?,/gi;
const ANY_CALL = /set_config/gi;
/** Every pg_dump since CVE-2024-7348 begins with it; the name is a column, but the value is no one's name. */
const OF_PG_DUMP =
  "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'";

function changesIdentity(facts: StatementFacts, sql: string): boolean {
  if (facts.set !== undefined && facts.set.scope !== "show" && isIdentitySetting(facts.set.name)) return true;
  if (facts.class !== "read" && SET_CLAUSE.test(sql)) return true;
  if (!callsSetConfig(facts) || sql === OF_PG_DUMP) return false;
  const literal = [...sql.matchAll(LITERAL_CALL)];
  if (literal.some((call) => isIdentitySetting(call[1] ?? ""))) return true;
  const counted = literal.length + [...sql.matchAll(PARAMETER_CALL)].length;
  // a name that is computed, or written in a way that is not read here, may be any name
  return counted < Math.max(1, [...sql.matchAll(ANY_CALL)].length);
}

function callsSetConfig({ dangerous }: StatementFacts): boolean {
  return dangerous.some(({ name }) => name === "set_config");
}

/** The name of one of the settings that tell who the person is. */
export function isIdentitySetting(name: string): boolean {
  return name.toLowerCase().includes(`${IDENTITY}.`);
}
