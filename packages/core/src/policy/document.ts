import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type Document as YamlDocument,
} from "yaml";
import { type PolicyProblem, renderExcerpt } from "./problem.ts";
import { valueOffset } from "./scalar-offset.ts";

export interface PolicyDocument {
  /** Shown in problems: a path such as `policies/pii.yaml`. */
  readonly name: string;
  readonly source: string;
}

export type DocumentPath = readonly PropertyKey[];

export interface Finding {
  readonly message: string;
  readonly hint?: string;
}

/** Longest document, in UTF-16 code units (1 Mi). */
export const MAX_DOCUMENT_LENGTH = 1_048_576;

/** A parsed YAML document that knows where everything stands. */
export class ParsedDocument {
  readonly name: string;
  readonly #source: string;
  readonly #lines = new LineCounter();
  readonly #yaml: YamlDocument;

  /** Throws what the YAML parser throws on hopeless input (deep nesting); see `parsePolicyDocument`. */
  constructor(document: PolicyDocument) {
    this.name = document.name;
    this.#source = document.source;
    this.#yaml = parseDocument(document.source, {
      lineCounter: this.#lines,
      prettyErrors: false,
      version: "1.2",
      schema: "core",
      logLevel: "silent",
    });
  }

  /** What YAML itself, or an alias, is refused for. */
  syntaxProblems(): readonly PolicyProblem[] {
    const problems = [...this.#yaml.errors, ...this.#yaml.warnings].map((error) =>
      this.#problem({ message: `not valid YAML: ${lowerFirst(error.message)}` }, [], error.pos),
    );
    visit(this.#yaml, {
      Alias: (_key, node) => {
        problems.push(
          this.#problem({ message: "aliases (*name) are not allowed; write it out" }, [], rangeOf(node) ?? [0, 0]),
        );
        return visit.BREAK;
      },
    });
    return problems;
  }

  /** Plain data. Only call it when there are no syntax problems. */
  toData(): unknown {
    return this.#yaml.toJS({ maxAliasCount: 0 });
  }

  lineOf(path: DocumentPath): number {
    const range = this.#rangeAt(path);
    return range === undefined ? 1 : this.#lines.linePos(range[0]).line;
  }

  /** A problem at a value; where the path does not exist, at the nearest thing around it. */
  problemAt(path: DocumentPath, finding: Finding): PolicyProblem {
    return this.#problem(this.#named(path, finding), path, this.#rangeAt(path) ?? [0, 0]);
  }

  /** A problem at the key itself, for keys that should not be there. */
  problemAtKey(path: DocumentPath, finding: Finding): PolicyProblem {
    return this.#problem(this.#named(path, finding), path, this.#keyRange(path) ?? this.#rangeAt(path) ?? [0, 0]);
  }

  /** A problem inside a string value: line and column name the value, the carets the exact place within. */
  problemWithin(
    path: DocumentPath,
    finding: Finding,
    span: { readonly start: number; readonly end: number },
  ): PolicyProblem {
    const node = this.#nodeAt(path);
    const range = rangeOf(node);
    if (!isScalar(node) || range === undefined) return this.problemAt(path, finding);
    const start = valueOffset(node, this.#source, span.start);
    const end = valueOffset(node, this.#source, span.end);
    if (start === undefined || end === undefined) return this.problemAt(path, finding);
    return this.#problem(this.#named(path, finding), path, [range[0], range[1]], [start, end]);
  }

  #problem(finding: Finding, path: DocumentPath, range: readonly [number, number], carets = range): PolicyProblem {
    const value = this.#lines.linePos(Math.min(range[0], this.#source.length));
    const exact = this.#lines.linePos(Math.min(carets[0], this.#source.length));
    const [line, col] = exact.line === value.line ? [value.line, value.col] : [exact.line, exact.col];
    const text = this.#line(exact.line);
    const end = Math.min(exact.col + Math.max(1, carets[1] - carets[0]), text.trimEnd().length + 1);
    return {
      document: this.name,
      line: Math.max(1, line),
      column: Math.max(1, col),
      path: renderPath(path),
      ...finding,
      excerpt: text.trim() === "" ? "" : renderExcerpt(text, exact.line, exact.col, Math.max(end, exact.col + 1)),
    };
  }

  /** Says which rule or label it is about. */
  #named(path: DocumentPath, finding: Finding): Finding {
    const [section, item] = path;
    if (section === "labels" && typeof item === "string")
      return { ...finding, message: `label "${item}": ${finding.message}` };
    if (section !== "rules" || typeof item !== "number") return finding;
    const id = this.#yaml.getIn(["rules", item, "id"]);
    const name = typeof id === "string" ? `"${id.slice(0, 100)}"` : String(item + 1);
    return { ...finding, message: `rule ${name}: ${finding.message}` };
  }

  #line(line: number): string {
    const start = this.#lines.lineStarts[line - 1];
    if (start === undefined) return "";
    const end = this.#source.indexOf("\n", start);
    return this.#source.slice(start, end < 0 ? undefined : end).replace(/\r$/, "");
  }

  #nodeAt(path: DocumentPath): Node | undefined {
    const node: unknown = path.length === 0 ? this.#yaml.contents : this.#yaml.getIn(path, true);
    return isNode(node) ? node : undefined;
  }

  #rangeAt(path: DocumentPath): readonly [number, number] | undefined {
    for (let length = path.length; length >= 0; length--) {
      const range = rangeOf(this.#nodeAt(path.slice(0, length)));
      if (range !== undefined) return range;
    }
    return undefined;
  }

  #keyRange(path: DocumentPath): readonly [number, number] | undefined {
    const parent = this.#nodeAt(path.slice(0, -1));
    if (!isMap(parent)) return undefined;
    const pair = parent.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === path.at(-1),
    );
    return isNode(pair?.key) ? rangeOf(pair.key) : undefined;
  }
}

export function renderPath(path: DocumentPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^\w+$/.test(String(part))) text += text === "" ? String(part) : `.${String(part)}`;
    else text += `["${String(part)}"]`;
  }
  return text;
}

function rangeOf(node: unknown): readonly [number, number] | undefined {
  if (!isNode(node) || isAlias(node) || node.range === undefined || node.range === null) {
    return isAlias(node) && node.range ? [node.range[0], node.range[1]] : undefined;
  }
  return [node.range[0], node.range[1]];
}

function lowerFirst(text: string): string {
  return `${text[0]?.toLowerCase() ?? ""}${text.slice(1)}`;
}
