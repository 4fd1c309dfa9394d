import type { PolicyDefaults, PredicateMatrix } from "./compiled-policy.ts";

/** A support engineer looks customers up by e-mail all day: equality passes, whatever narrows or guesses asks a person. */
const PEOPLE: PredicateMatrix = {
  equality: "count",
  join: "allow",
  order: "count",
  pattern: "review",
  expression: "review",
};

/** AI agents probe tirelessly: only a join of two columns passes by itself. */
const AI_AGENTS: PredicateMatrix = {
  equality: "review",
  join: "allow",
  order: "deny",
  pattern: "deny",
  expression: "deny",
};

/** Service accounts do as people do, but nobody waits for a review at night: what would ask is refused. */
const SERVICES: PredicateMatrix = { ...PEOPLE, pattern: "deny", expression: "deny" };

export const BUILTIN_DEFAULTS: PolicyDefaults = {
  unknownStatement: "deny",
  unknownLineage: "mask",
  unlabelledText: "detect",
  notifications: "empty",
  unclassified: "mask",
  laundering: "deny",
  recording: { mode: "strict", results: false },
  predicates: { user: PEOPLE, service: SERVICES, ai_agent: AI_AGENTS },
  builtins: {
    sql_in_string: "deny",
    file: "deny",
    replication: "deny",
    egress: "deny",
    server: "deny",
    large_object: "deny",
    statistics: "deny",
    code: "deny",
    ssh_forward: "deny",
    ssh_agent: "deny",
    ssh_x11: "deny",
    kube_proxy: "deny",
  },
  review: {
    by: ["group:reviewers"],
    count: 1,
    expiresInSeconds: 30 * 60,
    inTransaction: { action: "hold", maxSeconds: 120 },
  },
};

/**
 * Without a label and without a rule there is nothing that an unread statement could go round: where policy does not speak,
 * a client cannot tell the gateway from the server.
 */
export const SAYS_NOTHING: Partial<PolicyDefaults> = { unknownStatement: "allow" };
