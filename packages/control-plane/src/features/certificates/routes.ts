import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { postgresEndpoint, secretLimits, thingName } from "../shapes.ts";
import { CERTIFICATE_USES } from "./authorities.ts";
import { MAX_REQUEST_LENGTH } from "./client-certificate.ts";
import { MAX_SSH_KEY_LINE } from "./ssh-certificates.ts";

const MAX_ANNOUNCE_S = 30 * 24 * 3600;

const use = z.enum(CERTIFICATE_USES);

const authority = z.object({
  id: z.string(),
  use,
  issuesFrom: z.string(),
  trustedUntil: z.string().nullable(),
  /** PEM; null for SSH. */
  certificate: z.string().nullable(),
  /** As in a .pub file; null for X.509. */
  publicKey: z.string().nullable(),
  publicJwk: z.record(z.string(), z.unknown()).readonly(),
});

export function certificateRoutes({ certificates, deps }: Services): Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/certificates",
      summary: "Issue a client certificate for PostgreSQL: for a key that stays where the request was made",
      access: { permission: "self.write" },
      body: z.strictObject({
        resource: thingName,
        /** A certificate request (PKCS #10) in PEM. */
        request: z.string().min(1).max(MAX_REQUEST_LENGTH),
        ...secretLimits,
      }),
      response: z.object({
        id: z.string(),
        username: z.string(),
        certificatePem: z.string(),
        expiresAt: z.string(),
        resource: z.string().nullable(),
        endpoint: postgresEndpoint,
      }),
      status: 201,
      async handle({ body, caller }) {
        const { id, principal, certificatePem, expiresAt, resource } = await certificates.issue(caller, body);
        return { id, username: principal, certificatePem, expiresAt, resource, endpoint: deps.endpoints().postgres };
      },
    }),
    route({
      method: "POST",
      url: "/v1/ssh-certificates",
      summary: "Issue an OpenSSH user certificate for the gateway: for a key that stays where it is",
      access: { permission: "self.write" },
      body: z.strictObject({
        resource: thingName,
        /** As in a .pub file. */
        publicKey: z.string().min(1).max(MAX_SSH_KEY_LINE),
        ...secretLimits,
      }),
      response: z.object({
        id: z.string(),
        username: z.string(),
        /** For a file beside the key: `id_ed25519-cert.pub`. */
        certificateLine: z.string(),
        expiresAt: z.string(),
        resource: z.string().nullable(),
      }),
      status: 201,
      async handle({ body, caller }) {
        const made = await certificates.issueSshUser(caller, body);
        const { id, principal: username, certificateLine, expiresAt, resource } = made;
        return { id, username, certificateLine, expiresAt, resource };
      },
    }),
    route({
      method: "GET",
      url: "/v1/certificate-authorities",
      summary: "The authorities that issue client certificates: what to trust, for which use, and until when",
      access: { permission: "self.read" },
      query: z.strictObject({ use: use.optional() }),
      response: z.object({ authorities: z.array(authority) }),
      handle: async ({ query }) => ({ authorities: await certificates.published(query.use) }),
    }),
    route({
      method: "POST",
      url: "/v1/certificate-authorities/:use/rotate",
      summary: "Give an authority a new key; what was issued under the old one stays valid until it ends",
      access: { permission: "certificate_authorities.write" },
      params: z.object({ use }),
      body: z.strictObject({
        /** When it begins to sign. Default: after a minute, of `ssh-target` after a day, in which hosts are told. */
        afterSeconds: z.int().min(0).max(MAX_ANNOUNCE_S).optional(),
      }),
      response: z.object({ id: z.string(), issuesFrom: z.string() }),
      handle: ({ params, body, caller }) => certificates.rotate(caller, params.use, body.afterSeconds),
    }),
  ];
}
