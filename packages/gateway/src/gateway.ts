import { mkdir } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { AddressInfo, Server } from "node:net";
import type { Duplex } from "node:stream";
import type { AccessLevel, ControlPlane, Finding, Protocol, SessionHost } from "@tidewaiter/core";
import { disconnectRemoved, reportAgent } from "./agents.ts";
import { checkResource } from "./check-resource.ts";
import { GrantKeys } from "./grant-keys.ts";
import { createListener } from "./listener.ts";
import { createSyncGroup, recoverJournals, systemClock } from "./recorder/index.ts";
import { BudgetLedger } from "./sessions/budget-ledger.ts";
import { CancelRouter } from "./sessions/cancel-router.ts";
import { LabelDecisions } from "./sessions/label-decisions.ts";
import { LoginDesk } from "./sessions/login-desk.ts";
import { openSession } from "./sessions/open-session.ts";
import { PolicyInForce } from "./sessions/policy-in-force.ts";
import { ReviewDesk } from "./sessions/review-desk.ts";
import { SessionRegistry } from "./sessions/session-registry.ts";
import type { TunnelHub } from "./tunnel-hub/index.ts";
import { createTunnelHub } from "./tunnel-hub/index.ts";

export interface GatewayOptions {
  readonly gatewayId: string;
  readonly controlPlane: ControlPlane;
  /** Journals of live recordings; belongs to this process alone. */
  readonly journalDirectory: string;
  /** Address of the web and API, for links in notices: `https://gw.example`. */
  readonly publicUrl: string;
  readonly protocols: readonly Protocol<unknown, Duplex>[];
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

export interface Gateway {
  readonly hub: TunnelHub;
  /** Serves a protocol on a TCP port; resolves when it listens. */
  listen(
    protocol: Protocol<unknown, Duplex>,
    address: { readonly host: string; readonly port: number },
  ): Promise<AddressInfo>;
  /** Connects to a resource as its credential would and reports what was found. */
  checkResource(name: string, level: AccessLevel): Promise<readonly Finding[]>;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every session with `reason` in its own protocol, then the tunnels. */
  close(reason: string): Promise<void>;
}

/** Starts a gateway: recovers what a killed predecessor left, then follows the control plane. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { controlPlane, logger } = options;
  await mkdir(options.journalDirectory, { recursive: true, mode: 0o700 });
  await recoverJournals({ directory: options.journalDirectory, controlPlane });
  const grantKeys = new GrantKeys(controlPlane);
  await grantKeys.load();
  const hub = createTunnelHub({
    gatewayId: options.gatewayId,
    verifyAgent: (agentId, signedBytes, signature) => controlPlane.verifyAgent(agentId, signedBytes, signature),
    grantKeys: () => ({ keys: grantKeys.current.keys }),
    grantKeysStatement: () => grantKeys.current.statement,
    onAgentChange: (change) => void reportAgent(options, change),
    logger,
  });
  const policy = new PolicyInForce(controlPlane);
  const reviewLink = (shortId: string): string => `${options.publicUrl}/r/${shortId}`;
  const reviews = new ReviewDesk(controlPlane, reviewLink);
  const logins = new LoginDesk(controlPlane, options.publicUrl);
  const labelDecisions = new LabelDecisions();
  const cancels = new CancelRouter({
    controlPlane,
    gatewayId: options.gatewayId,
    cancelHere: async (processId, keyDigest) => {
      for (const protocol of options.protocols) if (await protocol.cancel?.(processId, keyDigest)) return true;
      return false;
    },
    log: (message, fields) => logger.warn(fields, message),
  });
  const registry = new SessionRegistry({
    onCancel: (change) => cancels.changed(change),
    labelDecisions,
    onGrantKeys: () => grantKeys.rotated(hub),
    onAgent: (agentId) => disconnectRemoved(agentId, hub, controlPlane),
    controlPlane,
    gatewayId: options.gatewayId,
    policy,
    reviews,
    logins,
    log: (message, fields) => logger.warn(fields, message),
  });
  registry.follow();
  const budgets = new BudgetLedger(controlPlane);
  const stop = new AbortController();
  const servers: Server[] = [];
  const deps = {
    gatewayId: options.gatewayId,
    controlPlane,
    journalDirectory: options.journalDirectory,
    hub,
    policy,
    labelDecisions,
    reviews,
    registry,
    reviewLink,
    budgets,
    syncGroup: createSyncGroup(systemClock),
  };
  const hostFor = (clientAddress: string): SessionHost<Duplex> => ({
    controlPlane,
    clientAddress,
    signal: stop.signal,
    requestBrowserLogin: (request) =>
      logins.request({ ...request, ...splitAddress(clientAddress), gatewayId: options.gatewayId }),
    cancelElsewhere: (processId, keyDigest) => cancels.forward(clientAddress, processId, keyDigest),
    openSession: (request) => openSession(clientAddress, request, deps),
  });
  return {
    hub,
    checkResource: (name, level) => checkResource(name, level, { ...deps, protocols: options.protocols }),
    handleUpgrade: (request, socket, head) => hub.handleUpgrade(request, socket, head),
    async listen(protocol, address) {
      const server = createListener(protocol, hostFor, logger);
      servers.push(server);
      await new Promise<void>((resolve, reject) =>
        server.once("error", reject).listen(address.port, address.host, resolve),
      );
      const bound = server.address();
      if (bound === null || typeof bound === "string") throw new Error("not a TCP listener");
      return bound;
    },
    async close(reason) {
      for (const server of servers) server.close();
      grantKeys.close();
      await registry.close(reason);
      await budgets.close();
      stop.abort();
      await hub.close();
    },
  };
}

/** `192.0.2.1:5432`, `::1:5432`; an IPv4 address that came over IPv6 is still one. */
function splitAddress(text: string): { readonly clientAddress: string; readonly clientPort: number } {
  const colon = text.lastIndexOf(":");
  const clientAddress = text.slice(0, colon).replace(/^::ffff:(?=\d+\.)/, "");
  return { clientAddress, clientPort: Number(text.slice(colon + 1)) };
}
