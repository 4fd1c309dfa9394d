import { ACCESS_LEVELS, levelAtLeast } from "@tidewaiter/core/resource";
import { accessRules } from "../../storage/schema.ts";
import { select, type Work } from "../../storage/statement.ts";
import { type AccessQuestion, decideAccess } from "../grants/access.ts";
import { ruleFits } from "./fits.ts";

/** What is proposed; a rule may allow less. */
const PROPOSED_SECONDS = 2 * 3600;

/**
 * The command that asks for what was refused. Undefined where no access rule lets this principal ask for it, or where a
 * grant would not be enough: the person of an AI agent has no more, the key is for less, the level has no credential.
 */
export function* requestCommand(question: AccessQuestion): Work<string | undefined> {
  const { principal, resource, credentialLevels, now } = question;
  const level = question.level ?? ACCESS_LEVELS.find((known) => credentialLevels.includes(known));
  if (level === undefined) return undefined;
  const fitting = (yield* select(accessRules)).filter(
    ({ rule }) => ruleFits(rule, principal, resource) && levelAtLeast(rule.level, level),
  );
  if (fitting.length === 0) return undefined;
  const wished = { id: "", name: "", principalId: principal.row.id, groupId: null, resourceId: resource.id };
  const grant = { ...wished, selector: null, level, expiresAt: null, requestId: null, createdAt: now };
  if (!decideAccess({ ...question, level, grants: [...question.grants, grant] }).ok) return undefined;
  const seconds = Math.min(PROPOSED_SECONDS, Math.max(...fitting.map(({ rule }) => rule.maxSeconds)));
  return `tw request ${resource.name} --level ${level} --for ${inWords(seconds)} --reason "..."`;
}

function inWords(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
