/** Named rights on a resource, each backed by its own credential at the target. Lowest first. */
export const ACCESS_LEVELS = ["read", "write", "admin"] as const;

export type AccessLevel = (typeof ACCESS_LEVELS)[number];

/** `on` enforces verdicts; `observe` lets everything through and records what would have happened. */
export type Enforcement = "on" | "observe";

export interface Resource {
  readonly id: string;
  readonly name: string;
  /** Name of a protocol folder, such as `postgres`. */
  readonly protocol: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Address and options for one protocol, validated by that protocol's target schema. */
  readonly target: unknown;
  /** Name of the agent that dials the target. */
  readonly agent: string;
  readonly enforce: Enforcement;
}

/** Levels are ordered: `write` includes `read`. */
export function levelAtLeast(level: AccessLevel, needed: AccessLevel): boolean {
  return ACCESS_LEVELS.indexOf(level) >= ACCESS_LEVELS.indexOf(needed);
}
