import type {
  BoundRelation,
  ColumnState,
  LabelBindingSave,
  LabelBindingSaved,
  LabelBindings,
  LabelPlace,
  SchemaDrift,
} from "@tidewaiter/core";

interface Kept {
  readonly place: LabelPlace;
  revision: number;
  readonly relations: Map<number, BoundRelation>;
}

/** The control plane's part in label bindings, in memory; the real one has a contract suite of its own. */
export class KeptBindings {
  readonly drift: SchemaDrift[] = [];
  readonly saves: LabelBindingSave[] = [];
  readonly #places: Kept[] = [];

  read(place: LabelPlace, revision?: number): LabelBindings {
    const kept = this.#at(place);
    if (kept === undefined) {
      const before = this.#places.findLast(({ place: { database } }) => database === place.database);
      return { revision: 0, relations: [], ...(before && { elsewhere: [...before.relations.values()] }) };
    }
    if (kept.revision === revision) return { revision };
    return { revision: kept.revision, relations: [...kept.relations.values()] };
  }

  save(save: LabelBindingSave): LabelBindingSaved {
    const kept = this.#at(save.place) ?? { place: save.place, revision: 0, relations: new Map() };
    if (kept.revision !== save.base) return { ok: false };
    if (kept.revision === 0) this.#places.push(kept);
    kept.revision++;
    for (const oid of save.forgotten) kept.relations.delete(oid);
    for (const relation of save.changed) kept.relations.set(relation.oid, relation);
    this.drift.push(...save.drift);
    this.saves.push(save);
    return { ok: true, revision: kept.revision };
  }

  /** As `tw labels accept` does. */
  accept(relation: string, column: string): void {
    for (const kept of this.#places) {
      for (const [oid, bound] of kept.relations) {
        if (bound.name !== relation) continue;
        const accepted: ColumnState = "accepted";
        const columns = bound.columns.map((each) => (each.name === column ? { ...each, state: accepted } : each));
        kept.relations.set(oid, { ...bound, columns });
        kept.revision++;
      }
    }
  }

  #at({ systemId, databaseOid }: LabelPlace): Kept | undefined {
    return this.#places.find(({ place }) => place.systemId === systemId && place.databaseOid === databaseOid);
  }
}
