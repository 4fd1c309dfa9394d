import type { Outcome } from "./outcome.ts";

const coloured = process.stdout.isTTY === true && !process.env.CI && !process.env.NO_COLOR;
const paint = (code: number, text: string) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text);

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function counts(outcome: Outcome): string {
  return `${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped} skipped`;
}

/** One line per suite, then its failures. */
export function reportSuite(name: string, outcome: Outcome, milliseconds: number): void {
  const mark =
    outcome.failed > 0 ? paint(31, "FAILED") : outcome.passed > 0 ? paint(32, "ok    ") : paint(33, "none  ");
  say(`${mark} ${name.padEnd(14)} ${counts(outcome).padEnd(36)} ${(milliseconds / 1000).toFixed(1).padStart(6)} s`);
  for (const failure of outcome.failures) say(failure.replaceAll(/^/gm, "       "));
}

/** What is missing for skipped tests, then the counts alone on the last line. */
export function reportTotal(outcome: Outcome): void {
  const reasons = new Map<string, number>();
  for (const needs of outcome.missing) reasons.set(needs, (reasons.get(needs) ?? 0) + 1);
  if (reasons.size > 0) say("\nSkipped, because this is missing here:");
  for (const [needs, count] of reasons) say(`  ${String(count).padStart(4)} x ${needs}`);
  say("");
  say(counts(outcome));
}
