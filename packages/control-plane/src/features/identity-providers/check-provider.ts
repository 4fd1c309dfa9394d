import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Services } from "../../services.ts";
import { ROUND_MS } from "./revalidate.ts";
import { durationMs } from "./settings.ts";
import type { ProviderRow } from "./store.ts";

/** From a decision to the end of a session: the change feed and a lease. */
const FELT_S = 5;
/** The longest answer that is waited for. */
const ANSWER_S = 20;
/** The longest life of a connection secret that was made in the last moment of a sign-in. */
const SECRET_S = 24 * 3600;

/** SAML has no way to ask. */
const NEVER_ASKED = { every: "0s", by: "none" } as const;

/** Asks the provider now, and works out the worst that somebody who left there can keep. */
export async function checkProvider({ providers, oidcClients, store, login, now }: Services, row: ProviderRow) {
  const { name, settings } = row;
  const asked =
    settings.type === "oidc"
      ? await reach(() => providers.watched(row, () => oidcClients.abilities(settings)))
      : undefined;
  const current = (await store.units.identityProviders.get({ name })) ?? row;
  const { signedIn, notAskable } = await store.units.identityChecks.counted({ provider: name });
  const { every, by } = settings.type === "oidc" ? settings.revalidate : NEVER_ASKED;
  const everySeconds = durationMs(every) / 1000;
  const askedSeconds = everySeconds + ROUND_MS / 1000 + ANSWER_S + FELT_S;
  const signInSeconds = Math.round((Date.parse(login.signInEnd()) - now()) / 1000);
  const all = by !== "none" && notAskable === 0;
  return {
    provider: name,
    issuer: settings.issuer,
    state: current.unreachableSince === null ? ("reachable" as const) : ("unreachable" as const),
    unreachableSince: current.unreachableSince,
    problem: current.problem,
    revalidation: by,
    everySeconds,
    backChannelLogout: asked?.backChannelLogout ?? false,
    signedIn,
    notAskable,
    worstCaseSeconds: all ? askedSeconds : signInSeconds + SECRET_S,
    because: all
      ? `it is asked every ${every} by ${by === "refresh" ? "refresh token" : "userinfo"}`
      : by === "none"
        ? "it is not asked: a sign-in and the secrets made with it run out by themselves"
        : `it gave no token to ask with about ${notAskable} of ${signedIn}: their sign-ins run out by themselves`,
  };
}

/** That it cannot be reached is what was to be found out, and noted by `watched`. */
async function reach<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TidewaiterError && error.code === "target_unreachable") return undefined;
    throw error;
  }
}
