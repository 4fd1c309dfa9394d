import { createHash, randomBytes, randomInt } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { DEVICE_LIFE_S, POLL_S } from "./client-sign-ins.ts";
import { hashToken } from "./refresh-tokens.ts";
import { grantedTokens } from "./routes.ts";

/** RFC 8628, section 6.1: letters that are no vowels, so that no words come of them. */
const LETTERS = "BCDFGHJKLMNPQRSTVWXZ";

/** `BCDF-GHJK`: 34 bits, for ten minutes, and few tries. */
function newUserCode(): string {
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join("");
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/** As it was typed: case and separators do not matter. */
export function hashUserCode(typed: string): string {
  return hashToken(`user code ${typed.toUpperCase().replace(/[^A-Z]/g, "")}`);
}

/** What a program calls itself: shown to a person, so one line of plain text. */
export const clientName = z
  .string()
  .max(100)
  .transform((text) => text.replace(/[^\x20-\x7E]/g, "?").trim())
  .pipe(z.string().min(1));

/** RFC 7636, section 4.1. */
const codeVerifier = z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/);

/** How command lines get their tokens once somebody has said yes in a browser. */
export function clientSignInRoutes({ login, store, deps, attempts }: Services): Route[] {
  const { clientSignIns } = store.units;
  return [
    route({
      method: "POST",
      url: "/v1/login/device",
      summary: "Begin signing in without a browser: a code for a person to type into one (RFC 8628)",
      access: { public: true },
      body: z.strictObject({ client: clientName }),
      response: z.object({
        deviceCode: z.string(),
        userCode: z.string(),
        verificationUri: z.string(),
        verificationUriComplete: z.string(),
        expiresIn: z.int(),
        interval: z.int(),
      }),
      async handle({ body, address }) {
        attempts.check(address, "device");
        const deviceCode = `twv_${randomBytes(32).toString("base64url")}`;
        const userCode = newUserCode();
        const codes = { secretHash: hashToken(deviceCode), userCodeHash: hashUserCode(userCode) };
        const started = await clientSignIns.startDevice({ ...codes, client: body.client, address });
        if (!started) throw new TidewaiterError("rate_limited", "too many are signing in at this moment");
        const verificationUri = `${deps.endpoints().web}/device`;
        const verificationUriComplete = `${verificationUri}?code=${userCode}`;
        const times = { expiresIn: DEVICE_LIFE_S, interval: POLL_S };
        return { deviceCode, userCode, verificationUri, verificationUriComplete, ...times };
      },
    }),
    route({
      method: "POST",
      url: "/v1/login/device/token",
      summary: "Ask whether the person has said yes; tokens once they have",
      access: { public: true },
      body: z.strictObject({ deviceCode: z.string().max(100) }),
      response: z.object({
        state: z.enum(["pending", "slow_down", "denied", "expired", "ready"]),
        tokens: grantedTokens.optional(),
      }),
      async handle({ body, address }) {
        const args = { secretHash: hashToken(body.deviceCode), address, signInEndsAt: login.signInEnd() };
        if (!(await clientSignIns.knows({ secretHash: args.secretHash }))) return { state: "expired" } as const;
        const result = await clientSignIns.pollDevice(args);
        if (result.state !== "ready") return { state: result.state };
        return { state: "ready", tokens: await login.issueTokens(result) } as const;
      },
    }),
    route({
      method: "POST",
      url: "/v1/login/code",
      summary: "Tokens for the code that a browser on the same machine brought (RFC 8252, RFC 7636)",
      access: { public: true },
      body: z.strictObject({ code: z.string().max(100), codeVerifier }),
      response: grantedTokens,
      async handle({ body, address }) {
        const challenge = createHash("sha256").update(body.codeVerifier).digest("base64url");
        const args = { secretHash: hashToken(body.code), challenge, address, signInEndsAt: login.signInEnd() };
        const known = await clientSignIns.knows({ secretHash: args.secretHash });
        const opened = known ? await clientSignIns.redeemCode(args) : undefined;
        if (opened === undefined) throw new TidewaiterError("unauthenticated", "the code is not valid, or was used");
        return login.issueTokens(opened);
      },
    }),
    route({
      method: "POST",
      url: "/v1/login/refresh",
      summary: "New tokens for a refresh token, which counts once: its second use ends the whole sign-in",
      access: { public: true },
      body: z.strictObject({ refreshToken: z.string().max(100) }),
      response: grantedTokens,
      handle: ({ body }) => login.refresh(body.refreshToken),
    }),
  ];
}
