import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { abortable } from "../deadline.ts";
import { decodeStartup, startupLength } from "../decode-startup.ts";
import { SQLSTATE } from "../errors.ts";
import { HandshakeReader, ignore, tieToStream } from "../handshake-reader.ts";
import type { StartupPacket } from "../messages.ts";
import type { ListenerTls } from "./options.ts";
import { Refusal, toRefusal } from "./refusal.ts";

const ALPN = "postgresql";
/** First byte of a TLS handshake record: a client with `sslnegotiation=direct` starts with it. */
const TLS_HANDSHAKE = 0x16;
const ACCEPT = Buffer.from("S");
const REFUSE = Buffer.from("N");
const MAX_SERVER_NAME_LENGTH = 255;

/** The way bytes travel between us and the client, which changes when TLS begins. */
export interface Transport {
  reader: HandshakeReader;
  tls: TLSSocket | undefined;
}

export interface TlsRequest extends ListenerTls {
  /** Ask for a client certificate; none is needed, and whose it is gets decided later. */
  readonly requestCertificate: boolean;
}

/** What is left when encryption is settled. */
export type LoginPacket = Extract<StartupPacket, { name: "StartupMessage" | "CancelRequest" }>;

/**
 * Settles encryption and reads the packet behind it: TLS at once or by SSLRequest, GSSENCRequest answered `N`, each at
 * most once and none inside TLS. `transport` always names the stream on which the client can be told about a failure.
 */
export async function negotiate(
  transport: Transport,
  tls: TlsRequest | undefined,
  signal: AbortSignal,
): Promise<LoginPacket> {
  if ((await transport.reader.peek()) === TLS_HANDSHAKE) await startDirectTls(transport, tls, signal);
  const possible = new Set(transport.tls === undefined ? ["SSLRequest", "GSSENCRequest"] : []);
  for (;;) {
    const packet = await readStartup(transport.reader);
    if (packet.name === "StartupMessage" || packet.name === "CancelRequest") return packet;
    if (!possible.delete(packet.name)) throw new ProtocolError("unexpected_message", `${packet.name} is out of place`);
    if (packet.name === "SSLRequest" && tls !== undefined) {
      possible.clear();
      await startRequestedTls(transport, tls, signal);
    } else {
      transport.reader.stream.write(REFUSE);
    }
  }
}

async function readStartup(reader: HandshakeReader): Promise<StartupPacket> {
  const head = await reader.read(4);
  const length = startupLength(head.readInt32BE(0));
  return decodeStartup(Buffer.concat([head, await reader.read(length - 4)]));
}

async function startRequestedTls(transport: Transport, tls: TlsRequest, signal: AbortSignal): Promise<void> {
  // Bytes sent behind SSLRequest would be read later as if they had come encrypted (CVE-2021-23214).
  if (transport.reader.buffered > 0) {
    const detail = "received unencrypted data after SSL request";
    throw new Refusal("protocol_violation", { code: SQLSTATE.protocolViolation, message: detail });
  }
  transport.reader.stream.write(ACCEPT);
  await secure(transport, tls, signal);
}

/** Direct TLS must name the protocol: else a client of another one could be tricked into talking to us. */
async function startDirectTls(transport: Transport, tls: TlsRequest | undefined, signal: AbortSignal): Promise<void> {
  if (tls === undefined) throw new Refusal("tls_failed");
  const socket = await secure(transport, tls, signal);
  if (socket.alpnProtocol !== ALPN) {
    const message = "received direct SSL connection request without ALPN protocol negotiation extension";
    throw new Refusal("protocol_violation", { code: SQLSTATE.protocolViolation, message });
  }
}

async function secure(transport: Transport, tls: TlsRequest, signal: AbortSignal): Promise<TLSSocket> {
  const raw = transport.reader.stream;
  if (raw.readableEnded || raw.destroyed) throw new Refusal("client_left");
  const socket = serverSocket(raw, tls);
  socket.on("error", ignore);
  tieToStream(socket, raw);
  const secured = new Promise<void>((resolve, reject) => {
    const fail = (cause?: unknown) => reject(new Refusal("tls_failed", undefined, cause));
    socket.once("secure", resolve);
    socket.once("error", fail);
    socket.once("close", () => fail());
    // TLS over a stream that is no socket does not notice its end during the handshake.
    for (const event of ["end", "close"]) raw.once(event, () => fail());
  });
  try {
    await abortable(secured, signal);
  } catch (error) {
    // Half a handshake leaves no stream on which anything could be said.
    socket.destroy();
    raw.destroy();
    throw error instanceof Refusal ? error : new Refusal(toRefusal(error).code);
  }
  socket.disableRenegotiation();
  transport.tls = socket;
  transport.reader = new HandshakeReader(socket, signal);
  return socket;
}

function serverSocket(stream: Duplex, { secureContext, contextFor, requestCertificate }: TlsRequest): TLSSocket {
  return new TLSSocket(stream as ConstructorParameters<typeof TLSSocket>[0], {
    isServer: true,
    secureContext,
    requestCert: requestCertificate,
    rejectUnauthorized: false,
    ALPNProtocols: [ALPN],
    SNICallback: (serverName, done) => {
      const known = serverName.length <= MAX_SERVER_NAME_LENGTH ? contextFor?.(serverName) : undefined;
      done(null, known ?? secureContext);
    },
  });
}

/** The TLS server name that the client asked for, if any. */
export function serverNameOf(tls: TLSSocket | undefined): string | undefined {
  const name: unknown = tls === undefined ? undefined : Reflect.get(tls, "servername");
  return typeof name === "string" && name !== "" && name.length <= MAX_SERVER_NAME_LENGTH
    ? name.toLowerCase()
    : undefined;
}
