import type { DetectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { findSensitive } from "@tidewaiter/toolkit/content/find-sensitive";
import type { Sample } from "./sample.ts";

/** What is known of one detector after all samples; every row is counted in samples, but `falseFound` in findings. */
export interface Score {
  readonly detector: string;
  /** How the detector was asked: `text`, or with a column's name or regions. */
  readonly setting: string;
  readonly positives: number;
  /** Positives whose every byte was found. */
  readonly found: number;
  readonly negatives: number;
  /** Findings in negatives, and in positives beside the value. */
  readonly falseFound: number;
  readonly sources: readonly string[];
}

export interface Question {
  readonly detector: string;
  readonly setting: string;
  readonly set: DetectorSet;
  /** Kinds of samples that it should find. */
  readonly kinds: readonly string[];
  /** Kinds that are neither right nor wrong for it. */
  readonly leaves?: readonly string[];
}

/**
 * Asks for one kind of value in all samples: each by itself, and in a sentence. What is of another kind is a negative, as is
 * ordinary text.
 */
export function measure(question: Question, samples: readonly Sample[], sentences: readonly string[]): Score {
  let [positives, found, negatives, falseFound] = [0, 0, 0, 0];
  const sources = new Set<string>();
  for (const [index, { kind, text, source }] of samples.entries()) {
    if (question.leaves?.includes(kind) === true) continue;
    const right = question.kinds.includes(kind);
    if (right) sources.add(source);
    for (const [before, after] of [["", ""], aroundIn(sentences, index)] as const) {
      const judged = judge(question, right, { before, text, after });
      if (right) positives++;
      else negatives++;
      if (judged.found) found++;
      falseFound += judged.falseFound;
    }
  }
  const { detector, setting } = question;
  return { detector, setting, positives, found, negatives, falseFound, sources: [...sources] };
}

interface Placed {
  readonly before: string;
  readonly text: string;
  readonly after: string;
}

function judge({ set, detector }: Question, right: boolean, { before, text, after }: Placed) {
  const bytes = Buffer.from(before + text + after);
  const from = Buffer.byteLength(before);
  const to = from + Buffer.byteLength(text);
  const spans = findSensitive(bytes, 0, bytes.length, set).filter((span) => span.detector === detector);
  const wrong = right ? spans.filter(({ start, end }) => end <= from || start >= to) : spans;
  return { found: right && spans.some(({ start, end }) => start <= from && end >= to), falseFound: wrong.length };
}

function aroundIn(sentences: readonly string[], index: number): readonly [string, string] {
  const sentence = sentences[index % Math.max(1, sentences.length)] ?? "";
  const match = /\{\{.*?\}\}/.exec(sentence);
  if (match === null) return ["", ""];
  return [sentence.slice(0, match.index), sentence.slice(match.index + match[0].length)];
}

export const recallOf = ({ found, positives }: Score): number => (positives === 0 ? Number.NaN : found / positives);

export const precisionOf = ({ found, falseFound }: Score): number =>
  found + falseFound === 0 ? Number.NaN : found / (found + falseFound);
