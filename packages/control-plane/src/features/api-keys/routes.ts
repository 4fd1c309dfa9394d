import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { orWaits } from "../change-requests/or-waits.ts";
import type { Caller } from "../login/service.ts";
import { hashMandateSecret, newMandateSecret } from "../mandates/mandate.ts";
import { mandateView, scopeShape } from "../mandates/shapes.ts";
import { refOf } from "../principals/routes.ts";
import { idPath, principalName } from "../shapes.ts";

const DAY_S = 24 * 3600;
export const API_KEY_MAX_LIFE_S = 90 * DAY_S;
/** A key that is replaced stays good so long unless told otherwise. */
const OVERLAP_S = DAY_S;

const keyName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$/, "1-63 letters, digits, spaces and . _ -");
const ttlSeconds = z.int().min(60);
/** `waitsFor` is the change that a second person has to approve before the key is good for anything. */
const made = mandateView.extend({ key: z.string(), waitsFor: z.string().optional() });

export function apiKeyRoutes({ store, deps, now }: Services): Route[] {
  const { apiKeys, mandates } = store.units;
  const maxLife = deps.apiKeyMaxLifeS ?? API_KEY_MAX_LIFE_S;
  const at = (seconds: number) => new Date(now() + seconds * 1000).toISOString();
  const expiry = (seconds: number) => {
    if (seconds <= maxLife) return at(seconds);
    throw new TidewaiterError(
      "bad_request",
      `body.ttlSeconds: at most ${maxLife} (${Math.floor(maxLife / DAY_S)} days)`,
    );
  };
  return [
    route({
      method: "GET",
      url: "/v1/api-keys",
      summary: "List API keys of services and AI agents, with their last use",
      access: { permission: "api_keys.read" },
      query: z.strictObject({ all: z.stringbool().default(false) }),
      response: z.object({ keys: z.array(mandateView) }),
      handle: async ({ query }) => ({ keys: await mandates.list({ type: "api_key", dead: query.all }) }),
    }),
    route({
      method: "POST",
      url: "/v1/api-keys",
      summary: "Make an API key for a service or an AI agent: shown now and never again",
      access: { permission: "api_keys.write" },
      body: z.strictObject({ principal: principalName, name: keyName, ttlSeconds, ...scopeShape }),
      response: made,
      status: 201,
      async handle({ body, caller }) {
        requireNoMandate(caller);
        const { ttlSeconds: life, ...wanted } = body;
        const key = newMandateSecret("api_key");
        const fields = {
          id: newId("key"),
          secretHash: hashMandateSecret(key),
          expiresAt: expiry(life),
          signInId: caller.signInId,
        };
        const creating = apiKeys.create({ by: refOf(caller), key: { ...wanted, ...fields } });
        const { result, ...waits } = await orWaits(creating);
        return { ...result, ...waits, key };
      },
    }),
    route({
      method: "POST",
      url: "/v1/api-keys/:id/rotate",
      summary: "Make a successor of an API key with the same scope; the old one ends after the overlap",
      access: { permission: "api_keys.write" },
      params: idPath,
      body: z.strictObject({ ttlSeconds, overlapSeconds: z.int().min(0).default(OVERLAP_S) }),
      response: made,
      status: 201,
      async handle({ params, body, caller }) {
        requireNoMandate(caller);
        const key = newMandateSecret("api_key");
        const rotating = apiKeys.rotate({
          by: refOf(caller),
          replaces: params.id,
          id: newId("key"),
          secretHash: hashMandateSecret(key),
          expiresAt: expiry(body.ttlSeconds),
          oldEndsAt: at(body.overlapSeconds),
          signInId: caller.signInId,
        });
        const { result, ...waits } = await orWaits(rotating);
        return { ...result, ...waits, key };
      },
    }),
    route({
      method: "DELETE",
      url: "/v1/api-keys/:id",
      summary: "Revoke an API key; sessions opened with it end",
      access: { permission: "api_keys.write" },
      params: idPath,
      response: NOTHING,
      status: 204,
      async handle({ params, caller }) {
        await mandates.revoke({ by: refOf(caller), type: "api_key", id: params.id });
      },
    }),
  ];
}

/** A key that makes keys could never be taken away. */
export function requireNoMandate(caller: Caller): void {
  if (caller.mandate === undefined) return;
  throw new TidewaiterError("permission_missing", "whoever comes with a key or a delegation can make no other");
}
