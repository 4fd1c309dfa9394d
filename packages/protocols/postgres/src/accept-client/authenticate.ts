import { randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { abortable } from "../deadline.ts";
import { decodePassword } from "../decode-frontend.ts";
import { encodeBackend } from "../encode-backend.ts";
import { SQLSTATE } from "../errors.ts";
import type { HandshakeReader } from "../handshake-reader.ts";
import { type AuthenticationRequest, HANDSHAKE, type PasswordMessage } from "../messages.ts";
import { SCRAM_SHA_256, SCRAM_SHA_256_PLUS, type ScramMechanism } from "../scram/attributes.ts";
import { tlsServerEndPoint } from "../scram/channel-binding.ts";
import { type ScramAccount, ScramServer } from "../scram/server.ts";
import type { Transport } from "./negotiate.ts";
import type { AcceptOptions, CertificateAnswer, ClientProof } from "./options.ts";
import { Refusal } from "./refusal.ts";
import type { StartupFacts } from "./startup.ts";
import { LOGIN_USER, TOKEN_USER } from "./user-name.ts";

/** Room for a signed token with many groups. */
const MAX_PASSWORD_BYTES = 16 * 1024;
const MAX_CERTIFICATE_BYTES = 8 * 1024;
const NONCE_BYTES = 18;

export interface Authenticated {
  readonly proof: ClientProof;
  readonly channelBinding: boolean;
}

interface Under {
  readonly signal: AbortSignal;
  readonly progress: { foreignCertificate?: true };
}

/**
 * Lets the client prove who it is: a client certificate of ours or SCRAM for principals, an access token as cleartext
 * password for the user `token`, nothing yet for the user `login`.
 * @throws Refusal `bad_secret`, `bad_certificate`, `tls_required`, `lookup_failed`; ScramError; ProtocolError
 */
export async function authenticate(
  transport: Transport,
  startup: StartupFacts,
  options: AcceptOptions,
  { signal, progress }: Under,
): Promise<Authenticated> {
  if (startup.user === TOKEN_USER) return askForToken(transport, startup);
  if (startup.user === LOGIN_USER) return withoutSecret(transport);
  const answer = await certificateAnswer(transport, startup, options, signal);
  if (answer !== undefined && "refused" in answer) throw new Refusal("bad_certificate", answer.refused);
  if (answer !== undefined && "accepted" in answer) {
    return { proof: { kind: "certificate", identified: answer.accepted }, channelBinding: false };
  }
  if (answer !== undefined) progress.foreignCertificate = true;
  const account = await lookUp(options, startup.user, signal);
  return exchangeScram(transport, startup, account, options);
}

/** The link goes to whoever reads the connection, so nobody may read along. */
function withoutSecret({ tls }: Transport): Authenticated {
  if (tls !== undefined) return { proof: { kind: "none" }, channelBinding: false };
  throw new Refusal("tls_required", {
    code: SQLSTATE.invalidAuthorization,
    message: "a login by browser is offered only inside TLS",
    hint: "Connect with sslmode=require or stricter.",
  });
}

async function certificateAnswer(
  { tls }: Transport,
  { user }: StartupFacts,
  { authenticateCertificate }: AcceptOptions,
  signal: AbortSignal,
): Promise<CertificateAnswer | undefined> {
  const certificate = tls?.getPeerX509Certificate()?.raw;
  if (certificate === undefined || authenticateCertificate === undefined) return undefined;
  if (certificate.length > MAX_CERTIFICATE_BYTES) return { foreign: true };
  try {
    return await abortable(authenticateCertificate(certificate, user), signal);
  } catch (cause) {
    signal.throwIfAborted();
    const message = "client certificates cannot be checked right now";
    throw new Refusal("lookup_failed", { code: SQLSTATE.cannotConnectNow, message }, cause);
  }
}

async function askForToken({ reader, tls }: Transport, startup: StartupFacts): Promise<Authenticated> {
  if (tls === undefined) {
    throw new Refusal("tls_required", {
      code: SQLSTATE.invalidAuthorization,
      message: "an access token is accepted only inside TLS",
      hint: "Connect with sslmode=require or stricter.",
    });
  }
  ask(reader, { request: "cleartext" });
  const answer = await readPassword(reader, "PasswordMessage");
  if (answer.name !== "PasswordMessage" || answer.password === "") throw wrongSecret(startup);
  return { proof: { kind: "token", token: answer.password }, channelBinding: false };
}

async function lookUp(
  { lookupVerifiers }: AcceptOptions,
  user: string,
  signal: AbortSignal,
): Promise<ScramAccount | undefined> {
  try {
    return await abortable(lookupVerifiers(user), signal);
  } catch (cause) {
    signal.throwIfAborted();
    const message = "connection secrets cannot be checked right now";
    throw new Refusal("lookup_failed", { code: SQLSTATE.cannotConnectNow, message }, cause);
  }
}

/** AuthenticationSASL, SASLInitialResponse, SASLContinue, SASLResponse, SASLFinal. AuthenticationOk is not sent here. */
async function exchangeScram(
  { reader, tls }: Transport,
  startup: StartupFacts,
  account: ScramAccount | undefined,
  { mockKey }: AcceptOptions,
): Promise<Authenticated> {
  const channelBinding = tls === undefined ? undefined : ownEndPoint(tls);
  const mechanisms: readonly ScramMechanism[] =
    channelBinding === undefined ? [SCRAM_SHA_256] : [SCRAM_SHA_256_PLUS, SCRAM_SHA_256];
  ask(reader, { request: "sasl", mechanisms });
  const { mechanism, data } = initialResponse(await readPassword(reader, "SASLInitialResponse"));
  const nonce = randomBytes(NONCE_BYTES).toString("base64");
  const server = new ScramServer({ mechanism, user: startup.user, account, mockKey, channelBinding, nonce });
  ask(reader, { request: "saslContinue", data: Buffer.from(server.first(data)) });
  const response = await readPassword(reader, "SASLResponse");
  const proof = server.final(response.name === "SASLResponse" ? response.data : Buffer.alloc(0));
  if (!proof.ok) throw wrongSecret(startup);
  ask(reader, { request: "saslFinal", data: Buffer.from(proof.serverFinal) });
  const bound = mechanism === SCRAM_SHA_256_PLUS;
  return { proof: { kind: "secret", verifierId: proof.verifierId }, channelBinding: bound };

  function initialResponse(answer: PasswordMessage) {
    const chosen =
      answer.name === "SASLInitialResponse" ? mechanisms.find((one) => one === answer.mechanism) : undefined;
    if (answer.name !== "SASLInitialResponse" || chosen === undefined) {
      throw new ProtocolError("malformed_message", "client selected an invalid SASL authentication mechanism");
    }
    // A client-first mechanism always has initial data (RFC 4422); every PostgreSQL client sends it.
    if (answer.data === undefined) throw new ProtocolError("malformed_message", "SASL initial response is missing");
    return { mechanism: chosen, data: answer.data };
  }
}

function ask(reader: HandshakeReader, request: AuthenticationRequest): void {
  reader.stream.write(encodeBackend({ name: "Authentication", ...request }));
}

async function readPassword(reader: HandshakeReader, asked: PasswordMessage["name"]): Promise<PasswordMessage> {
  const message = await reader.message(MAX_PASSWORD_BYTES);
  if (message.type !== HANDSHAKE.Password) {
    throw new ProtocolError(
      "unexpected_message",
      `expected a password or SASL response, got message type ${message.type}`,
    );
  }
  return decodePassword(asked, message);
}

/** The certificate that this TLS connection presented, which differs by server name. */
function ownEndPoint(tls: TLSSocket): Buffer | undefined {
  const certificate = tls.getX509Certificate();
  return certificate === undefined ? undefined : tlsServerEndPoint(certificate.raw);
}

/** Word for word what PostgreSQL says, for a wrong secret and for an unknown user. */
function wrongSecret({ written }: StartupFacts): Refusal {
  const message = `password authentication failed for user "${written}"`;
  return new Refusal("bad_secret", { code: SQLSTATE.invalidPassword, message });
}
