import type { Duplex } from "node:stream";
import type { LiveSession, Protocol, SessionHost, SqlClassification } from "@tidewaiter/core";
import { acceptClient } from "./accept-client/accept-client.ts";
import type { ClientRefused, ListenerTls } from "./accept-client/options.ts";
import { endQuietly, refuseClient } from "./accept-client/refusal.ts";
import { CatalogCache } from "./catalog/catalog-cache.ts";
import { checkResource } from "./check-target.ts";
import { type ErrorText, SQLSTATE } from "./errors.ts";
import { DerivedKeyCache } from "./scram/derived-key-cache.ts";
import { CancelKeys, cancelDigest } from "./session/cancel-keys.ts";
import { ConnectionCap } from "./session/connection-cap.ts";
import { ServerSettingsCache } from "./session/lineage-level.ts";
import { openSession } from "./session/open-session.ts";
import { certificateNotAccepted, tooManySessions } from "./session/refusals.ts";
import type { SharedState } from "./session/run-session.ts";
import { runSession } from "./session/run-session.ts";
import type { PostgresTarget } from "./target-schema.ts";
import { postgresTargetSchema } from "./target-schema.ts";

export interface PostgresOptions {
  readonly tls?: ListenerTls;
  /** The gateway's domain: `prod-db.gw.example` as TLS server name then chooses the resource. */
  readonly domain?: string;
  /** Secret of the installation, at least 32 bytes: makes the salts of users that do not exist. */
  readonly mockKey: Uint8Array;
  /** Inline for short statements, in a worker with a deadline for long ones. */
  readonly classify: (sql: string) => SqlClassification | Promise<SqlClassification>;
  /** Never a worker: only for short SQL inside SQL and view definitions. */
  readonly classifySync: (sql: string) => SqlClassification;
  readonly handshakeDeadlineMs?: number;
  /** Of the gateway, as `gatewayNumber` says; default 0, for one that is alone. */
  readonly gatewayNumber?: number;
}

/**
 * client          gateway                                   target
 *   | startup, TLS   |                                         |
 *   |--------------->| lookupVerifiers                         |
 *   |<--- SCRAM ---->| authenticate, openSession               |
 *   |                | dial through the agent, startup, SCRAM  |
 *   |                |---------------------------------------->|
 *   |<- AuthenticationOk, ParameterStatus, own key, Ready -----|
 *   |<=========== relay: inspector between both ==============>|
 */
export function createPostgresProtocol(options: PostgresOptions): Protocol<PostgresTarget, Duplex> {
  const cancelKeys = new CancelKeys(options.gatewayNumber ?? 0);
  const connectionCap = new ConnectionCap();
  const catalogs = new CatalogCache(options.classifySync);
  const keys = new DerivedKeyCache();
  const serverSettings = new ServerSettingsCache();
  return {
    name: "postgres",
    targetSchema: postgresTargetSchema,
    serve: (stream, host) =>
      serve(stream, host, { ...options, cancelKeys, connectionCap, catalogs, keys, serverSettings }),
    cancel: (processId, keyDigest) => cancelKeys.cancelByDigest(processId, keyDigest),
    check: (input) => checkResource(input, keys),
  };
}

type Shared = PostgresOptions & SharedState & { readonly connectionCap: ConnectionCap };

async function serve(stream: Duplex, host: SessionHost<Duplex>, shared: Shared): Promise<void> {
  const accepted = await acceptClient(stream, {
    ...(shared.tls && { tls: shared.tls }),
    ...(shared.handshakeDeadlineMs && { deadlineMs: shared.handshakeDeadlineMs }),
    lookupVerifiers: async (user) => decodedAccount(await host.controlPlane.lookupVerifiers(user)),
    authenticateCertificate: async (certificate, user) => {
      const proof = { type: "certificate", principalName: user, certificate: certificate.toString("base64") } as const;
      const result = await host.controlPlane.authenticate(proof);
      if (result.ok) return { accepted: result };
      return result.reason === "foreign" ? { foreign: true } : { refused: certificateNotAccepted(user, result) };
    },
    mockKey: shared.mockKey,
    signal: host.signal,
  });
  if (accepted.kind === "cancel") {
    // closed only afterwards, as the server does: a client waits for it, so that its next statement is not the one canceled
    const { processId, secretKey } = accepted;
    if (!(await shared.cancelKeys.cancel(processId, secretKey)))
      await quietly(host.cancelElsewhere(processId, cancelDigest(processId, secretKey)));
    return endQuietly(accepted.stream);
  }
  if (accepted.kind === "refused") {
    const reason = auditedReason(accepted);
    if (reason !== undefined) {
      const data = { protocol: "postgres", user: accepted.user ?? "", client: host.clientAddress, reason };
      await quietly(host.controlPlane.appendAudit({ type: "login.refused", data }));
    }
    return;
  }
  const opened = await openSession(accepted, host, shared.domain);
  if ("refused" in opened) {
    return opened.refused === undefined ? endQuietly(accepted.stream) : refuseClient(accepted.stream, opened.refused);
  }
  const { session, database } = opened;
  try {
    const refused = await underCap(shared.connectionCap, session, host.signal, () =>
      runSession(accepted, session, database, shared),
    );
    if (refused !== undefined) refuseClient(accepted.stream, refused);
    await session.end(refused?.message ?? "client left");
  } catch (error) {
    refuseClient(accepted.stream, {
      code: SQLSTATE.internalError,
      message: "the gateway failed while serving this session; it is ended",
    });
    await session.end(`gateway error: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A client that leaves is no failed login, unless it had nothing to show but a certificate of somebody else. */
function auditedReason({ code, foreignCertificate }: ClientRefused): string | undefined {
  if (foreignCertificate === true && (code === "client_left" || code === "bad_secret")) return "foreign_certificate";
  return code === "bad_secret" || code === "bad_user" || code === "bad_certificate" ? code : undefined;
}

/** Runs a session once its resource has room for it. */
async function underCap(
  cap: ConnectionCap,
  { authorized: { resource } }: LiveSession<Duplex>,
  signal: AbortSignal,
  run: () => Promise<ErrorText | undefined>,
): Promise<ErrorText | undefined> {
  const { maxConnections } = postgresTargetSchema.parse(resource.target);
  if (maxConnections === undefined) return run();
  const place = await cap.enter(resource.id, maxConnections, { signal });
  if (place === undefined) return tooManySessions(resource.name, maxConnections);
  try {
    return await run();
  } finally {
    place.leave();
  }
}

function decodedAccount(account: Awaited<ReturnType<SessionHost["controlPlane"]["lookupVerifiers"]>>) {
  if (account === undefined) return undefined;
  return {
    salt: Buffer.from(account.salt, "base64"),
    iterations: account.iterations,
    verifiers: account.verifiers.map(({ id, storedKey, serverKey }) => ({
      id,
      storedKey: Buffer.from(storedKey, "base64"),
      serverKey: Buffer.from(serverKey, "base64"),
    })),
  };
}

async function quietly(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch {
    // neither an audit row about a stranger's failed login nor a cancel that is not carried on may decide over anything
  }
}
