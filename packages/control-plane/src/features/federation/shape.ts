import { compileClaimRule } from "@tidewaiter/core/claims/claim-rule";
import { DURATION_PATTERN, toSeconds } from "@tidewaiter/core/policy/quantities";
import { z } from "zod";
import { scopeShape } from "../mandates/shapes.ts";
import { principalName } from "../shapes.ts";
import { DEFAULT_LIFETIME_S, MAX_LIFETIME_S } from "./federation.ts";
import { isFetchable } from "./issuer-keys.ts";

const address = z
  .string()
  .max(1000)
  .refine(isFetchable, "an https URL without user and fragment (http only to this machine)");

const condition = z.string().check((context) => {
  const compiled = compileClaimRule(context.value);
  if (compiled.ok) return;
  context.issues.push({ code: "custom", message: compiled.message, input: context.value });
});

/** Fields of a federation document, beside kind, name and state. */
export const federationShape = {
  /** As in the token, letter by letter. */
  issuer: address,
  audience: z.string().min(1).max(500),
  /** `*` stands for any run of characters. */
  subject: z.string().min(1).max(1000),
  when: condition.optional(),
  principal: principalName,
  lifetime: z
    .string()
    .regex(DURATION_PATTERN, "a duration such as 15m")
    .transform(toSeconds)
    .pipe(z.int().min(60).max(MAX_LIFETIME_S))
    .default(DEFAULT_LIFETIME_S),
  /** Where the keys are, for an issuer without discovery. */
  jwks: address.optional(),
  /** Each token once, by its `jti`. */
  singleUse: z.boolean().default(false),
  ...scopeShape,
};

/** A subject of anybody, without a condition, would let in everybody who has an account there. */
export const someSubject = {
  check: ({ subject, when }: { readonly subject: string; readonly when?: string | undefined }) =>
    when !== undefined || subject.replace(/\*/g, "").length >= 3,
  message: "subject: name more than *, or add a condition by `when`",
};
