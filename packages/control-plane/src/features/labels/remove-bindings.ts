import { eq } from "../../storage/drizzle.ts";
import { labelPlaces, labelRelations } from "../../storage/schema.ts";
import { remove, select, type Work } from "../../storage/statement.ts";

/** When a resource goes. */
export function* removeLabelBindings(resourceId: string): Work<void> {
  const rows = yield* select(labelPlaces, { where: eq(labelPlaces.resourceId, resourceId) });
  for (const { id } of rows) yield* remove(labelRelations, eq(labelRelations.placeId, id));
  yield* remove(labelPlaces, eq(labelPlaces.resourceId, resourceId));
}
