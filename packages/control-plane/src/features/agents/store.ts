import type { AgentReport, AgentState } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { and, asc, eq, isNull } from "../../storage/drizzle.ts";
import { agentPresence, agents, joinTokens } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, write } from "../../storage/unit.ts";
import type { PrincipalRef } from "../principals/store.ts";

type PresenceRow = typeof agentPresence.$inferSelect;

export interface AgentView extends AgentState {
  readonly joinedAt: string;
  readonly gateways: readonly Pick<PresenceRow, "gatewayId" | "online" | "lastSeen" | "version" | "data">[];
}

interface JoinArgs {
  readonly tokenHash: string;
  readonly publicJwk: Record<string, unknown>;
  readonly version: string;
}

export const agentUnits = {
  list: read(function* (): Work<AgentView[]> {
    const rows = yield* select(agents, { orderBy: asc(agents.name) });
    const presence = yield* select(agentPresence);
    return rows.map((row) => {
      const own = presence.filter((entry) => entry.agentId === row.id);
      const gateways = own.map(({ gatewayId, online, lastSeen, version, data }) => {
        return { gatewayId, online, lastSeen, version, data };
      });
      return { ...agentState(row, own), joinedAt: row.joinedAt, gateways };
    });
  }),

  createToken: write(function* (unit, args: { by: PrincipalRef; name: string; tokenHash: string; expiresAt: string }) {
    const { by, name, tokenHash, expiresAt } = args;
    const known = yield* selectOne(agents, eq(agents.name, name));
    if (known !== undefined) {
      throw new TidewaiterError("conflict", `there is an agent ${name} already`, { next: `tw agents remove ${name}` });
    }
    yield* insert(joinTokens, { id: newId("tok"), name, tokenHash, createdBy: by.name, expiresAt });
    unit.audit({ type: "agent.token_created", principalId: by.id, data: { by: by.name, name, expiresAt } });
  }),

  /** Undefined for a token that is unknown, used or expired: one answer for all three. */
  join: write(function* (unit, args: JoinArgs): Work<{ id: string; name: string } | undefined> {
    const fresh = and(eq(joinTokens.tokenHash, args.tokenHash), isNull(joinTokens.usedAt));
    const token = yield* selectOne(joinTokens, fresh);
    if (token === undefined || token.expiresAt <= unit.now) {
      unit.audit({ type: "agent.join_refused", data: { known: token !== undefined } });
      return undefined;
    }
    yield* update(joinTokens, { usedAt: unit.now }, eq(joinTokens.id, token.id));
    const id = newId("agt");
    const { publicJwk, version } = args;
    yield* insert(agents, { id, name: token.name, publicJwk, version, joinedAt: unit.now });
    unit.changed("agent", id);
    unit.audit({ type: "agent.joined", data: { id, name: token.name, version, tokenBy: token.createdBy } });
    return { id, name: token.name };
  }),

  publicKey: read(function* (_unit, args: { id: string }) {
    const row = yield* selectOne(agents, eq(agents.id, args.id));
    return row === undefined ? undefined : { name: row.name, publicJwk: row.publicJwk };
  }),

  report: write(function* (unit, report: AgentReport): Work<void> {
    const row = yield* selectOne(agents, eq(agents.id, report.agentId));
    if (row === undefined) return;
    const { agentId, gatewayId, version, data } = report;
    const where = and(eq(agentPresence.agentId, agentId), eq(agentPresence.gatewayId, gatewayId));
    const before = yield* selectOne(agentPresence, where);
    const online = report.state !== "offline";
    const presence = { online, lastSeen: unit.now, version, data };
    if (before === undefined) yield* insert(agentPresence, { agentId, gatewayId, ...presence });
    else yield* update(agentPresence, presence, where);
    if (version !== row.version) yield* update(agents, { version }, eq(agents.id, agentId));
    if ((before?.online ?? false) === online) return;
    unit.changed("agent", agentId);
    unit.audit({
      type: `agent.${online ? "online" : "offline"}`,
      data: { name: row.name, gateway: gatewayId, version },
    });
  }),

  find: read(function* (_unit, args: { name: string }): Work<AgentState | undefined> {
    return yield* findAgent(args.name);
  }),

  delete: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<void> {
    const row = yield* selectOne(agents, eq(agents.name, args.name));
    if (row === undefined) throw new TidewaiterError("not_found", `there is no agent ${args.name}`);
    yield* remove(agents, eq(agents.id, row.id));
    unit.changed("agent", row.id);
    unit.audit({ type: "agent.deleted", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
  }),
};

/** Online anywhere, or, with a gateway, online there. */
export function* findAgent(name: string, gatewayId?: string): Work<AgentState | undefined> {
  const row = yield* selectOne(agents, eq(agents.name, name));
  if (row === undefined) return undefined;
  const presence = yield* select(agentPresence, { where: eq(agentPresence.agentId, row.id) });
  return agentState(row, presence, gatewayId);
}

function agentState(row: typeof agents.$inferSelect, presence: readonly PresenceRow[], gatewayId?: string): AgentState {
  const relevant = presence.filter((entry) => gatewayId === undefined || entry.gatewayId === gatewayId);
  const lastSeen = presence
    .map((entry) => entry.lastSeen)
    .sort()
    .at(-1);
  const state = { id: row.id, name: row.name, online: relevant.some((entry) => entry.online), version: row.version };
  return lastSeen === undefined ? state : { ...state, lastSeen };
}
