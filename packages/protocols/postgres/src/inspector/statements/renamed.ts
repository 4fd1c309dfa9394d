import type { SourceSpan, StatementFacts } from "@tidewaiter/core";
import { PLACEHOLDER, placeholderFor, RENAMED } from "../lineage/notice-level.ts";

/** Functions that name a setting in a string. */
const NAMED_BY_STRING: ReadonlySet<string> = new Set(["set_config", "current_setting"]);

const FIRST_ARGUMENT = /(?:set_config|current_setting)"?\s*\(\s*$/i;

/**
 * The string with the client's own placeholders in place of the settings that lineage needs, so that transactions,
 * savepoints and RESET ALL are the server's own work. Undefined: it names none of them.
 */
export function renamed(sql: string, facts: readonly StatementFacts[]): string | undefined {
  const edits = facts.flatMap((one) => editsOf(sql, one)).sort((a, b) => b.span.start - a.span.start);
  if (edits.length === 0) return undefined;
  return edits.reduce((text, { span, by }) => text.slice(0, span.start) + by + text.slice(span.end), sql);
}

/** The name that the client knows, in a column that the server named after a placeholder. */
export function ownColumnName(name: string): string | undefined {
  const own = name.startsWith(PLACEHOLDER) ? name.slice(PLACEHOLDER.length) : "";
  return RENAMED.has(own) ? own : undefined;
}

interface Edit {
  readonly span: SourceSpan;
  readonly by: string;
}

function editsOf(sql: string, facts: StatementFacts): readonly Edit[] {
  const name = placeholderFor(facts);
  if (name !== undefined) return [{ span: facts.span, by: statement(name, facts) }];
  if (!facts.functions.some((called) => NAMED_BY_STRING.has(called.name))) return [];
  return facts.literals
    .filter(({ start, end }) => RENAMED.has(sql.slice(start, end).replace(/^'|'$/g, "").toLowerCase()))
    .filter(({ start }) => FIRST_ARGUMENT.test(sql.slice(0, start)))
    .map((span) => ({ span, by: `'${PLACEHOLDER}${sql.slice(span.start + 1, span.end - 1)}'` }));
}

function statement(name: string, { set }: StatementFacts): string {
  if (set?.scope === "show") return `SHOW ${name}`;
  if (set?.scope === "reset") return `RESET ${name}`;
  return `SET ${set?.scope === "local" ? "LOCAL" : "SESSION"} ${name} TO '${(set?.value ?? "").replaceAll("'", "''")}'`;
}
