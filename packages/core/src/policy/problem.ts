/** One reason why a document is refused. Lines and columns count from 1, columns in UTF-16 code units. */
export interface PolicyProblem {
  readonly document: string;
  readonly line: number;
  readonly column: number;
  /** Where in the document: `rules[0].unless`. */
  readonly path: string;
  readonly message: string;
  /** What is probably meant, without a full stop: `did you mean "principal.groups"?`. */
  readonly hint?: string;
  /** The line and, below it, carets under the exact place; empty where there is no such line. */
  readonly excerpt: string;
}

/** The form of every policy problem, in the terminal and elsewhere: one line, then the excerpt. */
export function formatProblem(problem: PolicyProblem): string {
  const hint = problem.hint === undefined ? "" : `; ${problem.hint}`;
  const head = `${problem.document}:${problem.line}:${problem.column}  ${problem.message}${hint}`;
  return problem.excerpt === "" ? head : `${head}\n${problem.excerpt}`;
}

const MAX_EXCERPT_COLUMNS = 160;

/** Renders one source line with carets under `[startColumn, endColumn)`, both counted from 1. */
export function renderExcerpt(sourceLine: string, line: number, startColumn: number, endColumn: number): string {
  if (startColumn > MAX_EXCERPT_COLUMNS) return "";
  const text = sourceLine.replaceAll("\t", " ").slice(0, MAX_EXCERPT_COLUMNS);
  const end = Math.min(Math.max(endColumn, startColumn + 1), Math.max(text.length + 1, startColumn + 1));
  const number = String(line);
  const carets = " ".repeat(startColumn - 1) + "^".repeat(end - startColumn);
  return `      ${number} | ${text}\n      ${" ".repeat(number.length)} | ${carets}`;
}
