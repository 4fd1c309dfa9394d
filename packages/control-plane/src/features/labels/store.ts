import type {
  AuditEventInput,
  BoundColumn,
  BoundRelation,
  LabelBindingSave,
  LabelBindingSaved,
  LabelBindings,
  LabelPlace,
  SchemaDrift,
} from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { splitColumnPattern } from "@tidewaiter/core/labels/label-matcher";
import { compileGlob } from "@tidewaiter/core/policy/glob";
import type { SQL } from "drizzle-orm";
import { and, asc, desc, eq, gte, inArray, lt, sql } from "../../storage/drizzle.ts";
import { auditEvents, labelPlaces, labelRelations } from "../../storage/schema.ts";
import { execute, insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requireResource } from "../resources/store.ts";

type PlaceRow = typeof labelPlaces.$inferSelect;

/** Audit events of one look at a server; what is more is told as a number. */
const MAX_DRIFT_EVENTS = 200;
/** Of an audit event's text fields, in UTF-16 code units. */
const MAX_TEXT = 500;
/** Rows per statement: SQLite takes 32,766 parameters, PostgreSQL 65,535. */
const ROWS_AT_ONCE = 500;

/** Noun of the audit events of differences. */
const DRIFT = "schema_drift";

export interface DriftEvent {
  readonly at: string;
  readonly what: string;
  readonly data: AuditEventInput["data"];
}

/** What is bound for one place, with its relations. */
export interface BoundPlace extends PlaceRow {
  readonly relations: readonly BoundRelation[];
}

export const labelUnits = {
  bindings: read(function* (_unit, args: { place: LabelPlace; revision: number | undefined }): Work<LabelBindings> {
    const row = yield* selectOne(labelPlaces, isPlace(args.place));
    if (row !== undefined) {
      if (row.revision === args.revision) return { revision: row.revision };
      return { revision: row.revision, relations: yield* relationsOf(row.id) };
    }
    const { resourceId, database } = args.place;
    const [before] = yield* select(labelPlaces, {
      where: and(eq(labelPlaces.resourceId, resourceId), eq(labelPlaces.database, database)),
      orderBy: desc(labelPlaces.changedAt),
      limit: 1,
    });
    return { revision: 0, relations: [], ...(before && { elsewhere: yield* relationsOf(before.id) }) };
  }),

  save: write(function* (unit, args: LabelBindingSave): Work<LabelBindingSaved> {
    const { place, base, changed, forgotten } = args;
    const row = yield* selectOne(labelPlaces, isPlace(place));
    if ((row?.revision ?? 0) !== base) return { ok: false };
    const id = row?.id ?? newId("lbp");
    const revision = base + 1;
    if (row === undefined) {
      const seen = { firstSeenAt: unit.now, changedAt: unit.now };
      yield* insert(labelPlaces, { id, ...place, revision, ...seen });
    } else {
      const moved = { database: place.database, revision, changedAt: unit.now };
      yield* update(labelPlaces, moved, eq(labelPlaces.id, id));
    }
    yield* removeRelations(id, [...forgotten, ...changed.map((relation) => relation.oid)]);
    yield* insertRelations(id, changed);
    if (base > 0) unit.changed("labels", place.resourceId);
    tell(unit, args);
    return { ok: true, revision };
  }),

  /** Every place of a resource, the one that changed last first. */
  places: read(function* (_unit, args: { resource: string }): Work<BoundPlace[]> {
    const { id: resourceId } = yield* requireResource(args.resource);
    const rows = yield* select(labelPlaces, {
      where: eq(labelPlaces.resourceId, resourceId),
      orderBy: desc(labelPlaces.changedAt),
    });
    const places: BoundPlace[] = [];
    for (const row of rows) places.push({ ...row, relations: yield* relationsOf(row.id) });
    return places;
  }),

  /** The newest differences that were told, of every server of the resource. */
  drift: read(function* (_unit, args: { resource: string; limit: number }): Work<DriftEvent[]> {
    const { id: resourceId } = yield* requireResource(args.resource);
    const rows = yield* select(auditEvents, {
      where: and(
        eq(auditEvents.resourceId, resourceId),
        gte(auditEvents.type, `${DRIFT}.`),
        lt(auditEvents.type, `${DRIFT}/`),
      ),
      orderBy: desc(auditEvents.sequence),
      limit: args.limit,
    });
    return rows.map(({ at, type, data }) => ({ at, what: type.slice(DRIFT.length + 1), data: JSON.parse(data) }));
  }),

  /** What was unclassified and matches is known to hold nothing, on every server of the resource. Tells which it was. */
  accept: write(function* (
    unit,
    args: { by: PrincipalRef; resource: string; columns: readonly string[] },
  ): Work<readonly string[]> {
    const { id: resourceId } = yield* requireResource(args.resource);
    const accepted = new Set<string>();
    for (const pattern of args.columns) yield* acceptPattern({ unit, resourceId, pattern, accepted });
    const columns = [...accepted].sort();
    const why = columns.length === 0 ? [] : ["columns that nobody has decided about are shown"];
    protect(unit, { noun: "labels", name: args.resource }, why, { after: columns });
    unit.changed("labels", resourceId);
    const data = { by: args.by.name, columns: short(columns.join(", ")), count: columns.length };
    unit.audit({ type: "labels.accepted", principalId: args.by.id, resourceId, data });
    return columns;
  }),
};

