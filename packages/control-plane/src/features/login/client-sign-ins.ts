import { newId } from "@tidewaiter/core/ids";
import { and, eq, gt, lt } from "../../storage/drizzle.ts";
import { clientSignIns, signIns } from "../../storage/schema.ts";
import { count, insert, remove, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { openSignIn, type SignInRow, signInHolder } from "./sign-ins.ts";

type ClientRow = typeof clientSignIns.$inferSelect;

/** RFC 8628, section 3.2: how long a code may be typed, and how often it is asked for; seconds. */
export const DEVICE_LIFE_S = 600;
export const POLL_S = 5;
/** Between the browser's yes and the command line's exchange there is one redirect. */
const CODE_LIFE_MS = 60_000;
/** Anybody can begin one. */
const WAITING_IN_ALL = 5000;
const WAITING_PER_ADDRESS = 20;

interface DeviceStart {
  readonly secretHash: string;
  readonly userCodeHash: string;
  readonly client: string;
  readonly address: string;
}

export type DeviceState =
  | { readonly state: "pending" | "slow_down" | "denied" | "expired" }
  | {
      readonly state: "ready";
      readonly principalId: string;
      readonly signInId: string;
      readonly signInExpiresAt: string;
    };

/** What the page shows of who asks. */
export type AskedSignIn = Pick<ClientRow, "id" | "client" | "address" | "createdAt" | "expiresAt">;

export const clientSignInUnits = {
  /** False when too many wait. */
  startDevice: write(function* (unit, args: DeviceStart): Work<boolean> {
    yield* remove(clientSignIns, lt(clientSignIns.expiresAt, unit.now));
    const waiting = eq(clientSignIns.state, "waiting");
    const theirs = and(waiting, eq(clientSignIns.address, args.address));
    if ((yield* count(clientSignIns, waiting)) >= WAITING_IN_ALL) return false;
    if ((yield* count(clientSignIns, theirs)) >= WAITING_PER_ADDRESS) return false;
    const expiresAt = new Date(Date.parse(unit.now) + DEVICE_LIFE_S * 1000).toISOString();
    yield* insert(clientSignIns, {
      ...args,
      ...{ id: newId("csi"), kind: "device", state: "waiting", createdAt: unit.now, expiresAt },
    });
    return true;
  }),

  findDevice: read(function* (unit, args: { userCodeHash: string }): Work<AskedSignIn | undefined> {
    const row = yield* waitingDevice(unit, args.userCodeHash);
    if (row === undefined) return undefined;
    const { id, client, address, createdAt, expiresAt } = row;
    return { id, client, address, createdAt, expiresAt };
  }),

  /** The person who sees the code says yes or no. False when it is gone meanwhile. */
  decideDevice: write(function* (
    unit,
    args: { userCodeHash: string; approve: boolean; signInId: string; principalId: string },
  ): Work<boolean> {
    const row = yield* waitingDevice(unit, args.userCodeHash);
    if (row === undefined) return false;
    const state = args.approve ? "approved" : "denied";
    yield* update(clientSignIns, { state, signInId: args.signInId }, eq(clientSignIns.id, row.id));
    const data = { client: row.client, address: row.address, kind: row.kind };
    unit.audit({ type: `client_sign_in.${state}`, principalId: args.principalId, data });
    return true;
  }),

  /** The command line asks (RFC 8628, section 3.5). A yes counts once. */
  pollDevice: write(function* (
    unit,
    args: { secretHash: string; address: string; signInEndsAt: string },
  ): Work<DeviceState> {
    const row = yield* selectOne(
      clientSignIns,
      and(eq(clientSignIns.secretHash, args.secretHash), eq(clientSignIns.kind, "device")),
    );
    if (row === undefined || row.state === "used" || row.expiresAt <= unit.now) return { state: "expired" };
    if (row.state === "denied") return { state: "denied" };
    if (row.state === "waiting") {
      const early = row.polledAt !== null && Date.parse(unit.now) - Date.parse(row.polledAt) < (POLL_S - 1) * 1000;
      yield* update(clientSignIns, { polledAt: unit.now }, eq(clientSignIns.id, row.id));
      return { state: early ? "slow_down" : "pending" };
    }
    return (yield* redeem(unit, row, args)) ?? { state: "denied" };
  }),

  /** The browser's yes to a command line on the same machine: a code that its redirect brings there. */
  grantCode: write(function* (
    unit,
    args: {
      secretHash: string;
      challenge: string;
      signInId: string;
      principalId: string;
      client: string;
      address: string;
    },
  ): Work<void> {
    const { principalId, ...fields } = args;
    const expiresAt = new Date(Date.parse(unit.now) + CODE_LIFE_MS).toISOString();
    const row = { id: newId("csi"), kind: "loopback", state: "approved", createdAt: unit.now, expiresAt } as const;
    yield* insert(clientSignIns, { ...row, ...fields });
    const data = { client: args.client, address: args.address, kind: "loopback" };
    unit.audit({ type: "client_sign_in.approved", principalId, data });
  }),

  /** Is there such a code at all? Asked before anything is written, since anybody may ask. */
  knows: read(function* (_unit, args: { secretHash: string }): Work<boolean> {
    return (yield* selectOne(clientSignIns, eq(clientSignIns.secretHash, args.secretHash))) !== undefined;
  }),

  /** Undefined for whatever is no code in force with this verifier. A code is spent by its first use, right or wrong. */
  redeemCode: write(function* (
    unit,
    args: { secretHash: string; challenge: string; address: string; signInEndsAt: string },
  ): Work<Extract<DeviceState, { state: "ready" }> | undefined> {
    const row = yield* selectOne(
      clientSignIns,
      and(eq(clientSignIns.secretHash, args.secretHash), eq(clientSignIns.kind, "loopback")),
    );
    if (row === undefined || row.state !== "approved" || row.expiresAt <= unit.now) return undefined;
    if (row.challenge !== args.challenge) {
      yield* update(clientSignIns, { state: "used" }, eq(clientSignIns.id, row.id));
      return undefined;
    }
    return yield* redeem(unit, row, args);
  }),
};

function waitingDevice(unit: UnitContext, userCodeHash: string): Work<ClientRow | undefined> {
  const waiting = and(eq(clientSignIns.state, "waiting"), gt(clientSignIns.expiresAt, unit.now));
  return selectOne(clientSignIns, and(eq(clientSignIns.userCodeHash, userCodeHash), waiting));
}

/** The command line's sign-in has the proof of the browser's, takes over its touch (which counts once), and ends no later than a new one would. */
function* redeem(unit: UnitContext, row: ClientRow, args: { address: string; signInEndsAt: string }) {
  yield* update(clientSignIns, { state: "used" }, eq(clientSignIns.id, row.id));
  const { signInId } = row;
  const browser = signInId === null ? undefined : yield* selectOne(signIns, eq(signIns.id, signInId));
  if (browser === undefined) return undefined;
  const holder = yield* signInHolder(unit, browser, { principalId: browser.principalId, mandateId: null });
  if (!holder.ok) return undefined;
  yield* update(signIns, { presenceAt: null }, eq(signIns.id, browser.id));
  const opened = yield* openSignIn(unit, {
    ...proofOf(browser),
    presenceAt: browser.presenceAt,
    via: "token",
    address: args.address,
    expiresAt: args.signInEndsAt,
  });
  const { id, principalId, expiresAt } = opened;
  return { state: "ready", principalId, signInId: id, signInExpiresAt: expiresAt } as const;
}

function proofOf({ principalId, provider, identityId, providerSession, methods, authenticatedAt }: SignInRow) {
  return {
    ...{ principalId, provider, methods, authenticatedAt },
    identityId: identityId ?? undefined,
    providerSession: providerSession ?? undefined,
  };
}
