import { answer } from "../api/client.ts";
import type { Connection } from "../postgres/connection.ts";
import { tlsChoice } from "../postgres/open-connection.ts";
import { saveConnection } from "../postgres/save-connection.ts";
import type { AgentSite, ProtocolIdentity } from "./protocol-identity.ts";

/** A service for each resource that the delegation reaches, all with one secret: `psql service=prod-db`, `prod-db@write`. */
export const postgresIdentity: ProtocolIdentity = {
  protocol: "postgres",
  async prepare(site) {
    const { context, api, grants, ttlSeconds } = site;
    const { serviceFile, passFile } = context.env;
    if (grants.length === 0) return { PGSERVICEFILE: serviceFile, PGPASSFILE: passFile };
    const made = await answer(api.POST("/v1/connection-secrets", { body: { ttlSeconds } }));
    const tls = await tlsChoice(context, made.endpoint);
    const { host, port } = made.endpoint;
    for (const { service, user, database } of services(site)) {
      const connection: Connection = { host, port, database, user, proof: { secret: made.secret }, tls };
      await saveConnection(context.env, service, { connection, secretId: made.id, expiresAt: made.expiresAt });
    }
    const [only, ...more] = grants;
    const chosen = only !== undefined && more.length === 0 ? { PGSERVICE: only.resource } : {};
    return { PGSERVICEFILE: serviceFile, PGPASSFILE: passFile, ...chosen };
  },
};

function services({ grants, username }: AgentSite) {
  return grants.flatMap(({ resource, level }) => {
    const lowest = { service: resource, user: username, database: resource };
    return level === "read"
      ? [lowest]
      : [lowest, { service: `${resource}@${level}`, user: `${username}/${level}`, database: resource }];
  });
}
