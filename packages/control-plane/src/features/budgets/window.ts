/**
 * A window slides in twelve steps. What is leased counts from the moment until which it may be spent, rounded up to a
 * step, so that in no period of the window's length more is spent than the limit; in exchange it is free again up to one
 * step and one lease later than it might be.
 */
const STEPS = 12;
const MIN_LEASE_MS = 1_000;
const MAX_LEASE_MS = 30_000;

export interface LeaseTimes {
  readonly validForMs: number;
  /** ISO 8601, as the others. */
  readonly expiresAt: string;
  /** The step in which it counts ends here. */
  readonly endsAt: string;
  /** From here on it does not count any more. */
  readonly freesAt: string;
}

export function leaseTimes(now: string, windowSeconds: number): LeaseTimes {
  const windowMs = windowSeconds * 1000;
  const step = windowMs / STEPS;
  const validForMs = Math.round(Math.min(MAX_LEASE_MS, Math.max(MIN_LEASE_MS, step)));
  const expires = Date.parse(now) + validForMs;
  const ends = Math.ceil(Math.ceil(expires / step) * step);
  return {
    validForMs,
    expiresAt: new Date(expires).toISOString(),
    endsAt: new Date(ends).toISOString(),
    freesAt: new Date(ends + windowMs).toISOString(),
  };
}

/** Steps that end later than this are part of the window. */
export function windowStart(now: string, windowSeconds: number): string {
  return new Date(Date.parse(now) - windowSeconds * 1000).toISOString();
}

export function freesAt(endsAt: string, windowSeconds: number): string {
  return new Date(Date.parse(endsAt) + windowSeconds * 1000).toISOString();
}
