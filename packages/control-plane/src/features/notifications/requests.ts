import { eq } from "../../storage/drizzle.ts";
import { principals } from "../../storage/schema.ts";
import { selectOne, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import type { AccessRequestRow } from "../access-requests/store.ts";
import type { ChangeRequestRow } from "../change-requests/store.ts";
import type { NotificationMessage, NotifiedEvent } from "./channel.ts";
import { notify } from "./notify.ts";

/** What became of something is told so long. */
const DECIDED_TOLD_MS = 3600_000;
const FINDINGS = 5;

/** @param by as in its rule: `group:NAME`, `principal:NAME`, `manager` */
export function* notifyAccessRequested(unit: UnitContext, row: AccessRequestRow, by: readonly string[]): Work<void> {
  const { principalName: who, resourceName: where } = row;
  yield* notify(unit, {
    ...aboutAccess(row, "access.requested"),
    asked: yield* withManager(row, by),
    expiresAt: row.expiresAt,
    message: {
      title: `${who} asks for ${row.level} on ${where} for ${hours(row.durationSeconds)}`,
      facts: [{ name: "Why", value: row.reason }],
      path: "/",
      action: "Open Tidewaiter",
      note: `tw requests show ${row.shortId}. Nobody can approve from here.`,
    },
  });
}

export function* notifyAccessDecided(unit: UnitContext, row: AccessRequestRow): Work<void> {
  const { principalName: who, resourceName: where, decisions, grantExpiresAt } = row;
  const outcome =
    row.state === "denied" ? "was denied" : `begins, until ${grantExpiresAt?.slice(0, 16).replace("T", " ")} UTC`;
  const by = decisions.map(({ reviewer }) => reviewer).join(", ");
  yield* notify(unit, {
    ...aboutAccess(row, "access.decided"),
    asked: [],
    expiresAt: told(unit),
    message: {
      title: `The access of ${who} to ${where} (${row.level}) ${outcome}`,
      facts: by === "" ? [] : [{ name: "By", value: by }],
      path: "/",
      action: "Open Tidewaiter",
    },
  });
}

export function* notifyChangeRequested(unit: UnitContext, row: ChangeRequestRow): Work<void> {
  yield* notify(unit, {
    ...aboutChange(row, "change.requested"),
    expiresAt: row.expiresAt,
    message: {
      title: `${row.requesterName} wants to change what protects; a second person is needed`,
      ...changed(row),
      note: `tw changes show ${row.shortId}. Nobody can approve from here.`,
    },
  });
}

export function* notifyChangeDecided(unit: UnitContext, row: ChangeRequestRow, verb: string): Work<void> {
  const title = `The change of ${row.requesterName} was ${verb}`;
  yield* notify(unit, {
    ...aboutChange(row, "change.decided"),
    expiresAt: told(unit),
    message: { title, ...changed(row) },
  });
}

function aboutAccess(row: AccessRequestRow, event: NotifiedEvent) {
  const except = [row.principalId, ...(row.ownerId === null ? [] : [row.ownerId])];
  return { event, refId: row.id, resource: row.resourceName, except };
}

function aboutChange(row: ChangeRequestRow, event: NotifiedEvent) {
  const except = [row.requestedBy, ...(row.ownerId === null ? [] : [row.ownerId])];
  return { event, refId: row.id, asked: ["role:admin"], except };
}

/** Kinds and names, and why it is weaker; not what stands there before and after. */
function changed({ findings }: ChangeRequestRow): Pick<NotificationMessage, "facts" | "path" | "action"> {
  const facts = findings
    .slice(0, FINDINGS)
    .map(({ noun, name, why }) => ({ name: `${noun} ${name}`, value: why.join("; ").slice(0, 300) }));
  const more = findings.length - FINDINGS;
  if (more > 0) facts.push({ name: "and", value: `${more} more` });
  return { facts, path: "/", action: "Open Tidewaiter" };
}

/** `manager` is whom the requester's attribute names. */
function* withManager(row: AccessRequestRow, by: readonly string[]): Work<string[]> {
  if (!by.includes("manager")) return [...by];
  const requester = yield* selectOne(principals, eq(principals.id, row.principalId));
  const manager = requester?.attributes.manager;
  return [...by.filter((one) => one !== "manager"), ...(manager === undefined ? [] : [`principal:${manager}`])];
}

function told(unit: UnitContext): string {
  return new Date(Date.parse(unit.now) + DECIDED_TOLD_MS).toISOString();
}

function hours(seconds: number): string {
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${Math.ceil(seconds / 60)} min`;
}
