import { readFile } from "node:fs/promises";
import type { Server } from "node:http";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Endpoints, RunningControlPlane, StoreSettings } from "@tidewaiter/control-plane";
import { createControlPlane, createFileBlobStore } from "@tidewaiter/control-plane";
import { gatewayNumber, newId } from "@tidewaiter/core";
import type { Gateway, LocalTls } from "@tidewaiter/gateway";
import { createGateway, ensureLocalCa } from "@tidewaiter/gateway";
import { KUBERNETES_DOMAIN } from "@tidewaiter/kubernetes/accept-client/choose-resource";
import { createKubernetesProtocol } from "@tidewaiter/kubernetes/serve";
import { kubernetesTargetSchema } from "@tidewaiter/kubernetes/target-schema";
import { createPostgresProtocol } from "@tidewaiter/postgres/serve";
import { postgresTargetSchema } from "@tidewaiter/postgres/target-schema";
import { GatewayHostKey } from "@tidewaiter/ssh/gateway-host-key";
import { newHostKey } from "@tidewaiter/ssh/host-key-pair";
import { createSshProtocol } from "@tidewaiter/ssh/serve";
import { sshTargetSchema } from "@tidewaiter/ssh/target-schema";
import { loadClassifier } from "@tidewaiter/toolkit/sql/classifier";
import { createClassifierWorker, needsWorker } from "@tidewaiter/toolkit/sql/classify-in-worker";
import { installationPaths, keptText, prepareDataDir, randomHex } from "./installation.ts";
import { lockDataDir } from "./lock-data-dir.ts";
import { openSecretStores } from "./open-secret-stores.ts";
import type { Address, ServerOptions } from "./options.ts";
import { policyOperations } from "./policy-operations.ts";

export interface ServerDeps {
  readonly options: ServerOptions;
  readonly storeUrl: string | undefined;
  /** Of the first administrator; undefined = a random one, kept in a file. */
  readonly adminPassword: string | undefined;
  /** Reads a variable that a reference to a secret names. */
  readonly readVariable: (name: string) => string | undefined;
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  readonly log: { write(line: string): void };
  readonly logLevel: string;
}

export interface RunningServer {
  readonly endpoints: Endpoints;
  /** Set at the first start only: where the administrator's password was written. */
  readonly adminPasswordFile: string | undefined;
  close(reason: string): Promise<void>;
}

/** As which gateways are known to SSH clients, whatever their address. */
const GATEWAY_HOST_NAME = "tidewaiter-gateway";

