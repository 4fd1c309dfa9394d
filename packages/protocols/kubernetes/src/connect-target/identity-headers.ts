import type { OutgoingHttpHeaders } from "node:http";
import type { AccessLevel, Principal, TargetCredential } from "@tidewaiter/core";
import type { KubernetesTarget } from "../target-schema.ts";

/** What the cluster's own components are called; nobody else is, whatever an identity provider says. */
const RESERVED = /^\s*(system|tidewaiter):/i;
const CONTROL = /\p{Cc}/u;
/** Groups that the cluster can bind roles to by access level. */
export const LEVEL_GROUP = "tidewaiter:level:";

export type IdentityHeaders =
  | { readonly ok: true; readonly headers: OutgoingHttpHeaders }
  | { readonly ok: false; readonly reason: string };

/**
 * Who the API server is told: the gateway by its credential and, as impersonated user and groups, the person, so that the
 * cluster's own roles and audit log are about that person (authentication, User impersonation).
 */
export function identityHeaders(input: {
  readonly target: KubernetesTarget;
  readonly credential: TargetCredential;
  readonly principal: Principal;
  readonly level: AccessLevel;
}): IdentityHeaders {
  const { target, credential, principal, level } = input;
  const proof = credential.type === "token" ? { authorization: `Bearer ${credential.token}` } : {};
  if (target.identity === "credential") return { ok: true, headers: proof };
  const user = target.userPrefix + principal.name;
  const person = principal.onBehalfOf;
  // what an agent may for a person is what both may
  const groups =
    person === undefined ? principal.groups : principal.groups.filter((one) => person.groups.includes(one));
  const named = groups.map((group) => target.groupPrefix + group);
  for (const name of [user, ...named]) {
    if (RESERVED.test(name)) return { ok: false, reason: `${name} is a name of the cluster's own` };
    if (CONTROL.test(name)) return { ok: false, reason: "a group has a control character in its name" };
  }
  const all = [...named, LEVEL_GROUP + level].map(asHeader);
  return { ok: true, headers: { ...proof, "impersonate-user": asHeader(user), "impersonate-group": all } };
}

/** The API server reads header values as UTF-8; Node writes each character as one byte. */
function asHeader(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
