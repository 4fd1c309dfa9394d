import { z } from "zod";
import { accessRuleChecks, accessRuleShape } from "../access-requests/shape.ts";
import { federationShape, someSubject } from "../federation/shape.ts";
import { oidcFields, samlFields } from "../identity-providers/settings.ts";
import { channelProblem, channelShapes } from "../notifications/shape.ts";
import {
  accessLevel,
  attributes,
  grantShape,
  oneResourceOrTags,
  oneSubject,
  permissions,
  principalName,
  resourceTags,
  roles,
  secretReference,
  secretRules,
  thingName,
} from "../shapes.ts";

const state = z.enum(["present", "absent"]).default("present");

/** Seconds; up to a week. */
const identityGrace = z
  .int()
  .min(0)
  .max(7 * 24 * 3600);

/** Documents are kept in version control: they say where a secret is kept, and never hold it. */
const documentedCredential = z
  .strictObject({
    type: z.enum(["password", "certificate", "ssh_key", "token", "ssh_certificate"]).default("password"),
    username: z.string().min(1).max(128).optional(),
    reference: secretReference.optional(),
  })
  .transform(({ type, username, reference }, context) => {
    if (type !== "ssh_certificate" && reference !== undefined) return { type, username, reference };
    if (type === "ssh_certificate" && username !== undefined && reference === undefined) return { type, username };
    const message = type === "ssh_certificate" ? "a username and no reference" : "a reference is missing";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

const channelDocument = { kind: z.literal("notification_channel"), name: thingName, state };

const providerName = thingName.refine((name) => name !== "local", "local is the name of what is kept here");

/** What may stand in an applied document of each kind. `type` is a principal's kind, as `kind` says what the document is. */
export const documentSchemas = {
  principal: z.strictObject({
    kind: z.literal("principal"),
    name: principalName,
    state,
    type: z.enum(["user", "service", "ai_agent"]).default("user"),
    roles: roles.optional(),
    disabled: z.boolean().optional(),
    onBehalfOf: principalName.nullable().optional(),
    attributes: attributes.optional(),
  }),
  group: z.strictObject({
    kind: z.literal("group"),
    name: thingName,
    state,
    description: z.string().max(500).optional(),
    members: z.array(principalName).max(10_000).optional(),
    roles: roles.optional(),
  }),
  resource: z.strictObject({
    kind: z.literal("resource"),
    name: thingName,
    state,
    protocol: z.string().min(1).max(30),
    tags: resourceTags.optional(),
    target: z.unknown(),
    agent: thingName,
    enforce: z.enum(["on", "observe"]).optional(),
    credentials: z.partialRecord(accessLevel, documentedCredential).optional(),
    secrets: secretRules.nullable().optional(),
    identityGraceSeconds: identityGrace.nullable().optional(),
  }),
  grant: z
    .strictObject({ kind: z.literal("grant"), name: thingName, state, ...grantShape })
    .refine(oneSubject.check, oneSubject.message)
    .refine(oneResourceOrTags.check, oneResourceOrTags.message),
  role: z.strictObject({
    kind: z.literal("role"),
    name: thingName,
    state,
    description: z.string().max(500).optional(),
    permissions,
    scope: resourceTags.default({}),
  }),
  access_rule: z
    .strictObject({ kind: z.literal("access_rule"), name: thingName, state, ...accessRuleShape })
    .refine(accessRuleChecks[0].check, accessRuleChecks[0].message)
    .refine(accessRuleChecks[1].check, accessRuleChecks[1].message),
  federation: z
    .strictObject({ kind: z.literal("federation"), name: thingName, state, ...federationShape })
    .refine(someSubject.check, someSubject.message),
  notification_channel: z
    .discriminatedUnion("type", [
      z.strictObject({ ...channelDocument, ...channelShapes.slack }),
      z.strictObject({ ...channelDocument, ...channelShapes.teams }),
      z.strictObject({ ...channelDocument, ...channelShapes.webhook }),
      z.strictObject({ ...channelDocument, ...channelShapes.email }),
    ])
    .superRefine((document, context) => {
      const problem = channelProblem(document);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    }),
  identity_provider: z.discriminatedUnion("type", [
    z.strictObject({ kind: z.literal("identity_provider"), name: providerName, state, ...oidcFields }),
    z.strictObject({ kind: z.literal("identity_provider"), name: providerName, state, ...samlFields }),
  ]),
} as const;

/** To remove something its kind and name are enough. */
export const absentSchema = z.looseObject({ name: z.string().min(1).max(200), state: z.literal("absent") });

export type DocumentKind = keyof typeof documentSchemas;

export function isDocumentKind(value: unknown): value is DocumentKind {
  return typeof value === "string" && Object.hasOwn(documentSchemas, value);
}
