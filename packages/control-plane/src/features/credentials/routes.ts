import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { accessLevel } from "../shapes.ts";
import { setCredential } from "./service.ts";

const username = z.string().min(1).max(128);
const pem = z.string().min(1).max(32_768);

const credential = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("password"), username, password: z.string().min(1).max(4096) }),
  z.strictObject({ type: z.literal("certificate"), username, certificatePem: pem, privateKeyPem: pem }),
  z.strictObject({ type: z.literal("trust"), username }),
]);

const path = z.object({ name: z.string().min(1).max(200), level: accessLevel });

export function credentialRoutes(services: Services): Route[] {
  return [
    route({
      method: "PUT",
      url: "/v1/resources/:name/credentials/:level",
      summary: "Set the credential of an access level; it is sealed and never shown again",
      access: { permission: "credentials.write" },
      params: path,
      body: credential,
      bodyLimit: 128 * 1024,
      response: NOTHING,
      status: 204,
      handle: ({ params, body, caller }) =>
        setCredential(services, { by: refOf(caller), resource: params.name, level: params.level }, body),
    }),
    route({
      method: "DELETE",
      url: "/v1/resources/:name/credentials/:level",
      summary: "Remove the credential of an access level; sessions that use it end",
      access: { permission: "credentials.write" },
      params: path,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) =>
        services.store.units.credentials.remove({ by: refOf(caller), resource: params.name, level: params.level }),
    }),
  ];
}
