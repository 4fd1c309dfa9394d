import { TidewaiterError } from "@tidewaiter/core/errors";
import { queryRows } from "../catalog/query.ts";
import { encodeFrontend } from "../encode-frontend.ts";
import type { SessionAttrs } from "../target-schema.ts";
import type { ConnectedTarget } from "./connect-target.ts";
import { TargetConnectError, type TargetConnectErrorCode } from "./target-connect-error.ts";

/** A session, and which of the target's hosts it is at: a cancel request must go to the same. */
export interface ChosenTarget extends ConnectedTarget {
  /** Index in the target's addresses. */
  readonly address: number;
}

/** After these another host is tried, as libpq does; a refused credential would be refused there as well. */
const TRY_NEXT: ReadonlySet<TargetConnectErrorCode> = new Set(["unreachable", "timeout", "tls_refused", "tls_verify"]);
/** Starting up, shutting down or in recovery without hot standby. */
const CANNOT_CONNECT_NOW = "57P03";

/**
 * Connects to the first of several hosts that will do, in their order (PostgreSQL documentation, "Specifying Multiple Hosts"
 * and "target_session_attrs"). One host with `any` is connected to and nothing is asked.
 * @throws TargetConnectError `not_suitable`, or what the last host said
 */
export async function chooseHost(
  count: number,
  attrs: SessionAttrs,
  connect: (address: number) => Promise<ConnectedTarget>,
): Promise<ChosenTarget> {
  let last: unknown;
  for (const wanted of attrs === "prefer-standby" ? (["standby", "any"] as const) : [attrs]) {
    for (let address = 0; address < count; address++) {
      try {
        const connected = await connect(address);
        if (await keptIfSuits(connected, wanted)) return { ...connected, address };
        last = new TargetConnectError("not_suitable", `host ${address + 1} of ${count} is not ${wanted}`);
      } catch (error) {
        if (!leadsToNext(error)) throw error;
        last = error;
      }
    }
  }
  throw last;
}

function leadsToNext(error: unknown): boolean {
  if (error instanceof TidewaiterError) return error.code === "target_unreachable";
  return error instanceof TargetConnectError && (TRY_NEXT.has(error.code) || error.server?.code === CANNOT_CONNECT_NOW);
}

/** Nothing is left open at a host that will not do. */
async function keptIfSuits(connected: ConnectedTarget, wanted: Parameters<typeof suits>[1]): Promise<boolean> {
  let kept = false;
  try {
    kept = await suits(connected, wanted);
    return kept;
  } finally {
    if (!kept) connected.stream.end(encodeFrontend({ name: "Terminate" }));
  }
}

async function suits(connected: ConnectedTarget, wanted: Exclude<SessionAttrs, "prefer-standby">): Promise<boolean> {
  if (wanted === "any") return true;
  const { standby, readOnly } = await stateOf(connected);
  switch (wanted) {
    case "read-write":
      return !standby && !readOnly;
    case "read-only":
      return standby || readOnly;
    case "primary":
      return !standby;
    case "standby":
      return standby;
  }
}

/** The server reports it since PostgreSQL 14; a pooler in between may not. */
async function stateOf({ parameters, stream }: ConnectedTarget): Promise<{ standby: boolean; readOnly: boolean }> {
  const standby = parameters.get("in_hot_standby");
  const readOnly = parameters.get("default_transaction_read_only");
  if (standby !== undefined && readOnly !== undefined)
    return { standby: standby === "on", readOnly: readOnly === "on" };
  const asked = "select pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('default_transaction_read_only')";
  const [row] = await queryRows(stream, asked);
  return { standby: row?.[0] === "t", readOnly: row?.[1] === "on" };
}
