import { TidewaiterError } from "@tidewaiter/core/errors";
import { and, asc, eq, gt, lt } from "../../storage/drizzle.ts";
import { identityProviders, scimTokens } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, write } from "../../storage/unit.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requirePermission } from "../roles/rights.ts";

export interface ScimTokenView {
  readonly id: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string;
  readonly lastUsedAt: string | null;
}

const TOKENS_PER_PROVIDER = 5;
/** A use is written down at most this often. */
const USE_EVERY_MS = 60_000;

export const scimTokenUnits = {
  /** A new token; those before it end after the overlap. */
  issue: write(function* (
    unit,
    args: {
      by: PrincipalRef;
      token: { id: string; provider: string; hash: string; expiresAt: string };
      olderUntil: string;
    },
  ): Work<void> {
    const { id, provider, hash, expiresAt } = args.token;
    // Its holder says who signs in as whom, as the provider's settings do.
    yield* requirePermission(args.by, "roles.appoint");
    if ((yield* selectOne(identityProviders, eq(identityProviders.name, provider))) === undefined) {
      throw new TidewaiterError("not_found", `there is no identity provider ${provider}`, {
        next: "Apply its document first: kind: identity_provider",
      });
    }
    yield* remove(scimTokens, lt(scimTokens.expiresAt, unit.now));
    const older = and(eq(scimTokens.provider, provider), gt(scimTokens.expiresAt, args.olderUntil));
    yield* update(scimTokens, { expiresAt: args.olderUntil }, older);
    const known = yield* select(scimTokens, { where: eq(scimTokens.provider, provider) });
    if (known.length >= TOKENS_PER_PROVIDER) {
      throw new TidewaiterError("conflict", `${provider} has ${known.length} SCIM tokens in force already`, {
        next: `Remove one: tw identity scim-tokens ${provider}`,
      });
    }
    yield* insert(scimTokens, {
      id,
      provider,
      tokenHash: hash,
      createdAt: unit.now,
      createdBy: args.by.name,
      expiresAt,
    });
    const data = { by: args.by.name, provider, id, expiresAt, olderUntil: args.olderUntil };
    unit.audit({ type: "scim_token.created", principalId: args.by.id, data });
  }),

  list: read(function* (unit, args: { provider: string }): Work<ScimTokenView[]> {
    const where = and(eq(scimTokens.provider, args.provider), gt(scimTokens.expiresAt, unit.now));
    const rows = yield* select(scimTokens, { where, orderBy: asc(scimTokens.createdAt) });
    return rows.map(({ id, createdAt, createdBy, expiresAt, lastUsedAt }) => {
      return { id, createdAt, createdBy, expiresAt, lastUsedAt };
    });
  }),

  revoke: write(function* (unit, args: { by: PrincipalRef; provider: string; id: string }): Work<void> {
    const { provider, id } = args;
    const count = yield* remove(scimTokens, and(eq(scimTokens.id, id), eq(scimTokens.provider, provider)));
    if (count === 0) throw new TidewaiterError("not_found", `${provider} has no SCIM token ${id}`);
    unit.audit({ type: "scim_token.revoked", principalId: args.by.id, data: { by: args.by.name, provider, id } });
  }),

  /** Whose token it is; `stale` = its use should be written down. */
  find: read(function* (
    unit,
    args: { hash: string },
  ): Work<{ id: string; provider: string; stale: boolean } | undefined> {
    const row = yield* selectOne(
      scimTokens,
      and(eq(scimTokens.tokenHash, args.hash), gt(scimTokens.expiresAt, unit.now)),
    );
    if (row === undefined) return undefined;
    const used = row.lastUsedAt === null ? 0 : Date.parse(row.lastUsedAt);
    return { id: row.id, provider: row.provider, stale: Date.parse(unit.now) - used >= USE_EVERY_MS };
  }),

  used: write(function* (unit, args: { id: string }): Work<void> {
    yield* update(scimTokens, { lastUsedAt: unit.now }, eq(scimTokens.id, args.id));
  }),
};
