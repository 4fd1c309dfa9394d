import type { Outcome } from "./judge.ts";
import type { ToolResult } from "./run-captures.ts";

/** Most cells without a label that may come masked. */
const MAX_OVER_MASKED = 0.005;
const MAX_TEXT = 300;
const FINE: ReadonlySet<Outcome> = new Set(["same", "expected", "foreign"]);

/** Progress for people; what programs read goes to stdout. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export interface ToolCounts {
  readonly statements: number;
  readonly same: number;
  readonly expected: number;
  readonly refused: number;
  readonly cascade: number;
  readonly different: number;
  readonly foreign: number;
  readonly cells: number;
  readonly overMasked: number;
  readonly labelled: number;
  readonly volatile: number;
}

export function countsOf({ judged }: ToolResult): ToolCounts {
  const statements = (outcome?: string) =>
    judged
      .filter(({ result }) => outcome === undefined || result.outcome === outcome)
      .reduce((sum, { batch }) => sum + batch.length, 0);
  const sum = (pick: (result: ToolResult["judged"][number]["result"]) => number) =>
    judged.reduce((all, { result }) => all + pick(result), 0);
  return {
    statements: statements(),
    same: statements("same"),
    expected: statements("expected"),
    refused: statements("refused"),
    cascade: statements("cascade"),
    different: statements("different"),
    foreign: statements("foreign"),
    cells: sum(({ cells }) => cells),
    overMasked: sum(({ overMasked }) => overMasked),
    labelled: sum(({ labelled }) => labelled),
    volatile: sum((result) => result.volatile),
  };
}

export function toolLine(result: ToolResult): string {
  const c = countsOf(result);
  return `${result.capture.tool.padEnd(18)} ${String(c.statements).padStart(5)} statements  ${c.refused} wrongly refused  ${c.different} different  ${c.cascade} after a refusal  ${c.expected} rightly refused  ${c.overMasked} of ${c.cells} cells over-masked  (${c.labelled} labelled, ${c.volatile} volatile)  ${(result.milliseconds / 1000).toFixed(1)} s`;
}

export interface Totals {
  readonly passed: number;
  readonly failures: readonly string[];
  readonly line: string;
}

export function totalsOf(results: readonly ToolResult[]): Totals {
  const all = results.map(countsOf);
  const sum = (pick: (counts: ToolCounts) => number) => all.reduce((total, one) => total + pick(one), 0);
  const cells = sum((c) => c.cells);
  const overMasked = sum((c) => c.overMasked);
  const failures = results.flatMap(({ capture, judged }) =>
    judged
      .filter(({ result }) => !FINE.has(result.outcome))
      .map(({ batch, result }) => `${capture.tool}: ${result.outcome}: ${result.why}\n    ${text(batch)}`),
  );
  const spoiled = results.flatMap(({ capture, judged }) =>
    judged
      .filter(({ result }) => result.overMasked > 0)
      .map(({ batch, result }) => `${capture.tool}: over-masked ${result.examples.join("; ")}\n    ${text(batch)}`),
  );
  const share = cells === 0 ? 0 : overMasked / cells;
  if (spoiled.length > 0) for (const one of spoiled) say(one);
  if (share > MAX_OVER_MASKED) failures.push(`${(share * 100).toFixed(2)} % of the cells were over-masked`);
  const foreign = sum((c) => c.foreign);
  const line = `${sum((c) => c.statements)} statements of ${results.length} tools: ${sum((c) => c.refused)} wrongly refused, ${sum((c) => c.different)} different, ${sum((c) => c.expected)} rightly refused${foreign === 0 ? "" : `, ${foreign} that name what this release does not have`}; ${overMasked} of ${cells} cells without a label over-masked (${(share * 100).toFixed(3)} %)`;
  return { passed: sum((c) => c.same + c.expected), failures, line };
}

function text(batch: readonly { readonly sql: string }[]): string {
  return batch.map(({ sql }) => sql.replaceAll(/\s+/g, " ").slice(0, MAX_TEXT)).join(" | ");
}
