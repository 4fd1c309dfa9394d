import { z } from "zod";
import { PREDICATE_USES } from "../operation.ts";
import { PRINCIPAL_KINDS } from "../principal.ts";
import { ACCESS_LEVELS } from "../resource.ts";
import { WRITTEN_TYPES, writtenShape } from "../written/written-operation.ts";
import { BUILTIN_CATEGORIES } from "./builtin-rules.ts";
import { PREDICATE_ACTIONS, TEST_EXPECTATIONS } from "./compiled-policy.ts";
import { DETECTOR_NAMES } from "./detector-names.ts";
import { MAX_EXPRESSION_LENGTH } from "./expression.ts";
import { MAX_PATTERN_LENGTH } from "./pattern-facts.ts";
import { DURATION_PATTERN, SIZE_PATTERN } from "./quantities.ts";

export const MAX_RULES = 2_000;
export const MAX_LABELS = 1_000;
const MAX_DETECT = 50;
const MAX_REGIONS = 20;
/** Different values are counted exactly, each kept for a window. */
export const MAX_DISTINCT = 10_000;
export const MAX_CANARIES = 1_000;
export const MAX_CANARY_VALUES = 10_000;

const glob = z.string().min(1).max(200).describe("`*` stands for any run of characters");
const globs = z.array(glob).min(1).max(1_000);
const reason = z.string().min(1).max(1_000);
const expression = z.string().min(1).max(MAX_EXPRESSION_LENGTH).describe("CEL; see the table of names");

const duration = z
  .union([
    z.string().regex(DURATION_PATTERN, "is not a duration such as 90s, 30m, 1h or 7d"),
    z
      .int()
      .min(1)
      .max(86_400 * 366),
  ])
  .describe("`90s`, `30m`, `1h`, `7d`, or seconds");

const size = z
  .union([z.string().regex(SIZE_PATTERN, "is not a size such as 500kB, 20MB or 1GiB"), z.int().min(1)])
  .describe("`500kB`, `20MB`, `1GiB`, or bytes");

const valueMask = z
  .union([
    z.enum(["constant", "null", "redact", "year", "month", "token", "email_domain"]),
    z.null(),
    z.strictObject({ last: z.int().min(1).max(64) }),
    z.strictObject({ partial: z.strictObject({ first: z.int().min(0).max(64), last: z.int().min(0).max(64) }) }),
    z.strictObject({ bucket: z.number().positive().max(1e15) }),
  ])
  .describe("how a value is replaced");

const jsonMask = z.strictObject({
  json: z
    .record(z.string(), valueMask)
    .describe("values inside of json and jsonb by path: `$.ssn`, `$.items[*].card`, `$..email`; the rest is shown"),
});

const maskSpec = z.union([...valueMask.options, jsonMask]).describe("how a value is replaced");

const reviewers = z
  .array(z.string().regex(/^(group|principal):.{1,100}$/, 'is neither "group:NAME" nor "principal:NAME"'))
  .min(1)
  .max(50);

const inTransaction = z
  .union([z.enum(["refuse", "hold"]), z.strictObject({ hold: duration })])
  .describe("inside a transaction a hold keeps locks: refuse at once, or hold at most this long (2m)");

const review = z.strictObject({
  by: reviewers.describe("any one of them may decide"),
  count: z.int().min(1).max(10).optional().describe("how many of them; 1"),
  expires: duration.optional().describe("how long the request stays open; 30m"),
});

const amountsByLabel = z.record(glob, z.int().min(1));

const budget = z.strictObject({
  window: duration,
  rows: z.int().min(1).optional(),
  bytes: size.optional(),
  cells: amountsByLabel.optional().describe("per label glob: values shown whole or in part, not NULL"),
  predicates: amountsByLabel
    .optional()
    .describe("per label glob: uses to choose rows that the predicate matrix counts; a list once per value"),
  distinct: z
    .record(glob, z.int().min(1).max(MAX_DISTINCT))
    .optional()
    .describe("per label glob: different values that it is compared with for equality"),
  errors: z.int().min(1).optional().describe("errors of the target that the client received"),
  per: z
    .enum(["principal", "resource"])
    .optional()
    .describe("one account for all resources, or one for each; principal"),
  on_exceed: z.enum(["deny", "review", "end"]).optional().describe("deny"),
});

