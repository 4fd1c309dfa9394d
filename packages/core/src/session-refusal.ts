import type { SessionAuthorization } from "./control-plane.ts";

/** Why no session starts, in one sentence or two, for clients that show a single text. */
export function refusalInWords({ detail, next }: Extract<SessionAuthorization, { ok: false }>): string {
  return next === undefined ? detail : `${detail}. Ask: ${next}`;
}
