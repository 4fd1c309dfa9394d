import { type Explanation, policyJsonSchema, renderExplanations, WRITTEN_TYPES, writtenShape } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { accessLevel, documentsShape, principalName, thingName } from "../shapes.ts";
import { explainOperation } from "./explain.ts";
import { testPolicy } from "./policy-test.ts";

const bundle = z.object({
  version: z.int(),
  documents: z.array(z.object({ name: z.string(), source: z.string() })).readonly(),
});

const testResult = z.object({
  ruleId: z.string(),
  document: z.string(),
  line: z.int(),
  type: z.enum(WRITTEN_TYPES),
  /** What was tested. */
  text: z.string(),
  expected: z.string(),
  actual: z.string(),
  ok: z.boolean(),
});

const ruleExplanation = z.object({
  ruleId: z.string(),
  at: z.string(),
  judgedAs: z.string(),
  state: z.string(),
  why: z.string(),
  enforce: z.string(),
  outcomes: z.array(z.string()).readonly(),
});

const explanation = z.object({
  operation: z.string(),
  verdict: z.record(z.string(), z.unknown()),
  rules: z.array(ruleExplanation).readonly(),
});

const DOCUMENTS_BYTES = 8 * 1024 * 1024;

export function policyRoutes(services: Services): Route[] {
  const { policies } = services.store.units;
  return [
    route({
      method: "GET",
      url: "/v1/policies",
      summary: "The policy in force, or an older version",
      access: { permission: "policies.read" },
      query: z.strictObject({ version: z.coerce.number().int().min(0).optional() }),
      response: bundle,
      handle: ({ query }) => policies.get(query.version === undefined ? {} : { version: query.version }),
    }),
    route({
      method: "GET",
      url: "/v1/policies/versions",
      summary: "Who applied which version when; the newest first",
      access: { permission: "policies.read" },
      response: z.object({
        versions: z.array(z.object({ version: z.int(), appliedAt: z.string(), appliedBy: z.string() })),
      }),
      handle: async () => ({ versions: await policies.versions() }),
    }),
    route({
      method: "GET",
      url: "/v1/policies/schema",
      summary: "JSON Schema of a policy document, for editors",
      access: { public: true },
      response: z.record(z.string(), z.unknown()),
      handle: async () => policyJsonSchema(),
    }),
    route({
      method: "POST",
      url: "/v1/policies/test",
      summary: "Run the tests that stand in the rules; of the policy in force, or of the given documents alone",
      access: { permission: "policies.test" },
      body: z.strictObject({ documents: documentsShape.optional() }),
      bodyLimit: DOCUMENTS_BYTES,
      response: z.object({ ok: z.boolean(), results: z.array(testResult).readonly() }),
      handle: ({ body }) => testPolicy(services, body.documents),
    }),
    route({
      method: "POST",
      url: "/v1/policies/explain",
      summary: "Which rule would decide about a statement, a command line or a request, and why",
      access: { permission: "policies.explain" },
      body: z.strictObject({
        /** Exactly one of these. */
        ...writtenShape,
        /** Default: the caller. */
        as: principalName.optional(),
        resource: thingName,
        /** Default: the lowest. */
        level: accessLevel.default("read"),
        documents: documentsShape.optional(),
      }),
      bodyLimit: DOCUMENTS_BYTES,
      response: explanation.extend({
        /** Everything that it is judged as, in order; the one above decides. */
        judged: z.array(explanation).readonly(),
        text: z.string(),
      }),
      async handle({ body, caller, can, address }) {
        const as = body.as ?? caller.name;
        // Compiling a stranger's documents is work on the loop that also moves the sessions' bytes.
        if ((as !== caller.name || body.documents !== undefined) && !can("policies.test")) {
          const what = "to explain for others, or by other documents, needs the permission policies.test";
          throw new TidewaiterError("permission_missing", what);
        }
        const { decides, all } = await explainOperation(services, { ...body, as, client: address });
        return { ...plain(decides), judged: all.map(plain), text: renderExplanations(all) };
      },
    }),
  ];
}

function plain({ operation, verdict, rules }: Explanation): z.output<typeof explanation> {
  return { operation, verdict: { ...verdict }, rules };
}
