import { createHmac } from "node:crypto";
import type { Duplex } from "node:stream";
import type { LiveSession, OpenedSession, Protocol, SessionHost, SqlClassification } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { tokeniseLiterals, tokenOf } from "@tidewaiter/core/recording/tokenise";
import { EMPTY_CATALOG } from "@tidewaiter/toolkit/labels/catalog";
import { acceptClient, sendAuthenticationOk } from "./accept-client/accept-client.ts";
import type { ClientLogin, ListenerTls } from "./accept-client/options.ts";
import { endQuietly, refuseClient } from "./accept-client/refusal.ts";
import { CatalogCache } from "./catalog/catalog-cache.ts";
import { loadCatalog } from "./catalog/load-catalog.ts";
import { checkResource } from "./check-target.ts";
import type { ConnectedTarget } from "./connect-target/connect-target.ts";
import { connectTarget } from "./connect-target/connect-target.ts";
import { sendCancelRequest } from "./connect-target/send-cancel-request.ts";
import { TARGET_CONNECT_ERRORS, TargetConnectError } from "./connect-target/target-connect-error.ts";
import { decodeFrontend } from "./decode-frontend.ts";
import { encodeBackend, encodeNotice } from "./encode-backend.ts";
import { encodeFrontend } from "./encode-frontend.ts";
import type { ErrorText } from "./errors.ts";
import { errorFields, fatal, SQLSTATE } from "./errors.ts";
import { createFramer } from "./framer.ts";
import { carriesSql } from "./inspector/client-messages.ts";
import type { PostgresMessage } from "./inspector/context.ts";
import { createInspector } from "./inspector/create-inspector.ts";
import { mayReportParameter } from "./inspector/scrub.ts";
import { DerivedKeyCache } from "./scram/derived-key-cache.ts";
import { CancelKeys } from "./session/cancel-keys.ts";
import { chooseResource } from "./session/choose-resource.ts";
import { startupParameters } from "./session/startup-parameters.ts";
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
}

/** Longest client or server message that is buffered whole, in bytes; longer rows that nothing changes are streamed. */
const MAX_MESSAGE = 64 * 1024 * 1024;

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
  const cancelKeys = new CancelKeys();
  const catalogs = new CatalogCache(options.classifySync);
  const keys = new DerivedKeyCache();
  return {
    name: "postgres",
    targetSchema: postgresTargetSchema,
    serve: (stream, host) => serve(stream, host, { ...options, cancelKeys, catalogs, keys }),
    check: (input) => checkResource(input, keys),
  };
}

interface Shared extends PostgresOptions {
  readonly cancelKeys: CancelKeys;
  readonly catalogs: CatalogCache;
  readonly keys: DerivedKeyCache;
}

