import { timingSafeEqual } from "node:crypto";
import type { AuthenticationResult, BrowserLoginRequest, BrowserLoginStanding } from "@tidewaiter/core";
import { newId } from "@tidewaiter/core/ids";
import { and, desc, eq, gt, lt } from "../../storage/drizzle.ts";
import { browserLogins, connectionSecrets, grants, resources } from "../../storage/schema.ts";
import { count, insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { highestAccess } from "../grants/access.ts";
import { loadPrincipals, principalProblem } from "../principals/membership.ts";
import type { PrincipalRef } from "../principals/store.ts";
import type { ResourceRow } from "../resources/store.ts";
import { browserTtl, rulesFor } from "./rules.ts";
import { createSecret, live, useSecret } from "./store.ts";

type BrowserLoginRow = typeof browserLogins.$inferSelect;

/** How long a client may wait for its person. */
const WAIT_MS = 5 * 60_000;
/** Whoever asks has proven nothing: few at once, few in a minute. */
export const WAITING_PER_ADDRESS = 20;
const WAITING_IN_ALL = 1_000;
const ASKED_PER_MINUTE = 60;
const WRONG_CODES = 5;
/** For one connection only: long enough to be made. */
const ONE_CONNECTION_MS = 2 * 60_000;
const KEPT_MS = 3_600_000;

interface NewLogin {
  readonly request: BrowserLoginRequest;
  readonly id: string;
  readonly tokenHash: string;
  readonly codeHash: string;
}

export type BrowserLoginStart =
  | { readonly state: "approved"; readonly principalName: string }
  | { readonly state: "waiting"; readonly expiresAt: string }
  | { readonly state: "refused"; readonly reason: "too_many" };

/** What the page shows. */
export interface BrowserLoginView {
  readonly state: BrowserLoginStanding["state"];
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly resourceName: string;
  readonly application: string | null;
  readonly expiresAt: string;
  /** Other connections from the same address to the same resource that wait. */
  readonly othersWaiting: number;
  /** How long one login may cover that client; 0 = the resource offers no such logins, or there is no such resource. */
  readonly coversSeconds: number;
  readonly singleUse: boolean;
}

interface Decision {
  readonly by: PrincipalRef;
  /** Of the browser: what is given out here ends with it. */
  readonly signInId?: string | undefined;
  readonly tokenHash: string;
  readonly codeHash: string;
  readonly approve: boolean;
  /** Everything from that address to that resource for a while, or this connection alone. */
  readonly covers: "client" | "connection";
  readonly browserAddress: string;
}

export type DecisionOutcome =
  | { readonly ok: true; readonly connections: number; readonly until: string }
  | { readonly ok: false; readonly reason: "gone" | "no_access" | "not_offered" | "denied" }
  | { readonly ok: false; readonly reason: "wrong_code"; readonly triesLeft: number };

export const browserLoginUnits = {
  request: write(function* (unit, args: NewLogin): Work<BrowserLoginStart> {
    return yield* requestLogin(unit, args);
  }),

  standing: read(function* (unit, args: { id: string }): Work<BrowserLoginStanding> {
    const row = yield* selectOne(browserLogins, eq(browserLogins.id, args.id));
    if (row === undefined) return { state: "expired" };
    const state = stateOf(row, unit.now);
    if (state !== "approved") return { state };
    return { state, principalName: yield* principalOf(row) };
  }),

  withdraw: write(function* (_unit, args: { id: string }): Work<void> {
    const waiting = and(eq(browserLogins.id, args.id), eq(browserLogins.state, "waiting"));
    yield* update(browserLogins, { state: "withdrawn" }, waiting);
  }),

  view: read(function* (unit, args: { tokenHash: string }): Work<BrowserLoginView | undefined> {
    const row = yield* selectOne(browserLogins, eq(browserLogins.tokenHash, args.tokenHash));
    if (row === undefined) return undefined;
    const resource = yield* selectOne(resources, eq(resources.name, row.resourceName));
    const { clientAddress, clientPort, resourceName, application, expiresAt } = row;
    return {
      state: stateOf(row, unit.now),
      clientAddress,
      clientPort,
      resourceName,
      application,
      expiresAt,
      othersWaiting: (yield* waitingLike(row, unit.now)).length - 1,
      coversSeconds: resource === undefined ? 0 : browserTtl(resource.secrets),
      singleUse: rulesFor(resource?.secrets ?? null, false).singleUse ?? false,
    };
  }),

  decide: write(function* (unit, args: Decision): Work<DecisionOutcome> {
    return yield* decide(unit, args);
  }),

  /** For the connection that asked, once. A refusal is a value, and audited. */
  use: write(function* (unit, args: { id: string }): Work<AuthenticationResult> {
    const row = yield* selectOne(browserLogins, eq(browserLogins.id, args.id));
    let result: AuthenticationResult = { ok: false, reason: "unknown" };
    if (row?.state === "approved" && row.secretId !== null && row.usedAt === null) {
      yield* update(browserLogins, { usedAt: unit.now }, eq(browserLogins.id, row.id));
      result = yield* useSecret(unit, { id: row.secretId, kind: "browser", principal: yield* principalOf(row) });
    }
    if (!result.ok) {
      unit.audit({ type: "authentication.refused", data: { kind: "browser", login: args.id, reason: result.reason } });
    }
    return result;
  }),
};

function* requestLogin(unit: UnitContext, { request, ...made }: NewLogin): Work<BrowserLoginStart> {
  const { clientAddress, resourceName, application = null } = request;
  yield* remove(browserLogins, lt(browserLogins.expiresAt, before(unit.now, KEPT_MS)));
  const covering = yield* coveringSecret(unit, request);
  if (covering === undefined && (yield* tooMany(unit, clientAddress))) return { state: "refused", reason: "too_many" };
  const state = covering === undefined ? "waiting" : "approved";
  const expiresAt = new Date(Date.parse(unit.now) + WAIT_MS).toISOString();
  yield* insert(browserLogins, {
    ...made,
    ...request,
    application,
    wrongCodes: 0,
    state,
    secretId: covering?.secretId ?? null,
    createdAt: unit.now,
    expiresAt,
  });
  if (covering !== undefined) return { state: "approved", principalName: covering.principalName };
  const data = { id: made.id, address: clientAddress, port: request.clientPort, resource: resourceName };
  unit.audit({ type: "browser_login.requested", data });
  return { state: "waiting", expiresAt };
}

/**
 * The login that covers this client, if exactly one person signed in for its address: where several did, nobody can tell
 * whose connection this is.
 */
function* coveringSecret(unit: UnitContext, { clientAddress, resourceName }: BrowserLoginRequest) {
  const resource = yield* selectOne(resources, eq(resources.name, resourceName));
  if (resource === undefined || browserTtl(resource.secrets) === 0) return undefined;
  const rows = yield* select(connectionSecrets, {
    where: and(
      eq(connectionSecrets.kind, "browser"),
      eq(connectionSecrets.clientAddress, clientAddress),
      eq(connectionSecrets.resourceId, resource.id),
      live(unit.now),
    ),
    orderBy: desc(connectionSecrets.expiresAt),
  });
  const [secret] = rows.filter((row) => row.usesLeft === null);
  if (secret === undefined || new Set(rows.map((row) => row.principalId)).size > 1) return undefined;
  const known = (yield* loadPrincipals([secret.principalId])).get(secret.principalId);
  if (known === undefined || principalProblem(known) !== undefined) return undefined;
  return { secretId: secret.id, principalName: known.row.name };
}

function* tooMany(unit: UnitContext, clientAddress: string): Work<boolean> {
  const waiting = and(eq(browserLogins.state, "waiting"), gt(browserLogins.expiresAt, unit.now));
  const theirs = eq(browserLogins.clientAddress, clientAddress);
  if ((yield* count(browserLogins, and(waiting, theirs))) >= WAITING_PER_ADDRESS) return true;
  if ((yield* count(browserLogins, waiting)) >= WAITING_IN_ALL) return true;
  const lately = gt(browserLogins.createdAt, before(unit.now, 60_000));
  return (yield* count(browserLogins, and(theirs, lately))) >= ASKED_PER_MINUTE;
}

function* decide(unit: UnitContext, args: Decision): Work<DecisionOutcome> {
  const row = yield* selectOne(browserLogins, eq(browserLogins.tokenHash, args.tokenHash));
  if (row === undefined || stateOf(row, unit.now) !== "waiting") return { ok: false, reason: "gone" };
  const data = {
    by: args.by.name,
    id: row.id,
    address: row.clientAddress,
    port: row.clientPort,
    resource: row.resourceName,
    browser: args.browserAddress,
  };
  const told = (type: string, more: object = {}) =>
    unit.audit({ type, principalId: args.by.id, data: { ...data, ...more } });
  if (!args.approve) {
    yield* settle(unit, row, { state: "denied" });
    told("browser_login.denied");
    return { ok: false, reason: "denied" };
  }
  if (!timingSafeEqual(Buffer.from(row.codeHash), Buffer.from(args.codeHash))) {
    const wrongCodes = row.wrongCodes + 1;
    yield* update(browserLogins, { wrongCodes }, eq(browserLogins.id, row.id));
    if (wrongCodes >= WRONG_CODES) yield* settle(unit, row, { state: "denied" });
    told("browser_login.wrong_code", { wrongCodes });
    return { ok: false, reason: "wrong_code", triesLeft: WRONG_CODES - wrongCodes };
  }
  const resource = yield* reachable(unit, args.by, row.resourceName);
  if (resource === undefined) {
    told("browser_login.refused", { reason: "no_access" });
    return { ok: false, reason: "no_access" };
  }
  const seconds = browserTtl(resource.secrets);
  if (seconds === 0) return { ok: false, reason: "not_offered" };
  const one = args.covers === "connection" || rulesFor(resource.secrets, false).singleUse === true;
  const until = new Date(Date.parse(unit.now) + (one ? ONE_CONNECTION_MS : seconds * 1000)).toISOString();
  const secretId = newId("sec");
  yield* createSecret(unit, {
    by: args.by,
    id: secretId,
    kind: "browser",
    principal: args.by.name,
    resource: resource.name,
    proof: { clientAddress: row.clientAddress },
    expiresAt: until,
    uses: one ? 1 : undefined,
    mandate: undefined,
    ownerId: undefined,
    signInId: args.signInId,
  });
  const covered = one ? [row] : yield* waitingLike(row, unit.now);
  for (const each of covered) yield* settle(unit, each, { state: "approved", secretId });
  told("browser_login.approved", { secret: secretId, connections: covered.length, until });
  return { ok: true, connections: covered.length, until };
}

function* settle(unit: UnitContext, row: BrowserLoginRow, set: Pick<Partial<BrowserLoginRow>, "state" | "secretId">) {
  yield* update(browserLogins, { ...set, decidedAt: unit.now }, eq(browserLogins.id, row.id));
  unit.changed("browser_login", row.id);
}

/** Those that one approval can cover, the row itself among them. */
function* waitingLike(row: BrowserLoginRow, now: string): Work<BrowserLoginRow[]> {
  const where = and(
    eq(browserLogins.state, "waiting"),
    eq(browserLogins.clientAddress, row.clientAddress),
    eq(browserLogins.resourceName, row.resourceName),
    gt(browserLogins.expiresAt, now),
  );
  return yield* select(browserLogins, { where });
}

function* reachable(unit: UnitContext, by: PrincipalRef, name: string): Work<ResourceRow | undefined> {
  const principal = (yield* loadPrincipals([by.id])).get(by.id);
  const resource = yield* selectOne(resources, eq(resources.name, name));
  if (principal === undefined || principalProblem(principal) !== undefined || resource === undefined) return undefined;
  const level = highestAccess({ grants: yield* select(grants), principal, resource, now: unit.now });
  return level === undefined ? undefined : resource;
}

function* principalOf({ secretId }: BrowserLoginRow): Work<string> {
  const secret =
    secretId === null ? undefined : yield* selectOne(connectionSecrets, eq(connectionSecrets.id, secretId));
  if (secret === undefined) return "";
  return (yield* loadPrincipals([secret.principalId])).get(secret.principalId)?.row.name ?? "";
}

function stateOf(row: BrowserLoginRow, now: string): BrowserLoginStanding["state"] {
  return row.state === "waiting" && row.expiresAt <= now ? "expired" : row.state;
}

function before(now: string, milliseconds: number): string {
  return new Date(Date.parse(now) - milliseconds).toISOString();
}
