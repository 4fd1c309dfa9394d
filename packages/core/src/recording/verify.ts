import type { SegmentPrimitives } from "./primitives.ts";
import { footerProblem, NO_PREVIOUS_HASH, type SegmentProblem } from "./segment.ts";
import { decodeHeader, type SegmentHeader, scanFrames } from "./segment-layout.ts";

const MAX_PROBLEMS = 1_000;

/** What the control plane knows of a session; a missing tail is only seen with `segments` and `lastSegmentHash`. */
export interface ExpectedChain {
  readonly sessionId?: string;
  readonly segments?: number;
  readonly lastSegmentHash?: string;
}

export type ChainVerification =
  | {
      readonly ok: true;
      readonly sessionId: string;
      readonly segments: number;
      readonly lastSegmentHash: string;
      /** `complete`: ends where the session's end says. `unknown`: nothing said where it ends. */
      readonly tail: "complete" | "unknown";
      /** Sequences that a later start closed, with the bytes that were torn off. */
      readonly recovered: readonly { readonly sequence: number; readonly lostBytes: number }[];
      /** Sequences after which the recorder had failed. */
      readonly incomplete: readonly number[];
      /** The key was erased from these: verified, but no longer readable. */
      readonly keyErased: readonly number[];
    }
  | { readonly ok: false; readonly problems: readonly SegmentProblem[] };

/** One segment judged by itself. */
export interface SegmentFacts {
  readonly header?: SegmentHeader;
  /** The hash its own bytes have, where they are consistent. */
  readonly hash?: string;
  readonly problem?: SegmentProblem;
  readonly recovered?: { readonly lostBytes: number };
  readonly incomplete?: boolean;
  readonly keyErased?: boolean;
}

/**
 * Verifies a session's segments in the order in which they are stored, without any key. Says of each one whether it was
 * changed, removed, reordered, truncated, duplicated, or belongs to another session.
 */
export function verifySegments(
  segments: Iterable<Uint8Array>,
  primitives: SegmentPrimitives,
  expected: ExpectedChain = {},
): ChainVerification {
  const facts: SegmentFacts[] = [];
  for (const bytes of segments) facts.push(inspectSegment(bytes, primitives));
  return verifyChain(facts, expected);
}

/** For recordings larger than memory: inspect one segment at a time, then `verifyChain` over the facts. */
export function inspectSegment(bytes: Uint8Array, primitives: SegmentPrimitives): SegmentFacts {
  const head = decodeHeader(bytes, primitives);
  if (head === undefined) return { problem: { kind: "changed", detail: "a segment has no readable header" } };
  const { header } = head;
  const scan = scanFrames(bytes, head.end, primitives);
  const problem = (kind: SegmentProblem["kind"], why: string): SegmentFacts => {
    return { header, problem: { kind, sequence: header.sequence, detail: `segment ${header.sequence}: ${why}` } };
  };
  if (scan.footer === undefined) {
    return problem("truncated", `it ends after frame ${scan.frames.length}, without a footer`);
  }
  if (head.wrappedKeyState === "changed") return problem("changed", "its wrapped key was replaced");
  const found = { frames: scan.frames.length, end: scan.end };
  const why = footerProblem(bytes, head, scan.footer, found, primitives);
  if (why !== undefined) return problem("changed", why);
  const { footer } = scan;
  return {
    header,
    hash: footer.hash,
    incomplete: footer.incomplete,
    keyErased: head.wrappedKeyState === "erased",
    ...(footer.recovered ? { recovered: { lostBytes: footer.lostBytes } } : {}),
  };
}

export function verifyChain(facts: readonly SegmentFacts[], expected: ExpectedChain = {}): ChainVerification {
  const sessionId = expected.sessionId ?? facts.find((fact) => fact.header)?.header?.sessionId ?? "";
  const known = facts.filter((fact) => fact.header?.sessionId === sessionId);
  const problems = [
    ...facts.flatMap((fact) => fact.problem ?? []),
    ...foreignProblems(facts, sessionId),
    ...orderProblems(known, facts.length, expected.segments),
    ...linkProblems(known, expected),
  ];
  if (problems.length > 0) return { ok: false, problems };
  const last = facts.at(-1);
  const sequences = (keep: (fact: SegmentFacts) => boolean | undefined) => facts.filter(keep).map(sequenceOf);
  return {
    ok: true,
    sessionId,
    segments: facts.length,
    lastSegmentHash: last?.hash ?? "",
    tail: expected.segments === undefined || expected.lastSegmentHash === undefined ? "unknown" : "complete",
    recovered: facts.flatMap((fact) => (fact.recovered ? [{ sequence: sequenceOf(fact), ...fact.recovered }] : [])),
    incomplete: sequences((fact) => fact.incomplete),
    keyErased: sequences((fact) => fact.keyErased),
  };
}

function foreignProblems(facts: readonly SegmentFacts[], sessionId: string): SegmentProblem[] {
  return facts.flatMap(({ header }) => {
    if (header === undefined || header.sessionId === sessionId) return [];
    const detail = `segment ${header.sequence} belongs to another session, ${header.sessionId}`;
    return [{ kind: "foreign", sequence: header.sequence, detail } as const];
  });
}

function orderProblems(known: readonly SegmentFacts[], given: number, expected: number | undefined): SegmentProblem[] {
  const problems: SegmentProblem[] = [];
  const seen = new Set<number>();
  let highest = 0;
  for (const sequence of known.map(sequenceOf)) {
    if (seen.has(sequence)) {
      problems.push({ kind: "duplicated", sequence, detail: `segment ${sequence} is there twice` });
    } else if (sequence < highest) {
      problems.push({ kind: "reordered", sequence, detail: `segment ${sequence} is stored after segment ${highest}` });
    }
    seen.add(sequence);
    highest = Math.max(highest, sequence);
  }
  if (expected !== undefined && highest > expected) {
    problems.push({ kind: "foreign", sequence: highest, detail: `the session ended with segment ${expected}` });
  }
  // A sequence is 32 bits of a file that may lie: walk what should be there, never what a header claims.
  const until = expected ?? Math.min(highest, given);
  for (let sequence = 1; sequence <= until && problems.length < MAX_PROBLEMS; sequence++) {
    if (!seen.has(sequence)) problems.push({ kind: "removed", sequence, detail: `segment ${sequence} is missing` });
  }
  return problems;
}

function linkProblems(known: readonly SegmentFacts[], expected: ExpectedChain): SegmentProblem[] {
  const bySequence = new Map(known.map((fact) => [sequenceOf(fact), fact]));
  const problems: SegmentProblem[] = [];
  for (const [sequence, { header }] of bySequence) {
    const before = sequence === 1 ? NO_PREVIOUS_HASH : bySequence.get(sequence - 1)?.hash;
    if (before === undefined || header?.previousHash === before) continue;
    const detail =
      sequence === 1
        ? "segment 1 names a segment before it"
        : `segment ${sequence - 1} is not the one that segment ${sequence} was written after`;
    problems.push({ kind: "changed", sequence: Math.max(1, sequence - 1), detail });
  }
  const last = expected.segments === undefined ? undefined : bySequence.get(expected.segments)?.hash;
  if (last !== undefined && expected.lastSegmentHash !== undefined && last !== expected.lastSegmentHash) {
    const detail = `segment ${expected.segments} does not have the hash that the session's end names`;
    problems.push({ kind: "changed", sequence: expected.segments ?? 0, detail });
  }
  return problems;
}

function sequenceOf(fact: SegmentFacts): number {
  return fact.header?.sequence ?? 0;
}
