import type { BoundRelation, ControlPlane, LabelMatcher, LabelPlace } from "@tidewaiter/core";
import { reconcile } from "@tidewaiter/core";
import type { ServerIdentity } from "./identity.ts";
import type { CatalogRows } from "./postgres-catalog.ts";
import { seenRelations } from "./seen-relations.ts";

/** The part of the control plane that keeps bindings, for one resource and on account of one session. */
export interface BindingStore {
  readonly resourceId: string;
  readonly sessionId?: string;
  read: ControlPlane["labelBindings"];
  save: ControlPlane["saveLabelBindings"];
}

export interface Bound {
  readonly revision: number;
  readonly relations: readonly BoundRelation[];
}

/** Gateways that bind at the same moment refuse each other; each time at least one of them gets on. */
const ATTEMPTS = 10;

/**
 * Brings what the control plane keeps of a database together with what its server's catalogs say now, and keeps the
 * differences. `known`: what was read the last time. Rejects when the control plane is lost: then nothing new is believed.
 */
export async function bindLabels(
  server: ServerIdentity,
  rows: CatalogRows,
  { store, matcher, known }: { store: BindingStore; matcher: LabelMatcher; known?: Bound | undefined },
): Promise<Bound> {
  const { systemId, databaseOid, database } = server;
  const place: LabelPlace = { resourceId: store.resourceId, systemId, databaseOid, database };
  const seen = seenRelations(rows);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const kept = await store.read(place, known?.revision);
    const bound = kept.relations ?? known?.relations ?? [];
    const found = reconcile({
      seen,
      bound: kept.revision === 0 ? undefined : bound,
      ...(kept.elsewhere !== undefined && { elsewhere: kept.elsewhere }),
      database,
      revision: kept.revision + 1,
      matcher,
    });
    const { relations, changed, forgotten, drift } = found;
    const same = changed.length === 0 && forgotten.length === 0 && kept.revision > 0;
    if (same) return { revision: kept.revision, relations };
    const saved = await store.save({
      place,
      ...(store.sessionId !== undefined && { sessionId: store.sessionId }),
      base: kept.revision,
      changed,
      forgotten,
      drift,
    });
    if (saved.ok) return { revision: saved.revision, relations };
  }
  throw new Error("label bindings change faster than they can be kept");
}
