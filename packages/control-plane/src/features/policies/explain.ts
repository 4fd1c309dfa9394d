import { type AccessLevel, type Explanation, explain } from "@tidewaiter/core";
import type { Services } from "../../services.ts";
import { requireClassifier } from "./policy-test.ts";
import { compiledPolicy, type PolicyDocuments } from "./service.ts";

export interface ExplainRequest {
  readonly sql: string;
  readonly as: string;
  readonly resource: string;
  readonly level: AccessLevel;
  readonly documents?: PolicyDocuments | undefined;
  readonly client: string;
}

/** Judges a statement as a session of that principal would. */
export async function explainStatement(
  services: Pick<Services, "store" | "deps">,
  request: ExplainRequest,
): Promise<Explanation> {
  const toOperation = requireClassifier(services);
  const policy = await compiledPolicy(services.store, request.documents);
  const principal = await services.store.units.principals.domain({ name: request.as });
  const { name, protocol, tags, enforce } = await services.store.units.resources.get({ name: request.resource });
  const operation = await toOperation(request.sql, policy);
  const context = { principal, resource: { name, protocol, tags, enforce }, level: request.level };
  return explain(policy, operation, { ...context, session: { client: request.client } });
}