/** Control plane and gateway in this process, listening. */
export async function runServer(deps: ServerDeps): Promise<RunningServer> {
  const { dataDir } = deps.options;
  const paths = installationPaths(dataDir);
  await prepareDataDir(dataDir);
  const lock = lockDataDir(dataDir, paths.lock);
  try {
    const server = await startServer(deps, paths);
    const close = (reason: string) => server.close(reason).finally(() => lock[Symbol.dispose]());
    return { ...server, close };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function startServer(deps: ServerDeps, paths: ReturnType<typeof installationPaths>): Promise<RunningServer> {
  const { options } = deps;
  const gatewayId = await keptText(paths.gatewayId, () => newId("gw"));
  const mockKey = Buffer.from(await keptText(paths.mockKey, () => randomHex(32)), "hex");
  const tls = await certificate(options, paths.tls);
  const classifier = await loadClassifier();
  const worker = createClassifierWorker();
  let endpoints: Endpoints | undefined;
  const controlPlane = await createControlPlane({
    store: storeSettings(deps.storeUrl ?? options.store, paths.store),
    masterKeyFile: paths.masterKey,
    requireSecondFactor: options.requireSecondFactor,
    blobs: await createFileBlobStore(paths.recordings),
    protocols: { postgres: postgresTargetSchema, ssh: sshTargetSchema, kubernetes: kubernetesTargetSchema },
    ...(await openSecretStores(options, deps.readVariable)),
    notificationNetworks: options.notifyNetworks,
    apiKeyMaxLifeS: options.apiKeyMaxDays * 24 * 3600,
    endpoints: () => endpoints ?? fail(),
    toOperations: policyOperations(classifier),
    checkResource: async (name, level) => (gateway === undefined ? [] : gateway.checkResource(name, level)),
    log: deps.log,
    logLevel: deps.logLevel,
  });
  let gateway: Gateway | undefined;
  let http: Server | undefined;
  try {
    const adminPasswordFile = await firstAdministrator(deps, controlPlane, paths.adminPassword);
    await controlPlane.app.ready();
    http = options.https
      ? createTlsServer({ cert: tls.certPem, key: tls.keyPem }, (request, response) =>
          controlPlane.app.routing(request, response),
        )
      : createServer((request, response) => controlPlane.app.routing(request, response));
    const bound = await listen(http, options.http);
    const web =
      options.publicUrl ?? `${options.https ? "https" : "http"}://${hostText(options.http.host)}:${bound.port}`;
    const protocol = createPostgresProtocol({
      tls: {
        policy: options.tls,
        secureContext: createSecureContext({
          cert: tls.certPem,
          key: tls.keyPem,
          minVersion: "TLSv1.2",
          // whose client certificates count is for the control plane to say, not for the roots of the web
          ca: [],
          // OpenSSL refuses to resume a session of a listener that asks for certificates and has no context of its own
          sessionIdContext: gatewayId.slice(0, 32),
        }),
      },
      domain: options.domain,
      gatewayNumber: gatewayNumber(gatewayId),
      mockKey,
      classify: (sql) => (needsWorker(sql) ? worker.classifyInWorker(sql) : classifier.classify(sql)),
      classifySync: (sql) => classifier.classify(sql),
    });
    const names = options.ssh === undefined ? [] : [GATEWAY_HOST_NAME, reachableHost(options.ssh, web), options.domain];
    const hostKey = new GatewayHostKey(await keptText(paths.sshHostKey, newHostKey), controlPlane.port, names);
    const ssh = createSshProtocol({ hostKeys: () => hostKey.keys(), endpoint: () => endpoints?.ssh });
    if (options.ssh !== undefined) await hostKey.renew();
    const kubernetes = createKubernetesProtocol({ secureContext: kubernetesContexts(tls) });
    gateway = await createGateway({
      gatewayId,
      controlPlane: controlPlane.port,
      journalDirectory: join(paths.journals, gatewayId),
      publicUrl: web,
      protocols: [protocol, ssh, kubernetes],
      logger: deps.logger,
    });
    http.on("upgrade", (request, socket, head) => gateway?.handleUpgrade(request, socket, head));
    const listening = await gateway.listen(protocol, options.postgres);
    const sshListening = options.ssh && (await gateway.listen(ssh, options.ssh));
    const kubernetesListening = options.kubernetes && (await gateway.listen(kubernetes, options.kubernetes));
    endpoints = {
      ...(options.ssh &&
        sshListening && {
          ssh: {
            host: reachableHost(options.ssh, web),
            port: sshListening.port,
            hostKey: hostKey.line,
            ...(hostKey.authority !== undefined && { hostAuthority: hostKey.authority }),
          },
        }),
      ...(options.kubernetes &&
        kubernetesListening && {
          kubernetes: {
            host: reachableHost(options.kubernetes, web),
            port: kubernetesListening.port,
            caPem: tls.local.caPem,
            domain: KUBERNETES_DOMAIN,
          },
        }),
      postgres: {
        host: reachableHost(options.postgres, web),
        port: listening.port,
        tls: true,
        ...(tls.caPem !== undefined && { caPem: tls.caPem }),
      },
      web,
      gatewayId,
      tunnelUrls: [web.replace(/^http/, "ws")],
    };
    const servers = { http, gateway };
    return {
      endpoints,
      adminPasswordFile,
      close: (reason) => close(servers.http, servers.gateway, controlPlane, worker, reason),
    };
  } catch (error) {
    http?.close();
    await gateway?.close("the server did not start");
    await controlPlane.close();
    await worker.close();
    throw error;
  }
}

/** Sessions first, so that their ends are recorded; the control plane last. */
async function close(
  http: Server,
  gateway: Gateway,
  controlPlane: RunningControlPlane,
  worker: { close(): Promise<void> },
  reason: string,
): Promise<void> {
  http.close();
  await gateway.close(reason);
  http.closeAllConnections();
  await controlPlane.close();
  await worker.close();
}

export function storeSettings(url: string | undefined, file: string): StoreSettings {
  return url === undefined ? { type: "sqlite", file } : { type: "postgres", connectionString: url };
}

interface GatewayTls {
  /** Of the operator, else of the local CA. */
  readonly certPem: string;
  readonly keyPem: string;
  /** Absent: a certificate that everybody trusts, or whose root the operator hands out. */
  readonly caPem?: string;
  /** For names that stand in no DNS, so that no other authority certifies them. */
  readonly local: LocalTls;
}

async function certificate(options: ServerOptions, directory: string): Promise<GatewayTls> {
  const { domain, postgres, kubernetes } = options;
  const hosts = [domain, "localhost", postgres.host, ...(kubernetes ? [kubernetes.host, KUBERNETES_DOMAIN] : [])];
  const names = new Set(hosts.filter((name) => name !== "0.0.0.0" && name !== "::"));
  const local = await ensureLocalCa(directory, [...names]);
  if (options.tlsCert === undefined || options.tlsKey === undefined) return { ...local, local };
  const [certPem, keyPem] = await Promise.all([readFile(options.tlsCert, "utf8"), readFile(options.tlsKey, "utf8")]);
  return { certPem, keyPem, local };
}

/** Clusters by their own names are certified here, the gateway's own name by whoever certifies it elsewhere. */
function kubernetesContexts({ certPem, keyPem, local }: GatewayTls): (name: string | undefined) => SecureContext {
  const contextOf = (pair: { readonly certPem: string; readonly keyPem: string }) =>
    createSecureContext({ cert: pair.certPem, key: pair.keyPem, minVersion: "TLSv1.2" });
  const [own, ofClusters] = [contextOf({ certPem, keyPem }), contextOf(local)];
  return (name) => (name?.toLowerCase().endsWith(`.${KUBERNETES_DOMAIN}`) ? ofClusters : own);
}

async function firstAdministrator(
  deps: ServerDeps,
  controlPlane: RunningControlPlane,
  file: string,
): Promise<string | undefined> {
  const password = deps.adminPassword ?? (await keptText(file, () => randomHex(12)));
  const created = await controlPlane.bootstrapAdmin({ name: deps.options.admin, password });
  return created && deps.adminPassword === undefined ? file : undefined;
}

function listen(server: Server, { host, port }: Address): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const bound = server.address();
      if (bound === null || typeof bound === "string") reject(new Error("not a TCP listener"));
      else resolve(bound);
    });
  });
}

/** Who listens everywhere is reached where the web is. */
function reachableHost({ host }: Address, web: string): string {
  return host === "0.0.0.0" || host === "::" ? new URL(web).hostname : host;
}

function hostText(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

function fail(): never {
  throw new Error("asked for endpoints before anything listens");
}
