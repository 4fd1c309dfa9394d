import {
  MAX_SQL_BYTES,
  type SqlClassification,
  type SqlRefusalReason,
  type StatementFacts,
} from "@tidewaiter/core/sql-facts";
import type { ParseResult } from "libpg-query";
import { FactsCache } from "./facts-cache.ts";
import { nestingDepth, type Token, tokenize } from "./lexer.ts";
import { numberShape, reshape, servesShape } from "./number-shapes.ts";
import { type SourceMap, sourceMap } from "./source-map.ts";
import { statementFacts } from "./statement-facts.ts";
import { TooComplex } from "./walk.ts";
import { loadWasmParser, type WasmParser } from "./wasm-parser.ts";

/**
 * Tells the facts of a string of SQL by PostgreSQL's own grammar. Synchronous, without I/O; never throws. Takes about
 * 100 us for a typical statement and 2 us for one seen before; anything from `INLINE_SQL_BYTES` on belongs to a worker
 * (`sql/classify-in-worker`), as an OR list of 250 kB blocks the loop for half a second.
 */
export type SqlClassifier = {
  classify(sql: string): SqlClassification;
  /** Resolves when the parser has replaced an instance damaged by a stack overflow. For tests. */
  settled(): Promise<void>;
};

export type ClassifierOptions = {
  /** Bound of the cache by SQL text, in bytes (estimated). Default 16 MiB. */
  readonly cacheBytes?: number;
};

/** Deepest nesting of parentheses; PostgreSQL's own stack limit (54001) strikes in the same range. */
const MAX_NESTING = 1000;
const DEFAULT_CACHE_BYTES = 16 * 1024 * 1024;

const MESSAGES: Readonly<Record<Exclude<SqlRefusalReason, "syntax">, string>> = {
  too_large: `SQL is longer than ${MAX_SQL_BYTES / 1024} kB`,
  nul: "SQL contains a NUL character",
  too_deep: "SQL is nested too deeply",
  analyser: "SQL could not be analysed",
};

export function refusal(reason: Exclude<SqlRefusalReason, "syntax">): SqlClassification {
  return { ok: false, reason, message: MESSAGES[reason] };
}

export async function loadClassifier(options: ClassifierOptions = {}): Promise<SqlClassifier> {
  const parser = await loadWasmParser();
  const cache = new FactsCache<SqlClassification>(options.cacheBytes ?? DEFAULT_CACHE_BYTES);
  const shapes = new FactsCache<StatementFacts>((options.cacheBytes ?? DEFAULT_CACHE_BYTES) / 4);
  return {
    classify(sql) {
      const known = cache.get(sql);
      if (known !== undefined) return known;
      const shape = numberShape(sql);
      const alike = shape === undefined ? undefined : shapes.get(shape.key);
      if (shape !== undefined && alike !== undefined) return { ok: true, statements: [reshape(alike, sql, shape)] };
      const classification = classify(parser, sql);
      if (shape !== undefined && servesShape(classification, shape)) {
        shapes.set(shape.key, classification.statements[0], costOf(sql, classification));
        return classification;
      }
      if (classification.ok || classification.reason === "syntax")
        cache.set(sql, classification, costOf(sql, classification));
      return classification;
    },
    settled: () => parser.settled(),
  };
}

function classify(parser: WasmParser, sql: string): SqlClassification {
  // Each UTF-16 unit is at least one byte, so the byte length need not be counted for what is surely too long.
  if (sql.length > MAX_SQL_BYTES) return refusal("too_large");
  const map = sourceMap(sql);
  if (map.bytes > MAX_SQL_BYTES) return refusal("too_large");
  if (sql.includes("\0")) return refusal("nul");
  const tokens = tokenize(sql);
  if (nestingDepth(sql, tokens) > MAX_NESTING) return refusal("too_deep");
  const parsed = parser.parse(sql, map.bytes);
  if (!parsed.ok) {
    if (parsed.kind !== "syntax") return refusal(parsed.kind === "too_deep" ? "too_deep" : "analyser");
    const position = parsed.position === undefined ? {} : { position: parsed.position };
    return { ok: false, reason: "syntax", message: parsed.message, ...position };
  }
  try {
    return { ok: true, statements: statements(parsed.tree, sql, tokens, map) };
  } catch (error) {
    return refusal(error instanceof RangeError && !(error instanceof TooComplex) ? "too_deep" : "analyser");
  }
}

/** `stmt_location` and `stmt_len` are bytes; a length of 0 is the rest of the text. */
function statements(tree: ParseResult, sql: string, tokens: readonly Token[], map: SourceMap): StatementFacts[] {
  let next = 0;
  return (tree.stmts ?? []).map((raw) => {
    const start = raw.stmt_location ?? 0;
    const from = map.toUtf16(start);
    const to = raw.stmt_len ? map.toUtf16(start + raw.stmt_len) : sql.length;
    const own: Token[] = [];
    for (; next < tokens.length; next++) {
      const token = tokens[next];
      if (token === undefined || token.start >= to) break;
      // Semicolons before the statement belong to nobody; those inside are a BEGIN ATOMIC body's.
      if (token.start >= from && (own.length > 0 || sql[token.start] !== ";")) own.push(token);
    }
    return statementFacts({ sql, tokens: own, node: raw.stmt, map });
  });
}

/** Bytes held by a cached classification: text, spans and tokens by length, and lists that may be longer than the text. */
function costOf(sql: string, classification: SqlClassification): number {
  let cost = 4096 + sql.length * 24;
  if (!classification.ok) return cost;
  for (const facts of classification.statements) {
    cost += 2048 + facts.columns.length * 128;
    for (const { columns } of facts.outputs) cost += 96 + (columns === "unknown" ? 0 : columns.length * 8);
  }
  return cost;
}
