import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";

/**
 * Whether the server refuses a statement whatever it is (25P02): it does in a failed transaction, except for what ends the
 * transaction or goes back to a savepoint. Exact when all before it is answered.
 */
export function failsAnyway({ status }: Pick<Machine, "status">, { facts }: Pick<Judged, "facts">): boolean {
  return status === "E" && facts[0]?.class !== "transaction";
}
