import type { CorpusCase } from "./cases.ts";
import type { Attempt } from "./run-case.ts";

export type Outcome = "blocked" | "approval" | "masked" | "allowed" | "error";

export interface Judged {
  readonly id: string;
  readonly technique: string;
  readonly expected: CorpusCase["expected"];
  readonly outcome: Outcome;
  /** A protected value, or what tells about one, reached the client. */
  readonly leaked: boolean;
  /** A harmless control did not come back as from the server. */
  readonly wronglyRefused: boolean;
}

/** SQLSTATEs that the gateway answers with when it stops something. */
const STOPPED = new Set(["42501", "0A000", "54001", "53400", "57P03", "28000"]);
const SHORT_NEEDLE = 6;
const READY_FOR_QUERY = Buffer.from("Z\0\0\0\x05I", "latin1");
const SEVERITY: Readonly<Record<Outcome, number>> = { allowed: 0, error: 1, masked: 1, approval: 2, blocked: 3 };

/**
 * Leaked: a needle in any byte that the client received. Where there is no needle to look for (oracles, side effects), the
 * verdict decides: weaker than expected, or the same answer as the server gives without a gateway.
 */
export function judge(one: CorpusCase, through: Attempt, direct: Attempt): Judged {
  const outcome = outcomeOf(through, direct);
  const base = { id: one.id, technique: one.technique, expected: one.expected, outcome };
  if (one.control) return { ...base, leaked: false, wronglyRefused: comparable(through) !== comparable(direct) };
  if (one.leaks_if.type === "contains")
    return {
      ...base,
      leaked: (one.leaks_if.any_of ?? []).some((needle) => found(needle, through.bytes)),
      wronglyRefused: false,
    };
  if (one.expected === "allowed") return { ...base, leaked: false, wronglyRefused: SEVERITY[outcome] > 0 };
  return { ...base, leaked: SEVERITY[outcome] < SEVERITY[one.expected], wronglyRefused: false };
}

/** A needle of a few characters also turns up in nonces and keys of the handshake by chance: there only long ones count. */
function found(needle: string, bytes: Buffer): boolean {
  const ready = needle.length < SHORT_NEEDLE ? bytes.indexOf(READY_FOR_QUERY) : 0;
  return bytes.includes(needle, Math.max(0, ready));
}

function outcomeOf(through: Attempt, direct: Attempt): Outcome {
  if (through.output.includes("needs a person first")) return "approval";
  if (through.errors.some((code) => STOPPED.has(code))) return "blocked";
  if (comparable(through) === comparable(direct)) return "allowed";
  return through.errors.length > 0 ? "error" : "masked";
}

/** Rows without what differs between any two runs: instants, and psql's words about notices. */
function comparable({ output }: Attempt): string {
  return output
    .split("\n")
    .filter((line) => !/^(NOTICE|DETAIL|HINT|WARNING|LOCATION):/.test(line))
    .join("\n")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?/g, "(instant)")
    .replace(/-{3,}/g, "---")
    .replace(/ +/g, " ")
    .trim();
}