async function serve(stream: Duplex, host: SessionHost<Duplex>, shared: Shared): Promise<void> {
  const accepted = await acceptClient(stream, {
    ...(shared.tls && { tls: shared.tls }),
    ...(shared.handshakeDeadlineMs && { deadlineMs: shared.handshakeDeadlineMs }),
    lookupVerifiers: async (user) => decodedAccount(await host.controlPlane.lookupVerifiers(user)),
    mockKey: shared.mockKey,
    signal: host.signal,
  });
  if (accepted.kind === "cancel") {
    endQuietly(accepted.stream);
    return shared.cancelKeys.cancel(accepted.processId, accepted.secretKey);
  }
  if (accepted.kind === "refused") {
    if (accepted.code === "bad_secret" || accepted.code === "bad_user") {
      await quietly(
        host.controlPlane.appendAudit({
          type: "login.refused",
          data: { protocol: "postgres", user: accepted.user ?? "", client: host.clientAddress, reason: accepted.code },
        }),
      );
    }
    return;
  }
  const opened = await open(accepted, host, shared);
  if ("refused" in opened) return refuseClient(accepted.stream, opened.refused);
  const { session, database } = opened;
  try {
    const refused = await run(accepted, session, database, shared);
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

type Opened =
  | { readonly session: LiveSession<Duplex>; readonly database: string | undefined }
  | { readonly refused: ErrorText };

async function open(login: ClientLogin, host: SessionHost<Duplex>, shared: Shared): Promise<Opened> {
  try {
    const proof =
      login.proof.kind === "secret"
        ? ({ type: "secret", principalName: login.user, secretId: login.proof.verifierId } as const)
        : ({ type: "access_token", token: login.proof.token } as const);
    const identified = await host.controlPlane.authenticate(proof);
    if (!identified.ok) return { refused: notAccepted(login, identified) };
    const choice = chooseResource(login, shared.domain);
    if (choice === undefined)
      return {
        refused: {
          code: "3D000",
          message: "no resource was named",
          hint: "Write its name as the database: dbname=RESOURCE or RESOURCE/DATABASE. tw resources list",
        },
      };
    const opened = await host.openSession({
      principalId: identified.principal.id,
      ...(identified.secretId !== undefined && { secretId: identified.secretId }),
      resourceName: choice.resourceName,
      protocol: "postgres",
      ...(login.level !== undefined && { level: login.level }),
      ...(login.parameters.get("application_name") !== undefined && {
        application: login.parameters.get("application_name") ?? "",
      }),
      detail: { database: choice.database ?? "", tls: login.tls ? "yes" : "no" },
    });
    if (!opened.ok) return { refused: notAuthorized(choice.resourceName, opened) };
    return { session: opened.session, database: choice.database };
  } catch (error) {
    return { refused: ownFailure(error) };
  }
}

async function run(
  login: ClientLogin,
  session: LiveSession<Duplex>,
  asked: string | undefined,
  shared: Shared,
): Promise<ErrorText | undefined> {
  const { resource } = session.authorized;
  const target = postgresTargetSchema.parse(resource.target);
  const database = asked ?? target.database;
  if (database !== target.database && !target.databases.includes("*") && !target.databases.includes(database)) {
    return {
      code: "3D000",
      message: `database "${database}" is not offered by ${resource.name}`,
      hint: `An administrator can list it under target.databases of ${resource.name}.`,
    };
  }
  let connected: ConnectedTarget;
  const connect = async (parameters: ReadonlyMap<string, string>): Promise<ConnectedTarget> => {
    const stream = await session.dial();
    const credential = await session.openCredential();
    return connectTarget(stream, {
      user: credential.username,
      database,
      parameters,
      ...(credential.type === "password" && { password: credential.password }),
      tls: {
        ...tlsOf(target),
        ...(credential.type === "certificate" && { cert: credential.certificatePem, key: credential.privateKeyPem }),
      },
      allowCleartext: target.allowCleartextPassword,
      keys: shared.keys,
    });
  };
  const catalogRequest = () => ({
    key: `${resource.id} ${database}`,
    labels: session.labels(),
    load: async () => {
      const own = await connect(new Map([["application_name", "tidewaiter catalog"]]));
      try {
        return await loadCatalog(own.stream);
      } finally {
        own.stream.end(encodeFrontend({ name: "Terminate" }));
      }
    },
  });
  try {
    [connected] = await Promise.all([
      connect(startupParameters(login.parameters, session.authorized)),
      shared.catalogs.fresh(catalogRequest()),
    ]);
  } catch (error) {
    return targetFailure(error, resource.name);
  }
  const catalog = () => shared.catalogs.current(catalogRequest().key) ?? EMPTY_CATALOG;
  const tokenKey = Buffer.from(session.authorized.tokenKey, "base64");
  const hmac = (text: string): string => createHmac("sha256", tokenKey).update(text).digest("hex");
  const greeting =
    session.authorized.principal.kind === "user"
      ? `this session is recorded: ${session.authorized.principal.name} (${session.authorized.level}) on ${resource.name}`
      : undefined;
  const inspector = createInspector({
    principal: session.authorized.principal,
    resource: { name: resource.name, database },
    catalog,
    evaluate: (operation) => session.evaluate(operation),
    classify: shared.classifySync,
    tokenKey,
    token: (value) => tokenOf(value, hmac),
    tokenise: (sql, literals, secrets) =>
      tokeniseLiterals(sql, [...literals, ...secrets.map((span) => ({ ...span, secret: true }))], hmac),
    reviewLink: (shortId) => session.reviewLink(shortId),
    ...(greeting !== undefined && { greeting }),
  });
  let cancel = (): void => {};
  const key = shared.cancelKeys.issue(() => cancel());
  try {
    greet(login.stream, connected, key, greeting);
    await session.relay<PostgresMessage>({
      client: login.stream,
      target: connected.stream,
      targetLeftover: connected.leftover,
      inspector,
      framers: {
        client: createFramer({ side: "frontend", maxLength: MAX_MESSAGE, wantFragments: isCopyData }),
        target: createFramer({ side: "backend", maxLength: MAX_MESSAGE, wantFragments: () => inspector.streamsRows }),
      },
      prepare: (message) => prepared(message, shared),
      cancelTarget: async () => {
        if (connected.backendKey !== undefined) await sendCancelRequest(await session.dial(), connected.backendKey);
      },
      reloadCatalog: () =>
        shared.catalogs.reload(catalogRequest()).then(
          () => true,
          () => false,
        ),
      fatal: (code) =>
        fatal(
          code === "internal"
            ? { code: SQLSTATE.internalError, message: "the gateway failed while serving this session; it is ended" }
            : { code: SQLSTATE.protocolViolation, message: "a message broke the protocol; the session is ended" },
        ),
      onStart: (interrupt) => {
        cancel = () => interrupt({ type: "cancel_request" });
      },
    });
  } finally {
    key.forget();
  }
  return undefined;
}

function isCopyData(type: number): boolean {
  return type === 0x64;
}

/** Everything between the proof and the first statement, in the order of the protocol's chapter "Start-up". */
function greet(
  client: Duplex,
  connected: ConnectedTarget,
  key: { processId: number; secretKey: Buffer },
  greeting: string | undefined,
): void {
  sendAuthenticationOk(client);
  const messages: Buffer[] = [];
  for (const [parameter, value] of connected.parameters)
    if (mayReportParameter(parameter)) messages.push(encodeBackend({ name: "ParameterStatus", parameter, value }));
  messages.push(encodeBackend({ name: "BackendKeyData", processId: key.processId, secretKey: key.secretKey }));
  for (const fields of connected.notices) messages.push(encodeNotice(fields));
  if (greeting !== undefined) messages.push(encodeNotice(errorFields("NOTICE", { code: "00000", message: greeting })));
  messages.push(encodeBackend({ name: "ReadyForQuery", status: "I" }));
  client.write(Buffer.concat(messages));
}

function prepared(message: PostgresMessage, shared: Shared): PostgresMessage | Promise<PostgresMessage> {
  if (message.kind !== "message" || !carriesSql(message.type)) return message;
  const decoded = decodeFrontend(message);
  if (decoded.name !== "Query" && decoded.name !== "Parse") return message;
  const classification = shared.classify(decoded.sql);
  if (classification instanceof Promise) return classification.then((done) => ({ ...message, classification: done }));
  return { ...message, classification };
}

function tlsOf({ tls, host }: PostgresTarget) {
  const serverName = tls.serverName ?? host;
  return {
    mode: tls.mode,
    ...(serverName !== undefined && { serverName }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
  };
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

/** Only who proved the secret learns that it expired; all others get the plain 28P01. */
function notAccepted(
  login: ClientLogin,
  { reason, expiredAt }: { readonly reason: string; readonly expiredAt?: string },
): ErrorText {
  const proven = login.proof.kind === "secret";
  if (proven && reason === "expired") {
    const minutes =
      expiredAt === undefined
        ? ""
        : ` ${Math.max(1, Math.round((Date.now() - Date.parse(expiredAt)) / 60_000))} min ago`;
    return {
      code: SQLSTATE.invalidPassword,
      message: `connection secret expired${minutes}`,
      hint: "tw connect RESOURCE   (makes a new one)",
    };
  }
  if (proven && reason === "used_up")
    return {
      code: SQLSTATE.invalidPassword,
      message: "connection secret has been used as often as it may be",
      hint: "tw connect RESOURCE   (makes a new one)",
    };
  if (proven && reason === "revoked")
    return {
      code: SQLSTATE.invalidPassword,
      message: "connection secret was revoked",
      hint: "tw connect RESOURCE   (makes a new one)",
    };
  return { code: SQLSTATE.invalidPassword, message: `password authentication failed for user "${login.user}"` };
}

function notAuthorized(resource: string, refused: Extract<OpenedSession, { ok: false }>): ErrorText {
  switch (refused.reason) {
    case "agent_offline":
      return {
        code: SQLSTATE.cannotConnect,
        message: `${resource} is out of reach: no site agent online${refused.agentName === undefined ? "" : ` for ${refused.agentName}`}${refused.agentLastSeen === undefined ? "" : ` (last seen ${refused.agentLastSeen})`}`,
        detail: "Your access is fine.",
        hint: "tw resources check",
      };
    case "resource_unknown":
      return { code: "3D000", message: `there is no resource "${resource}" for you`, hint: "tw resources list" };
    default:
      return { code: SQLSTATE.insufficientPrivilege, message: refused.detail, hint: "tw resources list" };
  }
}

function ownFailure(error: unknown): ErrorText {
  if (
    error instanceof TidewaiterError &&
    (error.code === "control_plane_lost" || error.code === "storage_unavailable")
  ) {
    return {
      code: SQLSTATE.cannotConnectNow,
      message: "the control plane is out of reach, so no session can start",
      hint: "Try again in a moment.",
    };
  }
  if (error instanceof TidewaiterError && error.code === "recording_failed") {
    return {
      code: "58030",
      message: "the session cannot be recorded, so it does not start",
      hint: "Tell an administrator: the gateway's journal cannot be written.",
    };
  }
  return { code: SQLSTATE.internalError, message: "the gateway could not start the session" };
}

function targetFailure(error: unknown, resource: string): ErrorText {
  if (error instanceof TargetConnectError) {
    const { sqlState, text } = TARGET_CONNECT_ERRORS[error.code];
    const database = error.server?.code === "3D000" ? "that database does not exist there" : text;
    return {
      code: sqlState,
      message: `${resource}: ${database}`,
      detail: "Your access is fine.",
      hint: `An administrator can look: tw resources check ${resource}`,
    };
  }
  if (error instanceof TidewaiterError && error.code === "agent_offline") {
    return {
      code: SQLSTATE.cannotConnect,
      message: `${resource} is out of reach: ${error.detail}`,
      detail: "Your access is fine.",
      hint: `tw resources check ${resource}`,
    };
  }
  if (error instanceof TidewaiterError && error.code === "target_unreachable") {
    return {
      code: SQLSTATE.cannotConnect,
      message: `${resource} is out of reach: ${error.detail}`,
      detail: "Your access is fine.",
      hint: `tw resources check ${resource}`,
    };
  }
  return ownFailure(error);
}

async function quietly(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch {
    // an audit row about a stranger's failed login must not decide over anything
  }
}
