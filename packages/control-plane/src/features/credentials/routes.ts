import { BEARER_TOKEN } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { accessLevel, secretReference } from "../shapes.ts";
import { type CredentialInput, setCredential } from "./service.ts";

const username = z.string().min(1).max(128);
/** Service-account tokens have about 1 kB. */
const bearerToken = z.string().max(16_384).regex(BEARER_TOKEN, "is not a bearer token");
const pem = z.string().min(1).max(32_768);

/** Fields of the secret itself, or a reference to where it is kept. */
const credential = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("password"),
    username: username.optional(),
    password: z.string().min(1).max(4096).optional(),
    reference: secretReference.optional(),
  }),
  z.strictObject({
    type: z.literal("certificate"),
    username: username.optional(),
    certificatePem: pem.optional(),
    privateKeyPem: pem.optional(),
    reference: secretReference.optional(),
  }),
  z.strictObject({
    type: z.literal("ssh_key"),
    username: username.optional(),
    privateKeyPem: pem.optional(),
    reference: secretReference.optional(),
  }),
  z.strictObject({
    type: z.literal("token"),
    username: username.optional(),
    token: bearerToken.optional(),
    reference: secretReference.optional(),
  }),
  z.strictObject({ type: z.literal("trust"), username }),
  /** No secret: for each session a key and a certificate of it, by the authority `ssh-target`. */
  z.strictObject({ type: z.literal("ssh_certificate"), username }),
]);

/** The schema cannot say it: a secret with its username, or a reference alone. */
function toInput(body: z.output<typeof credential>): CredentialInput {
  if (body.type === "trust" || body.type === "ssh_certificate") return body;
  const { type, username, reference } = body;
  const secret = secretParts(body);
  if (reference !== undefined) {
    if (secret.some((part) => part !== undefined)) throw bad("either the secret or a reference to it");
    return { type, username, reference };
  }
  if (username === undefined) throw bad("username is missing");
  const [first, second] = secret;
  if (body.type === "password") {
    if (first === undefined) throw bad("password or reference is missing");
    return { type: "password", username, password: first };
  }
  if (body.type === "ssh_key") {
    if (first === undefined) throw bad("privateKeyPem or reference is missing");
    return { type: "ssh_key", username, privateKeyPem: first };
  }
  if (body.type === "token") {
    if (first === undefined) throw bad("token or reference is missing");
    return { type: "token", username, token: first };
  }
  if (first === undefined || second === undefined)
    throw bad("certificatePem and privateKeyPem, or reference, are missing");
  return { type: "certificate", username, certificatePem: first, privateKeyPem: second };
}

function secretParts(
  body: Exclude<z.output<typeof credential>, { type: "trust" | "ssh_certificate" }>,
): (string | undefined)[] {
  switch (body.type) {
    case "password":
      return [body.password];
    case "certificate":
      return [body.certificatePem, body.privateKeyPem];
    case "ssh_key":
      return [body.privateKeyPem];
    case "token":
      return [body.token];
  }
}

function bad(detail: string): TidewaiterError {
  return new TidewaiterError("bad_request", `body: ${detail}`);
}

const path = z.object({ name: z.string().min(1).max(200), level: accessLevel });

export function credentialRoutes(services: Services): Route[] {
  return [
    route({
      method: "PUT",
      url: "/v1/resources/:name/credentials/:level",
      summary:
        "Set the credential of an access level, sealed and never shown again, or a reference to where it is kept",
      access: { permission: "credentials.write" },
      params: path,
      resourceOf: ({ params }) => params.name,
      body: credential,
      bodyLimit: 128 * 1024,
      response: NOTHING,
      status: 204,
      handle: ({ params, body, caller }) =>
        setCredential(
          { ...services, targets: services.deps.protocols },
          { by: refOf(caller), resource: params.name, level: params.level },
          toInput(body),
        ),
    }),
    route({
      method: "DELETE",
      url: "/v1/resources/:name/credentials/:level",
      summary: "Remove the credential of an access level; sessions that use it end",
      access: { permission: "credentials.write" },
      params: path,
      resourceOf: ({ params }) => params.name,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) =>
        services.store.units.credentials.remove({ by: refOf(caller), resource: params.name, level: params.level }),
    }),
  ];
}
