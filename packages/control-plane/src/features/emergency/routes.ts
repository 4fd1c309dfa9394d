import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { orWaits } from "../change-requests/or-waits.ts";
import { refOf } from "../principals/routes.ts";
import { makeVerifier, newConnectionSecret } from "../secrets/verifier.ts";
import { accessLevel, idPath, namePath, postgresEndpoint, thingName } from "../shapes.ts";
import { CODES, hashCode, newCode } from "./codes.ts";
import { type EmergencyUseRow, NO_TERMS } from "./store.ts";

const identity = z.object({
  name: z.string(),
  principal: z.string(),
  resource: z.string(),
  level: accessLevel,
  codesLeft: z.int(),
  createdBy: z.string(),
  createdAt: z.string(),
});

const use = z.object({
  id: z.string(),
  shortId: z.string(),
  name: z.string(),
  resourceName: z.string(),
  level: accessLevel,
  reason: z.string(),
  claimedName: z.string(),
  address: z.string(),
  usedAt: z.string(),
  expiresAt: z.string(),
  endedAt: z.string().nullable(),
  reviewDueAt: z.string(),
  overdue: z.boolean(),
  reviewedBy: z.string().nullable(),
  reviewedAt: z.string().nullable(),
  reviewComment: z.string().nullable(),
});

/** `waitsFor` is the change that a second person has to approve before the codes open anything. */
const shownCodes = z.object({
  name: z.string(),
  codes: z.array(z.string()).readonly(),
  waitsFor: z.string().optional(),
});
/** `emergency-` and the name make a principal's name. */
const identityName = thingName.refine((name) => name.length <= 40, "at most 40 characters");

const asked = z.strictObject({
  name: identityName,
  code: z.string().min(1).max(200),
  reason: z.string().trim().min(10, "at least 10 characters: it is what is reviewed").max(500),
  /** Who you are; it cannot be checked, and is told to everybody. */
  claimedName: z.string().trim().min(1).max(100),
});

export function emergencyRoutes({ store, attempts, deps, now }: Services): Route[] {
  const { emergencies, emergencyIdentities } = store.units;

  const toUse = (row: EmergencyUseRow): z.input<typeof use> => {
    return { ...row, overdue: row.reviewedAt === null && Date.parse(row.reviewDueAt) <= now() };
  };

  const makeCodes = async (by: ReturnType<typeof refOf>, name: string) => {
    const codes = Array.from({ length: CODES }, newCode);
    const { waitsFor } = await orWaits(emergencyIdentities.setCodes({ by, name, hashes: codes.map(hashCode) }));
    return { name, codes, ...(waitsFor === undefined ? {} : { waitsFor }) };
  };

  const attempt = async (body: z.output<typeof asked>, address: string, drill: boolean) => {
    attempts.check(address, "emergency");
    const { name, code, reason, claimedName } = body;
    const { salt, iterations } = (await emergencies.terms({ name })) ?? NO_TERMS;
    const secret = newConnectionSecret();
    const verifier = { id: newId("sec"), ...(await makeVerifier(secret, salt, iterations)) };
    const used = await emergencies.use({
      name,
      codeHash: hashCode(code),
      reason,
      claimedName,
      address,
      secret: verifier,
      drill,
    });
    if (!used.ok) {
      throw new TidewaiterError("unauthenticated", "name and code do not fit", {
        next: "Look at both again, or take the next code: each opens once.",
      });
    }
    attempts.succeeded(address, "emergency");
    return { ...used, secret };
  };

  return [
    route({
      method: "GET",
      url: "/v1/emergency/identities",
      summary: "List emergency identities: what each opens, and how many codes are left",
      access: { permission: "emergency.read" },
      response: z.object({ identities: z.array(identity) }),
      handle: async () => ({ identities: await emergencyIdentities.list() }),
    }),
    route({
      method: "POST",
      url: "/v1/emergency/identities",
      summary: "Make an emergency identity for one resource; its codes are shown now and never again",
      access: { permission: "emergency.write" },
      body: z.strictObject({ name: identityName, resource: thingName, level: accessLevel.default("read") }),
      response: shownCodes,
      status: 201,
      async handle({ body, caller }) {
        const by = refOf(caller);
        await emergencyIdentities.create({ by, ...body });
        return makeCodes(by, body.name);
      },
    }),
    route({
      method: "POST",
      url: "/v1/emergency/identities/:name/codes",
      summary: "Make new codes, shown now and never again; the old ones open nothing any more",
      access: { permission: "emergency.write" },
      params: namePath,
      response: shownCodes,
      status: 201,
      handle: ({ params, caller }) => makeCodes(refOf(caller), params.name),
    }),
    route({
      method: "DELETE",
      url: "/v1/emergency/identities/:name",
      summary: "Delete an emergency identity; its sessions end",
      access: { permission: "emergency.write" },
      params: namePath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => emergencyIdentities.delete({ by: refOf(caller), name: params.name }),
    }),
    route({
      method: "POST",
      url: "/v1/emergency/use",
      summary:
        "Break glass: with a code, one resource for one hour; told on every channel, to be reviewed within a day",
      access: { public: true },
      body: asked,
      response: z.object({
        shortId: z.string(),
        username: z.string(),
        secret: z.string(),
        resource: z.string(),
        level: accessLevel,
        expiresAt: z.string(),
        codesLeft: z.int(),
        problems: z.array(z.string()).readonly(),
        endpoint: postgresEndpoint,
      }),
      status: 201,
      handle: async ({ body, address }) => {
        return { ...(await attempt(body, address, false)), endpoint: deps.endpoints().postgres };
      },
    }),
    route({
      method: "POST",
      url: "/v1/emergency/drill",
      summary: "Do all that a use does, and take it back: says what would keep a session from being opened",
      access: { public: true },
      body: asked,
      response: z.object({
        ok: z.boolean(),
        resource: z.string(),
        level: accessLevel,
        problems: z.array(z.string()).readonly(),
      }),
      async handle({ body, address }) {
        const { resource, level, problems } = await attempt(body, address, true);
        await emergencies.drilled({ name: body.name, address, problems });
        return { ok: problems.length === 0, resource, level, problems };
      },
    }),
    route({
      method: "GET",
      url: "/v1/emergency/uses",
      summary: "List uses of emergency identities, or only those that nobody has reviewed",
      access: { permission: "emergency.read" },
      query: z.strictObject({ open: z.stringbool().default(false) }),
      response: z.object({ uses: z.array(use) }),
      handle: async ({ query }) => ({ uses: (await emergencies.uses(query)).map(toUse) }),
    }),
    route({
      method: "POST",
      url: "/v1/emergency/uses/:id/review",
      summary: "Say that a use was looked at, and what came of it",
      access: { permission: "emergency.review" },
      params: idPath,
      body: z.strictObject({ comment: z.string().trim().min(3).max(1000) }),
      response: use,
      handle: async ({ params, body, caller }) =>
        toUse(await emergencies.review({ by: refOf(caller), ...params, ...body })),
    }),
    route({
      method: "POST",
      url: "/v1/emergency/uses/:id/end",
      summary: "End a use before its hour is over; its sessions end",
      access: { permission: "emergency.write" },
      params: idPath,
      response: use,
      handle: async ({ params, caller }) => toUse(await emergencies.end({ by: refOf(caller), ...params })),
    }),
  ];
}
