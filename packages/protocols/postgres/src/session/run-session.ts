import { createHmac } from "node:crypto";
import type { Duplex } from "node:stream";
import type { FatalCode, LiveSession, SqlClassification } from "@tidewaiter/core";
import { tokeniseLiterals, tokenOf } from "@tidewaiter/core/recording/tokenise";
import type { ClientLogin } from "../accept-client/options.ts";
import type { CatalogCache } from "../catalog/catalog-cache.ts";
import type { ChosenTarget } from "../connect-target/choose-host.ts";
import { sendCancelRequest } from "../connect-target/send-cancel-request.ts";
import { decodeFrontend } from "../decode-frontend.ts";
import type { ErrorText } from "../errors.ts";
import { fatal, recordingLost, SQLSTATE } from "../errors.ts";
import type { Framer } from "../framer.ts";
import { createFramer } from "../framer.ts";
import { carriesSql } from "../inspector/client-messages.ts";
import type { InspectorContext, PostgresMessage } from "../inspector/context.ts";
import type { PostgresInspector } from "../inspector/create-inspector.ts";
import { createInspector } from "../inspector/create-inspector.ts";
import { BACKEND, FRONTEND } from "../messages.ts";
import type { DerivedKeyCache } from "../scram/derived-key-cache.ts";
import type { PostgresTarget } from "../target-schema.ts";
import { postgresTargetSchema } from "../target-schema.ts";
import type { CancelKeys } from "./cancel-keys.ts";
import { greet } from "./greet.ts";
import type { LineageLevel } from "./lineage-level.ts";
import { lineageLevel, type ServerSettingsCache, withLineage } from "./lineage-level.ts";
import { targetFailure } from "./refusals.ts";
import { SchemaWatch } from "./schema-watch.ts";
import { SessionCatalog } from "./session-catalog.ts";
import type { SessionTarget } from "./session-target.ts";
import { sessionTarget } from "./session-target.ts";
import { startupParameters } from "./startup-parameters.ts";

/** Longest client or server message that is buffered whole, in bytes; longer rows that nothing changes are streamed. */
const MAX_MESSAGE = 64 * 1024 * 1024;

/** What the sessions of one gateway share. */
export interface SharedState {
  readonly cancelKeys: CancelKeys;
  readonly catalogs: CatalogCache;
  readonly keys: DerivedKeyCache;
  readonly serverSettings: ServerSettingsCache;
  readonly classify: (sql: string) => SqlClassification | Promise<SqlClassification>;
  readonly classifySync: (sql: string) => SqlClassification;
}

/** From an authorised session to its end. Resolves with what to tell the client when it could not begin. */
export async function runSession(
  login: ClientLogin,
  session: LiveSession<Duplex>,
  asked: string | undefined,
  shared: SharedState,
): Promise<ErrorText | undefined> {
  const { resource } = session.authorized;
  const described = postgresTargetSchema.parse(resource.target);
  const database = asked ?? described.database;
  if (
    database !== described.database &&
    !described.databases.includes("*") &&
    !described.databases.includes(database)
  ) {
    return {
      code: "3D000",
      message: `database "${database}" is not offered by ${resource.name}`,
      hint: `An administrator can list it under target.databases of ${resource.name}.`,
    };
  }
  const target = sessionTarget(session, database, described, shared.keys);
  let connected: ChosenTarget | undefined;
  let lineage: LineageLevel | undefined;
  try {
    lineage = await levelFor(login, target, described, shared.serverSettings);
    const own = startupParameters(login.parameters, session.authorized);
    connected = await target.connect(lineage?.level === "server" ? withLineage(own, lineage) : own);
    if (session.labels().names.length > 0) connected = await target.identify(connected);
    await shared.catalogs.fresh(target.catalogRequest());
  } catch (error) {
    connected?.stream.destroy();
    return targetFailure(error, resource.name);
  }
  await inspect({ login, session, database, target, connected, shared, lineage, missing: described.lineage.missing });
  return undefined;
}

/** Undefined: no label applies, so nothing has to be followed. */
async function levelFor(
  login: ClientLogin,
  target: SessionTarget,
  { lineage }: PostgresTarget,
  cache: ServerSettingsCache,
): Promise<LineageLevel | undefined> {
  const { labels, key } = target.catalogRequest();
  if (labels.names.length === 0) return undefined;
  if (lineage.from !== "server") return { level: lineage.from, why: "target.lineage.from" };
  return lineageLevel(await cache.get(key, () => target.settings()), lineage.log, login.parameters);
}

interface Running {
  readonly login: ClientLogin;
  readonly session: LiveSession<Duplex>;
  readonly database: string;
  readonly target: SessionTarget;
  readonly connected: ChosenTarget;
  readonly shared: SharedState;
  readonly lineage: LineageLevel | undefined;
  /** What becomes of a result without the tree that is due. */
  readonly missing: PostgresTarget["lineage"]["missing"];
}

