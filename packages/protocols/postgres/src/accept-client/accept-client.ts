import type { Duplex } from "node:stream";
import { withDeadline } from "../deadline.ts";
import { encodeBackend } from "../encode-backend.ts";
import { SQLSTATE } from "../errors.ts";
import { HandshakeReader } from "../handshake-reader.ts";
import { authenticate } from "./authenticate.ts";
import { negotiate, serverNameOf, type Transport } from "./negotiate.ts";
import type { AcceptedClient, AcceptOptions, ClientRefused } from "./options.ts";
import { endQuietly, Refusal, refuseClient, toRefusal } from "./refusal.ts";
import { acceptStartup } from "./startup.ts";

const DEFAULT_DEADLINE_MS = 15_000;

/**
 * Takes a new connection up to the point where the client has proven who it is and waits for AuthenticationOk
 * (PostgreSQL documentation, "Start-up" and "SASL Authentication"). What it then may reach is the caller's business:
 * answer with `sendAuthenticationOk` or `refuseClient`.
 *
 * Never rejects. Every failure is told to the client as a FATAL ErrorResponse where it can read one, ends the stream, and
 * is returned as `refused`.
 */
export async function acceptClient(stream: Duplex, options: AcceptOptions): Promise<AcceptedClient> {
  const progress: Progress = {};
  try {
    return await withDeadline(options.deadlineMs ?? DEFAULT_DEADLINE_MS, options.signal, (signal) =>
      accept(stream, options, signal, progress),
    );
  } catch (error) {
    return refuse(stream, progress, toRefusal(error));
  }
}

/** Tells an accepted client that it is in; ParameterStatus, BackendKeyData and ReadyForQuery follow. */
export function sendAuthenticationOk(stream: Duplex): void {
  stream.write(encodeBackend({ name: "Authentication", request: "ok" }));
}

/** What is known when a handshake fails. */
interface Progress {
  transport?: Transport;
  user?: string;
  foreignCertificate?: true;
}

async function accept(
  stream: Duplex,
  options: AcceptOptions,
  signal: AbortSignal,
  progress: Progress,
): Promise<AcceptedClient> {
  const transport: Transport = { reader: new HandshakeReader(stream, signal), tls: undefined };
  progress.transport = transport;
  const packet = await negotiate(transport, requestOf(options), signal);
  if (packet.name === "CancelRequest") {
    const { processId, secretKey } = packet;
    return { kind: "cancel", stream: transport.reader.stream, processId, secretKey };
  }
  const encrypted = transport.tls !== undefined;
  if (!encrypted && options.tls?.policy === "required") throw tlsRequired();
  const startup = acceptStartup(transport.reader.stream, packet);
  progress.user = startup.written;
  const { proof, channelBinding } = await authenticate(transport, startup, options, { signal, progress });
  const serverName = serverNameOf(transport.tls);
  return {
    kind: "login",
    stream: transport.reader.stream,
    user: startup.user,
    ...(startup.level === undefined ? {} : { level: startup.level }),
    ...(startup.database === undefined ? {} : { database: startup.database }),
    ...(serverName === undefined ? {} : { serverName }),
    protocolMinor: startup.minor,
    parameters: startup.parameters,
    tls: encrypted,
    channelBinding,
    proof,
  };
}

function requestOf({ tls, authenticateCertificate }: AcceptOptions) {
  return tls === undefined ? undefined : { ...tls, requestCertificate: authenticateCertificate !== undefined };
}

function tlsRequired(): Refusal {
  return new Refusal("tls_required", {
    code: SQLSTATE.invalidAuthorization,
    message: "this port accepts encrypted connections only",
    hint: "Connect with sslmode=require or stricter.",
  });
}

function refuse(stream: Duplex, { transport, user, foreignCertificate }: Progress, refusal: Refusal): ClientRefused {
  const open = transport?.reader.stream ?? stream;
  if (refusal.text === undefined) endQuietly(open);
  else refuseClient(open, refusal.text);
  const serverName = serverNameOf(transport?.tls);
  return {
    kind: "refused",
    code: refusal.code,
    ...(refusal.text === undefined ? {} : { sqlState: refusal.text.code }),
    ...(user === undefined ? {} : { user }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(foreignCertificate === undefined ? {} : { foreignCertificate }),
    ...(refusal.cause === undefined ? {} : { cause: refusal.cause }),
  };
}