const recording = z.strictObject({
  mode: z.enum(["strict", "durable", "bounded", "best_effort"]).optional(),
  results: z.boolean().optional().describe("keep the masked rows too"),
});

/** Exactly one of the keys of `writtenShape` is there: compileTests sees to it in words, and editors by `oneOf`. */
const test = z
  .strictObject({
    ...writtenShape,
    expect: z.enum(TEST_EXPECTATIONS),
    as: z
      .strictObject({
        kind: z.enum(PRINCIPAL_KINDS).optional(),
        name: z.string().min(1).max(63).optional(),
        groups: z.array(z.string().min(1)).optional(),
      })
      .optional()
      .describe("who; by default one that the rule's `match` selects"),
    resource: z
      .strictObject({ name: z.string().min(1).optional(), tags: z.record(z.string(), z.string()).optional() })
      .optional()
      .describe("where; by default one that the rule's `match` selects"),
    level: z
      .enum(ACCESS_LEVELS)
      .optional()
      .describe("by default the first of the rule's `match`, else the lowest that may do this at all"),
  })
  .meta({ oneOf: WRITTEN_TYPES.map((type) => ({ required: [type] })) });

const match = z.strictObject({
  resources: globs.optional().describe("names"),
  principals: globs.optional().describe("`kind:ai_agent`, `group:NAME` or a name"),
  labels: globs.optional().describe("a mask speaks of these; every other outcome needs one of them to be touched"),
  tags: z.record(z.string(), z.union([glob, globs])).optional(),
  levels: z.array(z.enum(ACCESS_LEVELS)).min(1).optional(),
});

const ruleId = z
  .string()
  .max(100)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "is not kebab-case, such as no-unbounded-write");

const rule = z.strictObject({
  id: ruleId,
  reason: reason.optional(),
  enforce: z.enum(["on", "observe"]).optional(),
  match: match.optional(),
  when: expression.optional(),
  unless: expression.optional(),
  deny: reason.optional().describe("refuses, in these words"),
  review: review.optional(),
  on_review: z.enum(["hold", "ticket"]).optional().describe("people: hold; services and AI agents: ticket"),
  in_transaction: inTransaction.optional(),
  mask: z.record(z.string(), maskSpec).optional().describe("by label glob; `default` for the others"),
  budget: budget.optional(),
  recording: recording.optional(),
  tests: z.array(test).max(1_000).optional(),
});

const matrix = z.strictObject(optionalEach(PREDICATE_USES, z.enum(PREDICATE_ACTIONS)));
const matrices = z
  .strictObject(optionalEach(PRINCIPAL_KINDS, matrix))
  .describe("what each use of a label to choose rows means");

const detect = z
  .union([
    z.enum(DETECTOR_NAMES).or(z.string().min(1).max(100)),
    z.strictObject({
      name: z.string().min(1).max(63).optional().describe("of the policy's own detector, such as employee_id"),
      pattern: z.string().min(1).max(MAX_PATTERN_LENGTH).optional().describe("RE2, with an end: {1,40} instead of +"),
      detector: z.literal("phone").optional(),
      regions: z.array(z.string()).min(1).max(MAX_REGIONS).optional().describe("whose national forms count: [US, DE]"),
    }),
  ])
  .describe("a detector's name, `{ name, pattern }` or `{ detector: phone, regions: [US] }`");

const label = z.strictObject({
  columns: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(10_000)
    .optional()
    .describe("`schema.table.column` or `table.column`, `*` allowed"),
  names: z.string().min(1).max(500).optional().describe("RE2 pattern on the column's name"),
  detect: z.array(detect).max(MAX_DETECT).optional().describe("detectors whose findings carry the label"),
  predicates: matrices.optional(),
});

