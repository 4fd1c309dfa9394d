import type { Principal } from "../principal.ts";
import type { AccessLevel, Resource } from "../resource.ts";

/**
 * Everything a verdict depends on besides the policy and the operation. Constant for a session: keep one object per
 * session (and make a new one when the principal, its groups or the resource change), for the compiled view of the
 * policy is cached by the identity of this object.
 */
export interface EvaluationContext {
  readonly principal: Principal;
  readonly resource: Pick<Resource, "name" | "protocol" | "tags" | "enforce">;
  readonly level: AccessLevel;
  readonly session: {
    /** Address the client comes from. */
    readonly client: string;
    /** What the client calls itself, such as `application_name`; never trusted. */
    readonly application?: string;
  };
}
