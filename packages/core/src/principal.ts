/** Who acts. A delegated AI agent also names the person it acts for. */
export type PrincipalKind = "user" | "service" | "ai_agent";

export const PRINCIPAL_KINDS: readonly PrincipalKind[] = ["user", "service", "ai_agent"];

export interface Principal {
  readonly id: string;
  /** What the person types: 1-63 characters of `[a-z0-9._-]`, and never the reserved `token` or `login`. */
  readonly name: string;
  readonly kind: PrincipalKind;
  /** Names of the groups the principal belongs to, sorted. */
  readonly groups: readonly string[];
  /** Set when an AI agent acts for a person: rights are the intersection of both, exemptions are never inherited. */
  readonly onBehalfOf?: { readonly id: string; readonly name: string; readonly groups: readonly string[] };
}
