import type { Duplex } from "node:stream";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { DeadlineError, withDeadline } from "../deadline.ts";
import { decodeBackend } from "../decode-backend.ts";
import { encodeStartup } from "../encode-startup.ts";
import { HandshakeReader } from "../handshake-reader.ts";
import type { BackendKey, ErrorFields } from "../messages.ts";
import { authenticate } from "./authenticate.ts";
import type { ConnectTargetOptions } from "./options.ts";
import { serverError } from "./server-error.ts";
import { startTls } from "./start-tls.ts";
import { TargetConnectError } from "./target-connect-error.ts";

const DEFAULT_DEADLINE_MS = 15_000;
const MAX_LENGTH = 64 * 1024;
/** ParameterStatus and notices between AuthenticationOk and ReadyForQuery; a real server sends about 20. */
const MAX_MESSAGES = 1000;
const MAX_NOTICES = 32;

/** A session at the target, at its first ReadyForQuery. */
export interface ConnectedTarget {
  /** The stream given, or TLS over it. Paused. */
  readonly stream: Duplex;
  readonly tls: boolean;
  /** ParameterStatus values by name. */
  readonly parameters: ReadonlyMap<string, string>;
  /** For CancelRequest; undefined when the server gives none. */
  readonly backendKey: BackendKey | undefined;
  readonly notices: readonly ErrorFields[];
  /** What came behind ReadyForQuery; usually empty. Comes before everything that `stream` still yields. */
  readonly leftover: Buffer;
}

interface Session {
  readonly parameters: Map<string, string>;
  readonly notices: ErrorFields[];
  backendKey: BackendKey | undefined;
}

/**
 * Opens a session at a PostgreSQL server over a byte stream that leads to it: TLS, StartupMessage, authentication, until
 * ReadyForQuery (PostgreSQL documentation, "Start-up"). A failure destroys the stream.
 * @throws TargetConnectError, or the reason of `options.signal` when that aborts
 */
export async function connectTarget(stream: Duplex, options: ConnectTargetOptions): Promise<ConnectedTarget> {
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  try {
    return await withDeadline(deadlineMs, options.signal, (signal) => connect(stream, options, signal));
  } catch (error) {
    stream.destroy();
    throw translate(error);
  }
}

async function connect(stream: Duplex, options: ConnectTargetOptions, signal: AbortSignal): Promise<ConnectedTarget> {
  const plain = new HandshakeReader(stream, signal);
  const tls = await startTls(plain, options.tls, signal);
  const reader = tls === undefined ? plain : new HandshakeReader(tls, signal);
  reader.stream.write(startupMessage(options));
  await authenticate(reader, tls, options);
  const session = await untilReady(reader);
  return { ...session, stream: reader.stream, tls: tls !== undefined, leftover: reader.takeBuffered() };
}

function startupMessage({ user, database, parameters, protocolMinor = 0 }: ConnectTargetOptions): Buffer {
  const all = new Map(parameters ?? []);
  if (all.has("replication")) throw new TargetConnectError("protocol", "replication is not supported");
  all.delete("user");
  all.delete("database");
  const named = new Map([["user", user], ["database", database], ...all]);
  return encodeStartup({ name: "StartupMessage", major: 3, minor: protocolMinor, parameters: named });
}

async function untilReady(reader: HandshakeReader): Promise<Session> {
  const session: Session = { parameters: new Map(), notices: [], backendKey: undefined };
  for (let count = 0; count < MAX_MESSAGES; count++) {
    const message = decodeBackend(await reader.message(MAX_LENGTH));
    switch (message.name) {
      case "ReadyForQuery":
        return session;
      case "ParameterStatus":
        session.parameters.set(message.parameter, message.value);
        break;
      case "BackendKeyData":
        session.backendKey = { processId: message.processId, secretKey: message.secretKey };
        break;
      case "NoticeResponse":
        if (session.notices.length < MAX_NOTICES) session.notices.push(message.fields);
        break;
      case "ErrorResponse":
        throw serverError(message.fields, true);
      case "NegotiateProtocolVersion":
      case "NotificationResponse":
        break;
      default:
        throw new TargetConnectError("protocol", `${message.name} before the session was ready`);
    }
  }
  throw new TargetConnectError("protocol", "too many messages before the session was ready");
}

function translate(error: unknown): unknown {
  if (error instanceof DeadlineError) return new TargetConnectError("timeout", error.message);
  if (error instanceof ProtocolError) {
    const code = error.code === "unexpected_end" ? "unreachable" : "protocol";
    return new TargetConnectError(code, error.message, { cause: error });
  }
  return error;
}
