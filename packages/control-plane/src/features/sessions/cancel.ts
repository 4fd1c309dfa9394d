import type { ForwardedCancel } from "@tidewaiter/core";
import { cancelChange, gatewayNumber, gatewayOf } from "@tidewaiter/core/forwarded-cancel";
import { newId } from "@tidewaiter/core/ids";
import { sql } from "../../storage/drizzle.ts";
import { sessions } from "../../storage/schema.ts";
import { execute, type Work } from "../../storage/statement.ts";
import { type UnitContext, write } from "../../storage/unit.ts";

const DIGEST = /^[0-9a-f]{64}$/;

/** Cancel requests on their way to another gateway. Nothing is kept of them but the change. */
export const cancelUnits = {
  forwardCancel: write(function* (unit: UnitContext, request: ForwardedCancel): Work<string | undefined> {
    const { gatewayId, processId, keyDigest } = request;
    if (!DIGEST.test(keyDigest) || !Number.isSafeInteger(processId)) return undefined;
    const live = yield* execute(
      sql`select distinct ${sessions.gatewayId} from ${sessions} where ${sessions.endedAt} is null`,
    );
    const owners = live.rows.map(([id]) => String(id)).filter((id) => id !== gatewayId);
    if (!owners.some((id) => gatewayNumber(id) === gatewayOf(processId))) return undefined;
    const id = newId("cnl");
    unit.changed("cancel", cancelChange({ type: "asked", id, processId, keyDigest }));
    return id;
  }),

  // biome-ignore lint/correctness/useYield: a unit of work without a statement of its own
  cancelHandled: write(function* (unit: UnitContext, args: { id: string }): Work<void> {
    unit.changed("cancel", cancelChange({ type: "handled", id: args.id }));
  }),
};
