import type { Duplex } from "node:stream";
import type { LiveSession } from "@tidewaiter/core";
import type { CatalogRequest } from "../catalog/catalog-cache.ts";
import { loadCatalog } from "../catalog/load-catalog.ts";
import type { ConnectedTarget } from "../connect-target/connect-target.ts";
import { connectTarget } from "../connect-target/connect-target.ts";
import { encodeFrontend } from "../encode-frontend.ts";
import type { ServerSettings } from "../lineage/server-settings.ts";
import { readServerSettings } from "../lineage/server-settings.ts";
import type { DerivedKeyCache } from "../scram/derived-key-cache.ts";
import type { PostgresTarget } from "../target-schema.ts";

/** One session's way to its database: connections to it, and what its server's catalogs say. */
export interface SessionTarget {
  connect(parameters: ReadonlyMap<string, string>): Promise<ConnectedTarget>;
  /** By the labels in force now. */
  catalogRequest(): CatalogRequest;
  /** Effective settings of the server for this role and database, asked over a connection of its own. */
  settings(): Promise<ServerSettings>;
}

export function sessionTarget(
  session: LiveSession<Duplex>,
  database: string,
  target: PostgresTarget,
  keys: DerivedKeyCache,
): SessionTarget {
  const connect = async (parameters: ReadonlyMap<string, string>): Promise<ConnectedTarget> => {
    const stream = await session.dial();
    const credential = await session.openCredential();
    return connectTarget(stream, {
      user: credential.username,
      database,
      parameters,
      ...(credential.type === "password" && { password: credential.password }),
      tls: {
        ...tlsOf(target),
        ...(credential.type === "certificate" && { cert: credential.certificatePem, key: credential.privateKeyPem }),
      },
      allowCleartext: target.allowCleartextPassword,
      keys,
    });
  };
  const ask = async <T>(question: (stream: Duplex) => Promise<T>): Promise<T> => {
    const own = await connect(new Map([["application_name", "tidewaiter catalog"]]));
    try {
      return await question(own.stream);
    } finally {
      own.stream.end(encodeFrontend({ name: "Terminate" }));
    }
  };
  const load = () => ask(loadCatalog);
  const key = `${session.authorized.resource.id} ${database}`;
  return {
    connect,
    catalogRequest: () => ({ key, labels: session.labels(), load }),
    settings: () => ask(readServerSettings),
  };
}

function tlsOf({ tls, host }: PostgresTarget) {
  const serverName = tls.serverName ?? host;
  return {
    mode: tls.mode,
    ...(serverName !== undefined && { serverName }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
  };
}
