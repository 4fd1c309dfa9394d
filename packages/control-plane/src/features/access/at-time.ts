import { sql } from "../../storage/drizzle.ts";
import type { grants, groups, principals, resources } from "../../storage/schema.ts";
import { history } from "../../storage/schema.ts";
import { select, type Work } from "../../storage/statement.ts";
import type { GrantRow } from "../grants/store.ts";
import type { KnownPrincipal } from "../principals/membership.ts";
import type { ResourceRow } from "../resources/store.ts";

type HistoryRow = typeof history.$inferSelect;
type PrincipalRow = typeof principals.$inferSelect;
type GroupRow = typeof groups.$inferSelect;

/** All that decided about access at one instant. */
export interface AccessState {
  readonly principals: readonly KnownPrincipal[];
  readonly grants: readonly GrantRow[];
  readonly resources: readonly ResourceRow[];
  /** By id. */
  readonly groupNames: ReadonlyMap<string, string>;
}

/** From the versions in force at that instant. What was changed within the same millisecond counts as changed. */
export function* accessStateAt(at: string): Work<AccessState> {
  const latest = sql`(noun, ref_id, version) in (
    select noun, ref_id, max(version) from ${history} where valid_from <= ${at} group by noun, ref_id)`;
  const rows = yield* select(history, { where: latest });
  const of = (noun: string) => rows.filter((row) => row.noun === noun && row.data !== null);
  return {
    principals: knownPrincipals(of("principal"), of("group")),
    grants: of("grant").map((row) => asRow<typeof grants.$inferSelect>(row)),
    resources: of("resource").map((row) => asRow<typeof resources.$inferSelect>(row)),
    groupNames: new Map(of("group").map(({ refId, data }) => [refId, String(data?.name)])),
  };
}

/** What the snapshot does not hold (a password's hash, a salt) decides nothing about access. */
function asRow<Row>({ refId, data }: HistoryRow): Row {
  return { ...data, id: refId } as Row;
}

function knownPrincipals(people: readonly HistoryRow[], groupRows: readonly HistoryRow[]): KnownPrincipal[] {
  const memberOf = membershipAt(people, groupRows);
  const alone = new Map(
    people.map((row): [string, KnownPrincipal] => {
      const own = memberOf.get(row.refId) ?? [];
      const principal = asRow<PrincipalRow>(row);
      const given = own.flatMap((group) => group.roles);
      const known = {
        row: principal,
        groupIds: own.map((group) => group.id),
        groupNames: own.map((group) => group.name).sort(),
        roles: [...new Set([...principal.roles, ...given])].sort(),
      };
      return [row.refId, known];
    }),
  );
  return [...alone.values()].map((known) => {
    const owner = known.row.ownerId === null ? undefined : alone.get(known.row.ownerId);
    return owner === undefined ? known : { ...known, owner };
  });
}

/** A membership stands in both snapshots; the one that was written later tells. */
function membershipAt(people: readonly HistoryRow[], groupRows: readonly HistoryRow[]): Map<string, GroupRow[]> {
  const listed = new Map<string, Set<string>>();
  for (const { refId, data } of groupRows) {
    for (const id of (data?.members ?? []) as string[]) listed.set(id, (listed.get(id) ?? new Set()).add(refId));
  }
  const byId = new Map(groupRows.map((row) => [row.refId, row]));
  return new Map(
    people.map(({ refId, data, sequence }) => {
      const said = new Set((data?.groups ?? []) as string[]);
      const candidates = new Set([...said, ...(listed.get(refId) ?? [])]);
      const own = [...candidates].flatMap((id) => {
        const group = byId.get(id);
        if (group === undefined) return [];
        const member = sequence >= group.sequence ? said.has(id) : listed.get(refId)?.has(id) === true;
        return member ? [asRow<GroupRow>(group)] : [];
      });
      return [refId, own];
    }),
  );
}
