import type { UnitContext } from "../../storage/unit.ts";
import type { AccessRequestRow } from "./store.ts";

/** The outbox and the audit log hear of every step. */
export function told(
  unit: UnitContext,
  verb: string,
  row: AccessRequestRow,
  data: Readonly<Record<string, string | number | boolean | null>> = {},
  by: string = row.principalId,
): void {
  const { id, shortId, principalName: requester, resourceId, resourceName: resource } = row;
  unit.changed("access_request", id);
  unit.audit({
    type: `access_request.${verb}`,
    principalId: by,
    resourceId,
    data: { shortId, requester, resource, ...data },
  });
}
