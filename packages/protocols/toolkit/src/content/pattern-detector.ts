import type { PatternDetector } from "@tidewaiter/core/policy/detector-names";
import { judgePattern } from "@tidewaiter/core/policy/pattern-facts";
import { RE2JS } from "re2js";
import type { Detector } from "./detector.ts";
import type { Span } from "./span.ts";

const compiled = new Map<string, Detector>();
/** Of several policies in a row; then all are compiled anew. */
const MAX_COMPILED = 1_000;

/**
 * A policy's own detector: everything that an RE2 pattern matches in a value, from left to right. `^` and `$` are the ends of
 * the value. A pattern is bounded in length, so the time is linear in the bytes.
 * @throws RangeError for a pattern that a policy is refused for.
 */
export function patternDetector({ name, pattern }: PatternDetector): Detector {
  const key = `${name} ${pattern}`;
  let detector = compiled.get(key);
  if (detector === undefined) {
    detector = compile(name, pattern);
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(key, detector);
  }
  return detector;
}

function compile(name: string, pattern: string): Detector {
  const judged = judgePattern(pattern);
  if (!judged.ok) throw new RangeError(`pattern of ${name} ${judged.reason}`);
  const { shortest, literal } = judged.facts;
  const marker = `[${name}]`;
  const expression = RE2JS.compile(pattern);
  return {
    name,
    // characters have at least one byte
    marker: marker.length <= shortest ? marker : "*".repeat(Math.min(shortest, 3)),
    ...(literal === undefined ? {} : { literals: [literal] }),
    columnWords: [],
    find: (buffer, start, end, into) => {
      const text = buffer.subarray(start, end);
      if (literal !== undefined && !Buffer.from(text.buffer, text.byteOffset, text.length).includes(literal)) return;
      find({ name, expression }, text, start, into);
    },
  };
}

function find(
  { name, expression }: { readonly name: string; readonly expression: RE2JS },
  text: Uint8Array,
  start: number,
  into: Span[],
): void {
  const matcher = expression.matcher(text);
  while (matcher.find())
    if (matcher.end() > matcher.start())
      into.push({ start: start + matcher.start(), end: start + matcher.end(), detector: name });
}
