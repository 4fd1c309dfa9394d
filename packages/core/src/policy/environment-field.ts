import type { Operation } from "../operation.ts";
import type { AccessLevel } from "../resource.ts";
import type { EvaluationContext } from "./context.ts";

/** Who is judged: the principal itself or, for a delegated AI agent, also the person it acts for. */
export interface Judged {
  readonly name: string;
  readonly kind: string;
  readonly groups: readonly string[];
  readonly onBehalfOf?: { readonly name: string; readonly groups: readonly string[] };
}

/** What the fields below are read from. */
export interface EnvironmentSource {
  readonly principal: Judged;
  readonly resource: EvaluationContext["resource"];
  readonly level: AccessLevel;
  readonly session: EvaluationContext["session"];
  /** Absent while only the standing facts of a session are known. */
  readonly operation?: Operation;
}

export interface EnvironmentField {
  /** A CEL type; names that begin with a capital are in ELEMENT_TYPES. */
  readonly type: string;
  readonly description: string;
  /** undefined = unknown: the expression fails there, and a failed expression never loosens a verdict. */
  readonly read?: (source: EnvironmentSource) => unknown;
}

/** Longer lists count as unknown, so that no statement makes an expression expensive. */
export const MAX_LIST = 10_000;

/** A number that is no whole one is unknown: it came from outside, and BigInt() would throw. */
export function toInt(value: number): bigint | undefined {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
}
