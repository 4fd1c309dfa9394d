import { BoundLabels, type CompiledPolicy, UNCLASSIFIED } from "@tidewaiter/core";
import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { compiledPolicy } from "../policies/service.ts";
import { refOf } from "../principals/routes.ts";
import { namePath } from "../shapes.ts";
import type { BoundPlace } from "./store.ts";

const MAX_COLUMNS = 10_000;
const DRIFT_SHOWN = 50;

const column = z.object({
  column: z.string(),
  labels: z.array(z.string()).readonly(),
  state: z.enum(["known", "unclassified", "accepted"]),
  /** Labels that a column of this name may deserve. */
  proposed: z.array(z.string()).readonly(),
  /** Names under which it carried labels before. */
  formerly: z.array(z.string()).readonly(),
});

const place = z.object({
  database: z.string(),
  /** Of the server, in decimal; empty where the target role may not read it. */
  systemId: z.string(),
  databaseOid: z.int(),
  revision: z.int(),
  firstSeenAt: z.string(),
  changedAt: z.string(),
  relations: z.int(),
  columns: z.array(column).readonly(),
  truncated: z.boolean(),
});

/** One difference that was found; the same stands in the audit log. */
const drift = z.object({
  at: z.string(),
  what: z.string(),
  database: z.string().optional(),
  relation: z.string().optional(),
  column: z.string().optional(),
  from: z.string().optional(),
  proposed: z.string().optional(),
  count: z.int().optional(),
});

export function labelRoutes({ store }: Services): Route[] {
  const { labels } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/resources/:name/labels",
      summary: "Which columns of a resource carry labels by the policy in force, and which nobody has decided about",
      access: { permission: "resources.read" },
      params: namePath,
      resourceOf: ({ params }) => params.name,
      response: z.object({ places: z.array(place).readonly(), drift: z.array(drift).readonly() }),
      async handle({ params }) {
        const policy = await compiledPolicy(store, undefined);
        const places = await labels.places({ resource: params.name });
        const told = await labels.drift({ resource: params.name, limit: DRIFT_SHOWN });
        return {
          places: places.map((each) => placeView(each, policy)),
          drift: told.map(({ at, what, data }) => drift.parse({ ...data, at, what })),
        };
      },
    }),
    route({
      method: "POST",
      url: "/v1/resources/:name/labels/accept",
      summary: "Declare unclassified columns harmless: from now on they are shown",
      access: { permission: "resources.write" },
      params: namePath,
      resourceOf: ({ params }) => params.name,
      body: z.strictObject({ columns: z.array(z.string().min(1).max(200)).min(1).max(100) }),
      response: z.object({ accepted: z.array(z.string()).readonly() }),
      handle: async ({ params, body, caller }) => ({
        accepted: await labels.accept({ by: refOf(caller), resource: params.name, columns: body.columns }),
      }),
    }),
  ];
}

function placeView(bound: BoundPlace, { labelMatcher }: CompiledPolicy) {
  const { database, systemId, databaseOid, revision, firstSeenAt, changedAt, relations } = bound;
  const shown = new BoundLabels(relations, labelMatcher, "mask")
    .all()
    .filter(({ labels, column: { state } }) => labels.length > 0 || state === "accepted");
  return {
    ...{ database, systemId, databaseOid, revision, firstSeenAt, changedAt },
    relations: relations.filter((relation) => relation.gone === 0).length,
    columns: shown.slice(0, MAX_COLUMNS).map(({ relation, column: { name, names = [], state }, labels }) => ({
      column: `${relation.schema}.${relation.name}.${name}`,
      labels,
      state: labels.includes(UNCLASSIFIED)
        ? ("unclassified" as const)
        : state === "accepted"
          ? state
          : ("known" as const),
      proposed: labels.includes(UNCLASSIFIED) ? labelMatcher.propose(name) : [],
      formerly: names.map((each) => `${each.schema}.${each.table}.${each.column}`),
    })),
    truncated: shown.length > MAX_COLUMNS,
  };
}
