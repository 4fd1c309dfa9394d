import type { CheckAuthorization, OpenedCredential } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import type { SessionGrantSigner } from "../../signing/session-grant.ts";
import { type OpeningParts, openTargetCredential } from "../credentials/service.ts";
import { toResource } from "../resources/store.ts";
import type { Checkable } from "./checkable.ts";

const CHECK_LEASE_MS = 60_000;

/** The grant is for a session that is not kept: it ends with its minute. */
export async function authorizeCheck(
  parts: OpeningParts & { readonly grants: SessionGrantSigner },
  gatewayId: string,
  found: Checkable,
): Promise<CheckAuthorization> {
  const { resource, credential, agentId } = found;
  const sessionId = newId("ses");
  const facts = { sessionId, agentId, gatewayId, address: resource.address };
  const sessionGrant = await parts.grants.sign(facts);
  parts.grants.forget(sessionId);
  let opened: OpenedCredential;
  try {
    const who = "resources check";
    opened = await openTargetCredential(parts, credential, { ...facts, resource: resource.name, who });
  } catch (error) {
    if (error instanceof TidewaiterError && error.code === "secret_unavailable")
      return { ok: false, detail: error.detail };
    throw error;
  }
  // What was leased for it is used once, at once.
  setTimeout(() => void parts.secretResolver.release(sessionId), CHECK_LEASE_MS).unref();
  return { ok: true, resource: toResource(resource), credential: opened, agentId, sessionGrant };
}
