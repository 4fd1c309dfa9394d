import type { CheckAuthorization, CheckRequest } from "@tidewaiter/core";
import { and, eq } from "../../storage/drizzle.ts";
import { credentials, resources } from "../../storage/schema.ts";
import { selectOne, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { findAgent } from "../agents/store.ts";
import type { CredentialRow } from "../credentials/store.ts";
import type { ResourceRow } from "../resources/store.ts";

/** What a check of a resource needs to connect once. */
export interface Checkable {
  readonly resource: ResourceRow;
  readonly credential: CredentialRow;
  readonly agentId: string;
}

type Unreachable = Extract<CheckAuthorization, { ok: false }>;

/** What a check of a resource needs to connect once; that the credential was opened for it is audited. */
export function* findCheckable(unit: UnitContext, request: CheckRequest): Work<Checkable | Unreachable> {
  const { resourceName, level, gatewayId } = request;
  const resource = yield* selectOne(resources, eq(resources.name, resourceName));
  if (resource === undefined) return unreachable(`there is no resource ${resourceName}`);
  const ofLevel = and(eq(credentials.resourceId, resource.id), eq(credentials.level, level));
  const credential = yield* selectOne(credentials, ofLevel);
  if (credential === undefined) {
    const next = `tw credentials set ${resourceName} ${level}`;
    return unreachable(`${resourceName} has no credential for level ${level} to log in with; set one: ${next}`);
  }
  const agent = yield* findAgent(resource.agent, gatewayId);
  if (agent === undefined || !agent.online) return unreachable(`its agent ${resource.agent} is not online`);
  const data = { credential: credential.id, level, gateway: gatewayId };
  unit.audit({ type: "resource.check_started", resourceId: resource.id, data });
  return { resource, credential, agentId: agent.id };
}

function unreachable(detail: string): Unreachable {
  return { ok: false, detail };
}
