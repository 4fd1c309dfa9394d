/**
 * A cancel request of a client (PostgreSQL's comes on a connection of its own, to whichever gateway the balancer chose) on its
 * way to the gateway that has the session. Its secret stays where it arrived: only a digest of it travels.
 */
export interface ForwardedCancel {
  /** Where it arrived. */
  readonly gatewayId: string;
  /** As the client was told; its upper bits are the number of the session's gateway. */
  readonly processId: number;
  /** SHA-256 of process id and key, 64 hex digits. */
  readonly keyDigest: string;
}

/** What the change feed tells of one: to the gateway that has the session, and back. */
export type CancelNews =
  | { readonly type: "asked"; readonly id: string; readonly processId: number; readonly keyDigest: string }
  | { readonly type: "handled"; readonly id: string };

const NUMBER_BITS = 11;
/** Bits of a process id that are the session's own. */
export const SESSION_BITS = 20;

/**
 * A gateway's number within process ids, 0 to 2047. Two gateways may have the same: each looks among its own sessions, and the
 * digest decides.
 */
export function gatewayNumber(gatewayId: string): number {
  // FNV-1a, 32 bits
  let hash = 0x811c9dc5;
  for (let index = 0; index < gatewayId.length; index++)
    hash = Math.imul(hash ^ gatewayId.charCodeAt(index), 0x01000193) >>> 0;
  return (hash ^ (hash >>> NUMBER_BITS) ^ (hash >>> (2 * NUMBER_BITS))) & ((1 << NUMBER_BITS) - 1);
}

/** The number in a process id; one that no gateway gives out has none that any gateway has. */
export function gatewayOf(processId: number): number {
  return processId >>> SESSION_BITS;
}

/** `id` of a change of kind `cancel`. */
export function cancelChange(news: CancelNews): string {
  return news.type === "handled" ? `handled ${news.id}` : `asked ${news.id} ${news.processId} ${news.keyDigest}`;
}

/** Undefined for anything else than `cancelChange` makes. */
export function readCancelChange(change: string): CancelNews | undefined {
  const [type, id, processId, keyDigest] = change.split(" ");
  if (id === undefined) return undefined;
  if (type === "handled") return { type, id };
  if (type !== "asked" || keyDigest === undefined) return undefined;
  return { type, id, processId: Number(processId), keyDigest };
}