/** The ready phase, until either side ends. */
async function inspect(running: Running): Promise<void> {
  const { login, session, target, connected, shared } = running;
  const { key: database } = target.catalogRequest();
  const watch = new SchemaWatch(() => shared.catalogs.schemaChanged(database));
  const catalog = new SessionCatalog(shared.catalogs, () => target.catalogRequest(), watch);
  const context = inspectorContext(running, catalog);
  const inspector = createInspector(context);
  let cancel = async (): Promise<void> => {};
  const key = shared.cancelKeys.issue(login.protocolMinor, () => cancel());
  try {
    greet(login.stream, connected, {
      key,
      admitted: login.proof.kind === "none",
      greeting: context.greeting,
      noticeLevel: context.lineage?.from === "server" ? context.lineage.noticeLevel : undefined,
    });
    await session.relay<PostgresMessage>({
      client: login.stream,
      target: connected.stream,
      targetLeftover: connected.leftover,
      inspector,
      framers: {
        client: createFramer({ side: "frontend", maxLength: MAX_MESSAGE, wantFragments: isCopyData }),
        target: watched(
          createFramer({
            side: "backend",
            maxLength: MAX_MESSAGE,
            wantFragments: (type) => isRow(type) && inspector.streamsRows,
          }),
          watch,
        ),
      },
      prepare: (message) => prepared(message, { classify: shared.classify, catalog, watch, inspector }),
      cancelTarget: async () => {
        if (connected.backendKey !== undefined)
          await sendCancelRequest(await session.dial(connected.address), connected.backendKey);
      },
      reloadCatalog: () => catalog.reload(true),
      fatal: fatalMessage,
      onStart: (interrupt) => {
        cancel = () => interrupt({ type: "cancel_request" });
      },
    });
  } finally {
    key.forget();
    watch.ended();
  }
}

/** The watch sees every message of the target, in order, before it is acted on. */
function watched(framer: Framer, watch: SchemaWatch): Pick<Framer, "push" | "next"> {
  return {
    push: (chunk) => framer.push(chunk),
    next() {
      const message = framer.next();
      if (message !== undefined) watch.received(message);
      return message;
    },
  };
}

function inspectorContext(running: Running, catalog: SessionCatalog): InspectorContext {
  const { session, database, connected, shared, lineage } = running;
  const { resource, principal, level } = session.authorized;
  const tokenKey = Buffer.from(session.authorized.tokenKey, "base64");
  const hmac = (text: string): string => createHmac("sha256", tokenKey).update(text).digest("hex");
  return {
    principal,
    resource: { name: resource.name, database },
    catalog: () => catalog.current(),
    evaluate: (operation) => session.evaluate(operation),
    canaries: () => session.canaries(),
    needsEstimate: () => session.needsEstimate(),
    labelDetectors: () => session.labels().detectors,
    classify: shared.classifySync,
    tokenKey,
    token: (value) => tokenOf(value, hmac),
    tokenise: (sql, literals, secrets) =>
      tokeniseLiterals(sql, [...literals, ...secrets.map((span) => ({ ...span, secret: true }))], hmac),
    reviewLink: (shortId) => session.reviewLink(shortId),
    parameters: connected.parameters,
    ...(lineage?.level === "server" && {
      lineage: { from: "server", noticeLevel: lineage.noticeLevel, missing: running.missing },
    }),
    ...(lineage?.level === "view" && { lineage: { from: "view" } }),
    ...(lineage !== undefined && {
      labelsFollow: lineage.level === "server" ? "server" : `${lineage.level} (${lineage.why})`,
    }),
    ...(principal.kind === "user" && {
      greeting: `this session is recorded: ${principal.name} (${level}) on ${resource.name}`,
    }),
  };
}

function isCopyData(type: number): boolean {
  return type === FRONTEND.CopyData;
}

/** Anything else is read whole, however long: an error with a deep call stack has some 100 kB. */
function isRow(type: number): boolean {
  return type === BACKEND.DataRow || type === BACKEND.CopyData;
}

function fatalMessage(code: FatalCode, detail?: string): Buffer {
  switch (code) {
    case "recording_failed":
      return fatal(recordingLost(detail));
    case "protocol_violation":
      return fatal({ code: SQLSTATE.protocolViolation, message: "a message broke the protocol; the session is ended" });
    case "internal":
      return fatal({
        code: SQLSTATE.internalError,
        message: "the gateway failed while serving this session; it is ended",
      });
  }
}

interface Preparation {
  readonly classify: SharedState["classify"];
  readonly catalog: SessionCatalog;
  readonly watch: SchemaWatch;
  readonly inspector: PostgresInspector;
}

/**
 * Before `receive`, in order: the snapshot is brought up to date for what will be judged, at Execute anew, and statements
 * are classified; long ones are taken to a worker.
 */
function prepared(message: PostgresMessage, preparation: Preparation): PostgresMessage | Promise<PostgresMessage> {
  if (message.kind !== "message") return message;
  if (!carriesSql(message.type) && message.type !== FRONTEND.Execute) return message;
  const settled = preparation.catalog.settle(preparation.inspector);
  if (settled !== undefined) return settled.then(() => classified(message, preparation));
  return classified(message, preparation);
}

function classified(
  message: Extract<PostgresMessage, { kind: "message" }>,
  { classify, catalog, watch }: Preparation,
): PostgresMessage | Promise<PostgresMessage> {
  const ready = (named: boolean, sql: string, classification?: SqlClassification) => {
    const fresh = catalog.freshen(classification);
    if (classification?.ok === true) watch.sending(sql, classification.statements, named);
    const whole = classification === undefined ? message : { ...message, classification };
    return fresh === undefined ? whole : fresh.then(() => whole);
  };
  if (message.type === FRONTEND.Execute) return ready(false, "");
  const decoded = decodeFrontend(message);
  if (decoded.name !== "Query" && decoded.name !== "Parse") return message;
  const named = decoded.name === "Parse" && decoded.statement !== "";
  const classification = classify(decoded.sql);
  return classification instanceof Promise
    ? classification.then((known) => ready(named, decoded.sql, known))
    : ready(named, decoded.sql, classification);
}
