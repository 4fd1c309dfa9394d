import { z } from "zod";
import { accessLevel, principalName, resourceTags, thingName } from "../shapes.ts";
import type { AccessRule } from "./access-rule.ts";

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const MAX_SECONDS = 90 * 86_400;

/** `90s`, `30m`, `4h`, `7d`, or whole seconds; as seconds. */
export const duration = z
  .union([z.string().regex(/^\d{1,7}[smhd]$/, "is not a duration such as 90s, 30m, 4h or 7d"), z.int().min(1)])
  .transform((value) => {
    if (typeof value === "number") return value;
    return Number(value.slice(0, -1)) * UNITS[value.at(-1) as keyof typeof UNITS];
  })
  .refine((seconds) => seconds >= 1 && seconds <= MAX_SECONDS, "at least a second, at most 90 days");

const named = (prefix: "group" | "principal", name: z.ZodString | z.ZodType<string>) =>
  z
    .string()
    .startsWith(`${prefix}:`)
    .refine((text) => name.safeParse(text.slice(prefix.length + 1)).success, `${prefix}:NAME`);

const whom = z.union([named("group", thingName), named("principal", principalName)], {
  error: 'is neither "group:NAME" nor "principal:NAME"',
});

const reviewer = z.union([whom, z.literal("manager")], {
  error: 'is neither "group:NAME", "principal:NAME" nor "manager"',
});

/** Fields of an access rule as they stand in a document or a body. */
export const accessRuleShape = {
  requesters: z.array(whom).min(1).max(100),
  resources: z.array(thingName).min(1).max(1000).optional(),
  tags: resourceTags.refine((tags) => Object.keys(tags).length > 0, "at least one tag").optional(),
  level: accessLevel.default("read"),
  maxDuration: duration,
  reviewers: z
    .strictObject({
      by: z.array(reviewer).min(1).max(10),
      count: z.union([z.int().min(1).max(10), z.literal("all")]).default(1),
      escalate: z.strictObject({ after: duration, to: z.array(whom).min(1).max(10) }).optional(),
    })
    .optional(),
  expires: duration.default(86_400),
  autoApprove: z.boolean().default(false),
};

interface RuleParts {
  readonly resources?: unknown;
  readonly tags?: unknown;
  readonly reviewers?: unknown;
  readonly autoApprove: boolean;
}

export const accessRuleChecks = [
  {
    check: (rule: RuleParts) => (rule.resources === undefined) !== (rule.tags === undefined),
    message: "name either resources or tags",
  },
  {
    check: (rule: RuleParts) => (rule.reviewers !== undefined) !== rule.autoApprove,
    message: "name reviewers, or say autoApprove: true and nobody is asked",
  },
] as const;

const parsed = z.strictObject(accessRuleShape);

/** As it is kept: durations in seconds, nobody asked where nobody is. */
export function toAccessRule(fields: z.output<typeof parsed>): AccessRule {
  const { requesters, resources, tags, level, maxDuration, reviewers, expires, autoApprove } = fields;
  const { by = [], count = 1, escalate } = reviewers ?? {};
  const then = escalate === undefined ? {} : { escalate: { afterSeconds: escalate.after, to: escalate.to } };
  const what = resources === undefined ? { tags } : { resources };
  const times = { maxSeconds: maxDuration, expiresSeconds: expires };
  return { requesters, ...what, level, ...times, reviewers: { by, count, ...then }, autoApprove };
}
