import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { abortable } from "../deadline.ts";
import { encodeStartup } from "../encode-startup.ts";
import { type HandshakeReader, ignore, tieToStream } from "../handshake-reader.ts";
import type { TargetTls } from "./options.ts";
import { TargetConnectError } from "./target-connect-error.ts";

const ACCEPTED = 0x53;
const REFUSED = 0x4e;

/**
 * Asks the target for TLS as the mode says. Undefined: the session stays in clear text, by choice (`disable`) or because
 * the target has no TLS (`prefer`).
 * @throws TargetConnectError `tls_refused`, `tls_verify`, `protocol`
 */
export async function startTls(
  reader: HandshakeReader,
  tls: TargetTls,
  signal: AbortSignal,
): Promise<TLSSocket | undefined> {
  if (tls.mode === "disable") return undefined;
  reader.stream.write(encodeStartup({ name: "SSLRequest" }));
  const [answer] = await reader.read(1);
  if (answer === REFUSED && tls.mode === "prefer") return undefined;
  if (answer !== ACCEPTED) throw new TargetConnectError("tls_refused", "the server answered SSLRequest with no");
  // Bytes sent behind the answer would be read later as if they had come encrypted (CVE-2021-23222).
  if (reader.buffered > 0) throw new TargetConnectError("protocol", "unencrypted data behind the answer to SSLRequest");
  return handshake(reader.stream, tls, signal);
}

async function handshake(stream: Duplex, tls: TargetTls, signal: AbortSignal): Promise<TLSSocket> {
  const socket = connect({ socket: stream, ...connectionOptions(tls) });
  socket.on("error", ignore);
  tieToStream(socket, stream);
  const secured = new Promise<TLSSocket>((resolve, reject) => {
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", (cause) => reject(handshakeError(socket, cause)));
    const closed = () => reject(new TargetConnectError("tls_refused", "closed during the TLS handshake"));
    socket.once("close", closed);
    // TLS over a stream that is no socket does not notice its end during the handshake.
    for (const event of ["end", "close"]) stream.once(event, closed);
  });
  try {
    return await abortable(secured, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** `require` encrypts without checking who answers, unless a root is given: then it checks it, as libpq does. */
function connectionOptions({ mode, serverName, ca, cert, key }: TargetTls): ConnectionOptions {
  const verify = mode === "verify-full" || mode === "verify-ca" || (mode === "require" && ca !== undefined);
  const name = serverName ?? "";
  return {
    ALPNProtocols: ["postgresql"],
    minVersion: "TLSv1.2",
    rejectUnauthorized: verify,
    // An IP address may not be sent as server name (RFC 6066), but is what the certificate is checked against.
    ...(isIP(name) === 0 ? { servername: name } : { host: name }),
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** Node sets authorizationError before it reports a certificate that it does not trust, and for nothing else. */
function handshakeError(socket: TLSSocket, cause: Error): TargetConnectError {
  const unverified = Boolean(socket.authorizationError);
  const code = unverified ? "tls_verify" : "tls_refused";
  return new TargetConnectError(code, unverified ? cause.message : "TLS handshake failed", { cause });
}
