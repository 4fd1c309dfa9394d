import type { Duplex } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import type { LiveSession, TargetCredential } from "@tidewaiter/core";
import type { CatalogRequest, CatalogSnapshot } from "../catalog/catalog-cache.ts";
import type { ServerIdentity } from "../catalog/identity.ts";
import { identify, sameServer } from "../catalog/identity.ts";
import { loadCatalog } from "../catalog/load-catalog.ts";
import { type ChosenTarget, chooseHost } from "../connect-target/choose-host.ts";
import { type ConnectedTarget, connectTarget } from "../connect-target/connect-target.ts";
import { proofOf } from "../connect-target/proof-of.ts";
import { TargetConnectError } from "../connect-target/target-connect-error.ts";
import { encodeFrontend } from "../encode-frontend.ts";
import type { ServerSettings } from "../lineage/server-settings.ts";
import { readServerSettings } from "../lineage/server-settings.ts";
import type { DerivedKeyCache } from "../scram/derived-key-cache.ts";
import { hostsOf, type PostgresTarget } from "../target-schema.ts";

/** One session's way to its database: connections to it, and what its server's catalogs say. */
export interface SessionTarget {
  connect(parameters: ReadonlyMap<string, string>): Promise<ChosenTarget>;
  /** By the labels in force now. */
  catalogRequest(): CatalogRequest;
  /** Finds out where the session's own connection leads; nobody else may use it meanwhile. */
  identify(connected: ChosenTarget): Promise<ChosenTarget>;
  /** Effective settings of the server for this role and database, asked over a connection of its own. */
  settings(): Promise<ServerSettings>;
}

export function sessionTarget(
  session: LiveSession<Duplex>,
  database: string,
  target: PostgresTarget,
  keys: DerivedKeyCache,
): SessionTarget {
  const hosts = hostsOf(target);
  const connectWith = async (
    credential: TargetCredential,
    address: number,
    parameters: ReadonlyMap<string, string>,
  ): Promise<ConnectedTarget> => {
    const proof = proofOf(credential);
    const stream = await session.dial(address);
    return connectTarget(stream, {
      user: credential.username,
      database,
      parameters,
      ...(proof.password !== undefined && { password: proof.password }),
      tls: {
        ...tlsOf(target, hosts[address]?.host),
        ...proof.tls,
      },
      allowCleartext: target.allowCleartextPassword,
      keys,
    });
  };
  /** A password may have been changed at the target and in the store where it is kept: once, the new one is tried. */
  const connectTo = async (address: number, parameters: ReadonlyMap<string, string>) => {
    const credential = await session.openCredential();
    try {
      return await connectWith(credential, address, parameters);
    } catch (error) {
      if (!(error instanceof TargetConnectError) || error.code !== "auth_failed") throw error;
      const anew = await session.openCredential({ refused: true });
      if (isDeepStrictEqual(anew, credential)) throw error;
      return connectWith(anew, address, parameters);
    }
  };
  /** Where the session is: questions about the server go there as well. */
  let chosen: number | undefined;
  const connect = async (parameters: ReadonlyMap<string, string>): Promise<ChosenTarget> => {
    const one = await chooseHost(hosts.length, target.targetSessionAttrs, (address) => connectTo(address, parameters));
    chosen = one.address;
    return one;
  };
  const ask = async <T>(question: (stream: Duplex) => Promise<T>): Promise<T> => {
    const parameters = new Map([["application_name", "tidewaiter catalog"]]);
    const own = await (chosen === undefined ? connect(parameters) : connectTo(chosen, parameters));
    try {
      return await question(own.stream);
    } finally {
      own.stream.end(encodeFrontend({ name: "Terminate" }));
    }
  };
  let server: ServerIdentity | undefined;
  /** Behind one name there may be several servers: what one says is never taken for another. */
  const here = async (stream: Duplex): Promise<ServerIdentity> => {
    const found = await identify(stream);
    server ??= found;
    if (!sameServer(found, server)) throw new Error("the name of the target leads to another server now");
    return found;
  };
  const load = (knownStamp: string | undefined): Promise<CatalogSnapshot> =>
    retried(() =>
      ask(async (stream) => {
        const found = await here(stream);
        return { server: found, rows: found.stamp === knownStamp ? undefined : await loadCatalog(stream) };
      }),
    );
  const bindings = {
    resourceId: session.authorized.resource.id,
    sessionId: session.authorized.id,
    ...session.bindings,
  };
  const { unclassified } = target;
  const key = `${session.authorized.resource.id} ${database}`;
  return {
    connect,
    catalogRequest: () => ({
      ...{ key, server, labels: session.labels(), unclassified, bindings, load },
      identify: () => ask(here),
    }),
    async identify(connected) {
      if (connected.leftover.length > 0) connected.stream.unshift(connected.leftover);
      server = await identify(connected.stream);
      return { ...connected, leftover: Buffer.alloc(0) };
    },
    settings: () => ask(readServerSettings),
  };
}

/** Of several servers behind one name another dial may find the right one. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let left = 2; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

function tlsOf({ tls }: PostgresTarget, host: string | undefined) {
  const serverName = tls.serverName ?? host;
  return {
    mode: tls.mode,
    ...(serverName !== undefined && { serverName }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
  };
}
