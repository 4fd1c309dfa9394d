import type { Duplex } from "node:stream";
import type { AccessLevel, ControlPlane, Finding, Protocol } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { completeCredential } from "./agent-secret.ts";
import { dial } from "./dial.ts";
import type { TunnelHub } from "./tunnel-hub/index.ts";

export interface CheckDeps {
  readonly gatewayId: string;
  readonly controlPlane: Pick<ControlPlane, "authorizeCheck">;
  readonly protocols: readonly Protocol<unknown, Duplex>[];
  readonly hub: TunnelHub;
}

/** Connects to a resource as its credential would, without a session, and reports what was found. */
export async function checkResource(name: string, level: AccessLevel, deps: CheckDeps): Promise<readonly Finding[]> {
  const { controlPlane, gatewayId, protocols } = deps;
  const authorized = await controlPlane.authorizeCheck({ gatewayId, resourceName: name, level });
  if (!authorized.ok) return [{ severity: "problem", code: "not-reachable", message: authorized.detail }];
  const { resource, credential, agentId, sessionGrant } = authorized;
  const protocol = protocols.find((one) => one.name === resource.protocol);
  if (protocol === undefined)
    return [{ severity: "problem", code: "protocol", message: `this gateway does not speak ${resource.protocol}` }];
  try {
    return await protocol.check({
      target: resource.target,
      credential: await completeCredential(credential, agentId, deps.hub),
      dial: (address = 0) => dial({ agentId, sessionGrant, address, site: resource.agent }, deps.hub),
    });
  } catch (error) {
    return [
      {
        severity: "problem",
        code: "not-reachable",
        message:
          error instanceof TidewaiterError ? error.detail : error instanceof Error ? error.message : String(error),
      },
    ];
  }
}
