import type { Verdict } from "./compare.ts";
import type { ClientResult } from "./run-matrix.ts";

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
  missing: string[];
}

export function count(verdicts: readonly Verdict[], outcome: Verdict["outcome"], way?: Verdict["way"]): number {
  return verdicts.filter((one) => one.outcome === outcome && (way === undefined || one.way === way)).length;
}

export function totals(results: readonly ClientResult[]): Totals {
  const all: Totals = { passed: 0, failed: 0, skipped: 0, failures: [], missing: [] };
  for (const { client, verdicts, missing } of results) {
    if (missing !== undefined) {
      all.skipped++;
      all.missing.push(`client ${client}: ${missing}`);
    }
    for (const { scenario, way, outcome, why } of verdicts) {
      all[outcome]++;
      const name = `${client}: ${scenario} (${way === "same" ? "without a policy" : "with labels"})`;
      if (outcome === "failed") all.failures.push(`${name}: ${why}`);
      if (outcome === "skipped") all.missing.push(`${name}: ${why}`);
    }
  }
  return all;
}

/** Markdown, below what the matrix says of itself. */
export function table(about: string, results: readonly ClientResult[]): string {
  const cells = (values: readonly (string | number)[]): string => `| ${values.join(" | ")} |`;
  const rows = results.map(({ client, version, server, verdicts, missing }) =>
    missing === undefined
      ? cells([client, version, server, ...numbers(verdicts, "same"), ...numbers(verdicts, "labelled")])
      : cells([client, `not run: ${missing}`, server, "", "", "", "", "", ""]),
  );
  const head = ["client", "version", "server", "same", "differ", "skipped", "labels: right", "wrong", "skipped"];
  const all = totals(results);
  return `${about}
${cells(head)}
${cells(head.map((_, n) => (n < 3 ? "---" : "---:")))}
${rows.join("\n")}

${all.passed} passed, ${all.failed} failed, ${all.skipped} skipped.
${list("Where more changes than hidden values", spoken(results))}${list("Failed", all.failures)}${list("Skipped", all.missing)}`;
}

function numbers(verdicts: readonly Verdict[], way: Verdict["way"]): number[] {
  return (["passed", "failed", "skipped"] as const).map((outcome) => count(verdicts, outcome, way));
}

/** What the policy answers in place of the server, as one line per reason. */
function spoken(results: readonly ClientResult[]): string[] {
  const byReason = new Map<string, Set<string>>();
  for (const { client, verdicts } of results)
    for (const { outcome, why } of verdicts)
      if (outcome === "passed" && why !== "") byReason.set(why, (byReason.get(why) ?? new Set()).add(client));
  return [...byReason].map(([why, names]) => `${why} (${[...names].join(", ")})`);
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `\n## ${title}\n\n${lines.map((line) => `- ${line.split("\n")[0]}`).join("\n")}\n`;
}