const declaredFunction = z.strictObject({
  name: z
    .string()
    .max(200)
    .regex(/^[^.]+\.[^.]+$/, "is not schema.function")
    .describe("`schema.function`, `*` allowed; every overload"),
  reads: z
    .union([z.literal("none"), globs])
    .describe(
      "labels whose values its result, errors and rows may tell, whatever its body says; none: its arguments alone",
    ),
});

const canary = z.strictObject({
  id: ruleId,
  label: glob.describe("columns with a label that this matches are looked through"),
  values_sha256: z
    .array(z.string().regex(/^[0-9a-f]{64}$/i, "is not the SHA-256 of a value in hexadecimal"))
    .min(1)
    .max(MAX_CANARY_VALUES)
    .describe("printf %s VALUE | sha256sum"),
  except: globs
    .optional()
    .describe("principals that may meet it, such as a backup: `kind:service`, `group:NAME` or a name"),
  on_hit: z.enum(["end", "alert"]).optional().describe("end the session before the row is shown (end), or only tell"),
});

const defaults = z.strictObject({
  unknown_statement: z.enum(["deny", "review", "allow"]).optional(),
  unknown_lineage: z.enum(["mask", "deny"]).optional(),
  unlabelled_text: z.enum(["detect", "pass"]).optional(),
  notifications: z
    .enum(["empty", "detect"])
    .optional()
    .describe(
      "payloads of NOTIFY where a label is hidden: emptied, for triggers may put any value there; or only looked through by detectors",
    ),
  unclassified: z
    .enum(["mask", "detect"])
    .optional()
    .describe(
      "columns that appeared beside labelled ones and that nobody decided about: mask, or only look for values",
    ),
  laundering: z.enum(["deny", "review", "allow"]).optional(),
  recording: recording.optional(),
  predicates: matrices.optional(),
  builtins: z.strictObject(optionalEach(BUILTIN_CATEGORIES, z.enum(["deny", "allow"]))).optional(),
  review: z
    .strictObject({ ...review.shape, in_transaction: inTransaction.optional() })
    .optional()
    .describe("who decides where a built-in rule asks"),
});

function optionalEach<K extends string, T extends z.ZodType>(keys: readonly K[], type: T): Record<K, z.ZodOptional<T>> {
  return Object.fromEntries(keys.map((key) => [key, type.optional()])) as Record<K, z.ZodOptional<T>>;
}

export const documentSchema = z.strictObject({
  version: z.literal(1),
  labels: z.record(z.string(), label).optional(),
  classified: z
    .array(z.string().min(1).max(200))
    .max(10_000)
    .optional()
    .describe("columns known to hold nothing sensitive, as `schema.table.column`: never `unclassified`"),
  functions: z
    .array(declaredFunction)
    .max(10_000)
    .optional()
    .describe(
      "functions of databases that somebody has read; all others that are not SQL count as code that nobody knows",
    ),
  rules: z.array(rule).max(MAX_RULES).optional(),
  canaries: z.array(canary).max(MAX_CANARIES).optional().describe("planted values that nobody has a reason to read"),
  defaults: defaults.optional(),
});

export type DocumentInput = z.output<typeof documentSchema>;
export type CanaryInput = z.output<typeof canary>;
export type RuleInput = z.output<typeof rule>;
export type FunctionInput = z.output<typeof declaredFunction>;
export type LabelInput = z.output<typeof label>;
export type DetectInput = z.output<typeof detect>;
export type DefaultsInput = z.output<typeof defaults>;
export type MaskInput = z.output<typeof maskSpec>;
export type ValueMaskInput = z.output<typeof valueMask>;
export type MatrixInput = z.output<typeof matrices>;
export type ReviewInput = z.output<typeof review>;
export type InTransactionInput = z.output<typeof inTransaction>;
export type TestInput = z.output<typeof test>;

/** JSON Schema (2020-12) of one policy document, for editors and for the published API. */
export function policyJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(documentSchema, { io: "input" }), title: "Tidewaiter policy" };
}
