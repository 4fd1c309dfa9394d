import "reflect-metadata"; // needed by @peculiar/x509 before it is loaded
import { generateKeyPairSync, type KeyObject, webcrypto } from "node:crypto";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { answer } from "../api/client.ts";
import { makePrivateDir, writePrivateFile } from "../config/private-file.ts";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { OpenedConnection, Wanted } from "./open-connection.ts";
import { addressOf, checkDatabase, checkGrant, tlsChoice } from "./open-connection.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * A key made here, which never leaves this machine, and a certificate for it. Files (0600) in the folder `certificates` of
 * the configuration: NAME.key (PKCS #8, PEM), NAME.crt, and NAME.pk8 (the key as DER, for JDBC).
 */
export async function openWithCertificate(
  context: CommandContext,
  service: string,
  wanted: Wanted,
): Promise<OpenedConnection> {
  const { resource, ttlSeconds, uses, forPrincipal } = wanted;
  if (forPrincipal !== undefined) {
    throw new CliError("usage", "a client certificate is for yourself: leave out --for");
  }
  checkDatabase(await checkGrant(context, wanted));
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const request = await certificateRequest(pair);
  const limits = { ...(ttlSeconds === undefined ? {} : { ttlSeconds }), ...(uses === undefined ? {} : { uses }) };
  const made = await answer((await context.api()).POST("/v1/certificates", { body: { resource, request, ...limits } }));
  const tls = await tlsChoice(context, made.endpoint);
  if (tls.mode === "disable") {
    throw new CliError("refused", "the gateway speaks no TLS, so a client certificate cannot be shown to it");
  }
  const dir = join(context.env.configDir, "certificates");
  await makePrivateDir(dir);
  const file = (end: string) => join(dir, `${service.replace(/[^A-Za-z0-9._-]/g, "_")}.${end}`);
  const files = { certificate: file("crt"), key: file("key"), keyDer: file("pk8") };
  await writePrivateFile(files.key, pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  await writePrivateFile(files.keyDer, pair.privateKey.export({ type: "pkcs8", format: "der" }));
  await writePrivateFile(files.certificate, made.certificatePem);
  const connection = { ...addressOf(wanted, made), proof: files, tls };
  return { connection, secretId: made.id, expiresAt: made.expiresAt };
}

/** PKCS #10; the name in it is not used. */
async function certificateRequest(pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }) {
  const keys = {
    publicKey: pair.publicKey.toCryptoKey(ALGORITHM, true, ["verify"]),
    privateKey: pair.privateKey.toCryptoKey(ALGORITHM, false, ["sign"]),
  };
  const name = [{ CN: ["tidewaiter"] }];
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    { name, keys, signingAlgorithm: ALGORITHM },
    webcrypto,
  );
  return request.toString("pem");
}