interface Acceptance {
  readonly unit: UnitContext;
  readonly resourceId: string;
  readonly pattern: string;
  readonly accepted: Set<string>;
}

function* acceptPattern({ unit, resourceId, pattern, accepted }: Acceptance): Work<void> {
  const [schema, table, column] = splitPattern(pattern).map(compileGlob);
  let found = false;
  for (const place of yield* select(labelPlaces, { where: eq(labelPlaces.resourceId, resourceId) })) {
    const relations = (yield* relationsOf(place.id)).filter(
      (relation) => relation.gone === 0 && schema?.matches(relation.schema) && table?.matches(relation.name),
    );
    const changed: BoundRelation[] = [];
    for (const relation of relations) {
      const columns = relation.columns.map((each): BoundColumn => {
        if (each.gone === true || column?.matches(each.name) !== true) return each;
        found ||= each.state !== "known";
        if (each.state !== "unclassified") return each;
        accepted.add(`${relation.schema}.${relation.name}.${each.name}`);
        return { ...each, state: "accepted" };
      });
      if (columns.some((each, index) => each !== relation.columns[index])) changed.push({ ...relation, columns });
    }
    if (changed.length === 0) continue;
    yield* removeRelations(
      place.id,
      changed.map((relation) => relation.oid),
    );
    yield* insertRelations(place.id, changed);
    yield* update(labelPlaces, { revision: place.revision + 1, changedAt: unit.now }, eq(labelPlaces.id, place.id));
  }
  if (!found)
    throw new TidewaiterError("not_found", `no unclassified column matches ${pattern}`, {
      next: "tw labels list shows those that are.",
    });
}

function splitPattern(pattern: string): readonly string[] {
  try {
    return splitColumnPattern(pattern);
  } catch {
    throw new TidewaiterError("bad_request", `"${pattern}" is not schema.table.column or table.column`);
  }
}

function isPlace({ resourceId, systemId, databaseOid }: LabelPlace): SQL | undefined {
  return and(
    eq(labelPlaces.resourceId, resourceId),
    eq(labelPlaces.systemId, systemId),
    eq(labelPlaces.databaseOid, databaseOid),
  );
}

function* relationsOf(placeId: string): Work<readonly BoundRelation[]> {
  const rows = yield* select(labelRelations, {
    where: eq(labelRelations.placeId, placeId),
    orderBy: asc(labelRelations.oid),
  });
  return rows.map(({ placeId: _, ...relation }) => relation);
}

function* removeRelations(placeId: string, oids: readonly number[]): Work<void> {
  for (let from = 0; from < oids.length; from += ROWS_AT_ONCE) {
    const some = oids.slice(from, from + ROWS_AT_ONCE);
    yield* remove(labelRelations, and(eq(labelRelations.placeId, placeId), inArray(labelRelations.oid, some)));
  }
}

function* insertRelations(placeId: string, relations: readonly BoundRelation[]): Work<void> {
  for (let from = 0; from < relations.length; from += ROWS_AT_ONCE) {
    const rows = relations.slice(from, from + ROWS_AT_ONCE).map(({ oid, schema, name, kind, gone, columns }) => {
      return sql`(${placeId}, ${oid}, ${schema}, ${name}, ${kind}, ${gone}, ${JSON.stringify(columns)})`;
    });
    yield* execute(
      sql`insert into ${labelRelations} (place_id, oid, schema, name, kind, gone, columns) values ${sql.join(rows, sql`, `)}`,
    );
  }
}

function tell(unit: UnitContext, { place, sessionId, base, changed, drift }: LabelBindingSave): void {
  const where = {
    resourceId: place.resourceId,
    ...(sessionId !== undefined && { sessionId }),
  };
  const { database, systemId, databaseOid } = place;
  if (base === 0) {
    const columns = changed.reduce((sum, relation) => sum + relation.columns.length, 0);
    const data = { database, system: systemId, databaseOid, relations: changed.length, columns };
    unit.audit({ ...where, type: "labels.bound", data });
  }
  for (const each of drift.slice(0, MAX_DRIFT_EVENTS))
    unit.audit({ ...where, type: `${DRIFT}.${each.what}`, data: { database, ...driftData(each) } });
  const more = drift.length - MAX_DRIFT_EVENTS;
  if (more > 0) unit.audit({ ...where, type: `${DRIFT}.more`, data: { database, count: more } });
}

function driftData({ relation, column, from, proposed }: SchemaDrift): Record<string, string> {
  return {
    relation: short(relation),
    ...(column !== undefined && { column: short(column) }),
    ...(from !== undefined && { from: short(from) }),
    ...(proposed !== undefined && { proposed: short(proposed) }),
  };
}

function short(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)} ...`;
}
