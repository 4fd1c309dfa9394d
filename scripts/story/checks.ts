export type Print = (text: string) => void;

/** What a suite of `./scripts/test` reads from the last line of output. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
  readonly missing: readonly string[];
}

/** Tells each check while it is made, and counts. */
export class Checks {
  passed = 0;
  readonly failures: string[] = [];
  /** What this machine lacks; each is one check that was not made. */
  readonly missing: string[] = [];
  readonly #print: Print;

  constructor(print: Print) {
    this.#print = print;
  }

  that(what: string, holds: boolean): void {
    this.#print(`    ${holds ? "ok  " : "FAIL"} ${what}`);
    if (holds) this.passed++;
    else this.failures.push(what);
  }

  counts(): Counts {
    const { passed, failures, missing } = this;
    return { passed, failed: failures.length, skipped: missing.length, failures, missing };
  }
}

export function title(print: Print, act: number, what: string, command: string): void {
  print(`\n${act}. ${what}\n\n    > ${command}\n`);
}

export function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`.trimEnd())
    .join("\n");
}

export function shortened(text: string): string {
  const lines = text.trimEnd().split("\n");
  return lines.length <= 24
    ? text
    : [...lines.slice(0, 14), `... ${lines.length - 20} more lines`, ...lines.slice(-6)].join("\n");
}
