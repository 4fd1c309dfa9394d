import type { SecretRules } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { MAX_SECRET_TTL } from "../shapes.ts";

/** A working day. */
const DEFAULT_TTL = 8 * 3600;
const DEFAULT_BROWSER_TTL = 10 * 60;

export interface SecretTerms {
  readonly ttlSeconds: number;
  /** Undefined: any number of connections. */
  readonly uses: number | undefined;
}

interface Asked {
  readonly ttlSeconds: number | undefined;
  readonly uses: number | undefined;
  /** By whoever comes with a key, a delegation or a workload's token. */
  readonly mandated?: boolean | undefined;
}

/** What was made in somebody's presence is for what they do now: others can read the files that it may come to lie in. */
const PRESENT_TTL = 5 * 60;

/** Rules for what a person makes; a delegation, a key or a workload was let in for its whole time. */
export function rulesFor(rules: SecretRules | null, mandated: boolean): SecretRules {
  if (rules === null || rules.presence !== "required" || mandated) return rules ?? {};
  const maxTtl = Math.min(rules.maxTtl ?? PRESENT_TTL, PRESENT_TTL);
  return { ...rules, maxTtl, ttl: Math.min(rules.ttl ?? maxTtl, maxTtl), singleUse: true };
}

/** What a new secret gets of what was asked for. @throws TidewaiterError `bad_request` when that is more than it may be */
export function termsFor(
  resource: { name: string; secrets: SecretRules | null } | undefined,
  asked: Asked,
): SecretTerms {
  const rules = rulesFor(resource?.secrets ?? null, asked.mandated === true);
  const { maxTtl = MAX_SECRET_TTL, ttl = Math.min(DEFAULT_TTL, maxTtl), singleUse = false } = rules;
  const ttlSeconds = asked.ttlSeconds ?? Math.min(ttl, maxTtl);
  if (ttlSeconds > maxTtl) {
    throw new TidewaiterError("bad_request", `${resource?.name}: a secret lives at most ${inWords(maxTtl)}`, {
      next: `Ask for less: --ttl ${inWords(maxTtl)}`,
    });
  }
  if (!singleUse) return { ttlSeconds, uses: asked.uses };
  if ((asked.uses ?? 1) === 1) return { ttlSeconds, uses: 1 };
  throw new TidewaiterError("bad_request", `${resource?.name}: a secret opens one connection`, {
    next: "Leave out --uses.",
  });
}

/** 0: such logins are not offered. */
export function browserTtl(rules: SecretRules | null): number {
  const { browserTtl: own = DEFAULT_BROWSER_TTL, maxTtl = MAX_SECRET_TTL } = rules ?? {};
  return Math.min(own, maxTtl);
}

interface KnownSecret {
  readonly resourceId: string | null;
  readonly createdAt: string;
  readonly mandateId: string | null;
}

/** Why a secret that is good in itself is not good enough for this resource: its rules hold for secrets for any resource as well. */
export function rulesProblem(
  secret: KnownSecret,
  resource: { readonly name: string; readonly secrets: SecretRules | null },
  now: string,
): string | undefined {
  const { maxTtl, singleUse } = rulesFor(resource.secrets, secret.mandateId !== null);
  if (maxTtl !== undefined && Date.parse(secret.createdAt) + maxTtl * 1000 <= Date.parse(now)) {
    return `${resource.name} takes connection secrets that are not older than ${inWords(maxTtl)}`;
  }
  if (singleUse === true && secret.resourceId === null) return `${resource.name} takes only secrets made for it, once`;
  return undefined;
}

function inWords(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
