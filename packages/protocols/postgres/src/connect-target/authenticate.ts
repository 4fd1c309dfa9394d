import { createHash, randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { decodeBackend } from "../decode-backend.ts";
import { encodePassword } from "../encode-frontend.ts";
import type { HandshakeReader } from "../handshake-reader.ts";
import { type AuthenticationRequest, BACKEND, type BackendMessage, HANDSHAKE } from "../messages.ts";
import { tlsServerEndPoint } from "../scram/channel-binding.ts";
import { ScramClient } from "../scram/client.ts";
import { ScramError } from "../scram/scram-error.ts";
import type { ConnectTargetOptions } from "./options.ts";
import { serverError } from "./server-error.ts";
import { TargetConnectError } from "./target-connect-error.ts";

/** Longer than any authentication message or startup error of a real server. */
const MAX_LENGTH = 64 * 1024;
/** A server that never comes to an end (GSS continues, notices) is cut off. */
const MAX_ROUNDS = 64;
const NONCE_BYTES = 18;

type Authentication = Extract<BackendMessage, { name: "Authentication" }>;

/**
 * Answers the target's authentication requests until AuthenticationOk.
 * @throws TargetConnectError `auth_failed`, `auth_unsupported`, `server_error`, `protocol`
 */
export async function authenticate(
  reader: HandshakeReader,
  tls: TLSSocket | undefined,
  options: ConnectTargetOptions,
): Promise<void> {
  const request = await nextRequest(reader, false);
  switch (request.request) {
    case "ok":
      return;
    case "cleartext":
      if (tls === undefined && options.allowCleartext !== true) {
        throw new TargetConnectError("auth_unsupported", "the server asks for a cleartext password without TLS");
      }
      sendPassword(reader, passwordOf(options));
      break;
    case "md5":
      sendPassword(reader, md5Password(passwordOf(options), options.user, request.salt));
      break;
    case "sasl":
      await exchangeScram(reader, request.mechanisms, tls, options);
      break;
    default:
      throw new TargetConnectError("auth_unsupported", `authentication method ${methodOf(request)}`);
  }
  const last = await nextRequest(reader, true);
  if (last.request !== "ok") throw new TargetConnectError("protocol", "a second authentication request");
}

/** SASLInitialResponse, SASLResponse; ends only when the server has proven that it knows the password. */
async function exchangeScram(
  reader: HandshakeReader,
  mechanisms: readonly string[],
  tls: TLSSocket | undefined,
  options: ConnectTargetOptions,
): Promise<void> {
  try {
    const nonce = randomBytes(NONCE_BYTES).toString("base64");
    const channelBinding = tls === undefined ? undefined : tlsServerEndPoint(peerCertificate(tls));
    const { keys } = options;
    const client = new ScramClient({ password: passwordOf(options), mechanisms, channelBinding, nonce, keys });
    const first = { name: "SASLInitialResponse", mechanism: client.mechanism, data: client.first() } as const;
    reader.stream.write(encodePassword(first));
    const challenge = await expectSasl(reader, "saslContinue");
    reader.stream.write(encodePassword({ name: "SASLResponse", data: await client.final(challenge) }));
    client.verify(await expectSasl(reader, "saslFinal"));
  } catch (error) {
    if (!(error instanceof ScramError)) throw error;
    const code = error.code === "unsupported" ? "auth_unsupported" : "auth_failed";
    throw new TargetConnectError(code, error.message, { cause: error });
  }
}

async function expectSasl(reader: HandshakeReader, request: "saslContinue" | "saslFinal"): Promise<Buffer> {
  const message = await nextRequest(reader, true);
  if (message.request === request && "data" in message) return message.data;
  throw new TargetConnectError("protocol", "the server left the SASL exchange");
}

/** The next Authentication message; notices and a protocol negotiation on the way are read over. */
async function nextRequest(reader: HandshakeReader, answered: boolean): Promise<Authentication> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const view = await reader.message(MAX_LENGTH);
    if (!BEFORE_READY.has(view.type))
      throw new TargetConnectError("protocol", "unexpected message during authentication");
    const message = decodeBackend(view);
    if (message.name === "Authentication") return message;
    if (message.name === "ErrorResponse") throw serverError(message.fields, answered);
  }
  throw new TargetConnectError("protocol", "too many messages during authentication");
}

const BEFORE_READY = new Set<number>([
  HANDSHAKE.Authentication,
  HANDSHAKE.NegotiateProtocolVersion,
  BACKEND.ErrorResponse,
  BACKEND.NoticeResponse,
]);

function sendPassword(reader: HandshakeReader, password: string): void {
  reader.stream.write(encodePassword({ name: "PasswordMessage", password }));
}

function passwordOf({ password }: ConnectTargetOptions): string {
  if (password === undefined) throw new TargetConnectError("auth_unsupported", "the credential has no password");
  return password;
}

/** "md5" + md5(md5(password + user) + salt), as the documentation's "AuthenticationMD5Password" says. */
function md5Password(password: string, user: string, salt: Buffer): string {
  const inner = createHash("md5").update(password).update(user).digest("hex");
  return `md5${createHash("md5").update(inner).update(salt).digest("hex")}`;
}

function peerCertificate(tls: TLSSocket): Buffer {
  return tls.getPeerX509Certificate()?.raw ?? Buffer.alloc(0);
}

function methodOf(request: AuthenticationRequest): string {
  return request.request === "unsupported" ? String(request.method) : request.request;
}
