import { join } from "node:path";
import { answer } from "../../api/client.ts";
import { writePrivateFile } from "../../config/private-file.ts";
import { type PrivateTempDir, privateTempDir } from "../../config/private-temp-dir.ts";
import { revokeSecret } from "../../connection-secret/make-secret.ts";
import type { CommandContext } from "../../context.ts";
import { childVariables, type Variables } from "../../environment.ts";
import { CliError } from "../../errors.ts";
import { type OpenedCluster, openCluster } from "../../kubernetes/open-cluster.ts";
import { privateKubeconfig } from "../../kubernetes/private-kubeconfig.ts";
import { connectionUrl, connectionVariables, type SecretConnection } from "../../postgres/connection.ts";
import {
  type ConnectOptions,
  type OpenedConnection,
  openConnection,
  parseWanted,
} from "../../postgres/open-connection.ts";
import { writePrivateServices } from "../../postgres/private-services.ts";
import { runChild } from "../../process/run-child.ts";
import { defaultService } from "./connect.ts";

interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly missing?: { readonly why: string; readonly next: string };
  /** Also DATABASE_URL and NAME_URL. */
  readonly url?: boolean;
  /** It has no use for a cluster. */
  readonly databasesOnly?: boolean;
}

type Database = OpenedConnection<SecretConnection> & { readonly service: string };

interface Opened {
  readonly databases: Database[];
  readonly clusters: OpenedCluster[];
}

/**
 * Runs a program with secrets made for it, which end with it: in its environment, and for clusters and several databases
 * in private files that are removed at the end.
 */
export async function runWithSecrets(
  context: CommandContext,
  targets: readonly string[],
  options: ConnectOptions,
  program: Program,
): Promise<number> {
  const all = targets.map((target) => parseWanted(target, options));
  const services = all.map(defaultService);
  const twice = services.find((service, index) => services.indexOf(service) !== index);
  if (twice !== undefined) throw new CliError("usage", `${twice} is named twice`);
  const isCluster = await clusters(context);
  const opened: Opened = { databases: [], clusters: [] };
  let directory: PrivateTempDir | undefined;
  try {
    for (const wanted of all) {
      const service = defaultService(wanted);
      if (isCluster(wanted.resource) && !program.databasesOnly)
        opened.clusters.push(await openCluster(context, wanted, service));
      else opened.databases.push({ ...(await openConnection(context, wanted)), service });
    }
    directory = await privateTempDir(context.env.variables);
    const variables = {
      ...variablesOf(opened.databases, program.url === true),
      ...(await filesOf(opened, directory.path)),
    };
    const { file, args, missing } = program;
    const child = { variables: childVariables(context.env.variables, variables) };
    return await runChild(file, args, missing === undefined ? child : { ...child, missing });
  } finally {
    await directory?.remove();
    for (const { secretId } of [...opened.databases, ...opened.clusters]) {
      if (await revokeSecret(context, secretId)) continue;
      context.output.note(`A secret could not be revoked; it ends by itself. Later: tw secrets revoke ${secretId}`);
    }
  }
}

async function clusters(context: CommandContext): Promise<(resource: string) => boolean> {
  const { resources } = await answer((await context.api()).GET("/v1/resources"));
  const names = new Set(resources.filter(({ protocol }) => protocol === "kubernetes").map(({ name }) => name));
  return (resource) => names.has(resource);
}

async function filesOf({ databases, clusters: reached }: Opened, directory: string): Promise<Variables> {
  const services = databases.length > 1 ? { PGSERVICEFILE: await writePrivateServices(directory, databases) } : {};
  if (reached.length === 0) return services;
  const KUBECONFIG = join(directory, "kubeconfig");
  await writePrivateFile(KUBECONFIG, privateKubeconfig(reached.map((cluster) => cluster.context)));
  return { ...services, KUBECONFIG };
}

/** libpq's own variables for the first. */
function variablesOf(opened: readonly Database[], url: boolean): Variables {
  const [first] = opened;
  if (first === undefined) return {};
  const urls = opened.map(({ service, connection }) => [`${urlName(service)}_URL`, connectionUrl(connection)] as const);
  const added = url ? { DATABASE_URL: connectionUrl(first.connection), ...Object.fromEntries(urls) } : {};
  return { ...connectionVariables(first.connection), ...added };
}

/** `prod-db/reports` is PROD_DB_REPORTS. */
function urlName(service: string): string {
  return service
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^(\d)/, "_$1");
}
