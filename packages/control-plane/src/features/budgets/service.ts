import type { BudgetRequest, BudgetReservation } from "@tidewaiter/core";
import { newId } from "@tidewaiter/core/ids";
import type { ControlPlaneStore } from "../../storage/open-store.ts";

/** The lease's id is made outside of the unit of work, which may run twice. */
export function reserveBudget(store: ControlPlaneStore, request: BudgetRequest): Promise<BudgetReservation> {
  return store.units.budgets.reserve({ leaseId: newId("bls"), request });
}
