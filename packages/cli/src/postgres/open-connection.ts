import { join } from "node:path";
import { levelAtLeast } from "@tidewaiter/core/resource";
import type { AccessLevel, Endpoint, ResourceListed } from "../api/shapes.ts";
import { findResource } from "../commands/resources/find-resource.ts";
import { makePrivateDir, writePrivateFile } from "../config/private-file.ts";
import { makeSecret } from "../connection-secret/make-secret.ts";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { parseLevel } from "../input/access-level.ts";
import { parseCount, parseDuration } from "../input/duration.ts";
import type { Connection, SecretConnection, TlsChoice } from "./connection.ts";

export interface ConnectOptions {
  readonly level?: string;
  /** Default: as the resource says. */
  readonly ttl?: string;
  readonly uses?: string;
  /** An AI agent that acts for the caller. */
  readonly for?: string;
}

export interface Wanted {
  readonly resource: string;
  readonly database: string | undefined;
  readonly level: AccessLevel | undefined;
  /** Undefined: as the resource says. */
  readonly ttlSeconds: number | undefined;
  readonly uses: number | undefined;
  readonly forPrincipal: string | undefined;
}

export interface OpenedConnection<C extends Connection = Connection> {
  readonly connection: C;
  readonly secretId: string;
  readonly expiresAt: string;
}

/** Checks all that can be checked here. @throws CliError `usage` */
export function parseWanted(target: string, options: ConnectOptions): Wanted {
  const [, resource = "", database] = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\/(.+))?$/.exec(target) ?? [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would end a line of a service file.
  if (resource === "" || /[\u0000-\u001f\u007f]/.test(target)) {
    throw new CliError("usage", `"${target}" names no resource`, {
      next: "Write RESOURCE or RESOURCE/DATABASE, as in: tw connect prod-db",
    });
  }
  return {
    resource,
    database,
    level: options.level === undefined ? undefined : parseLevel(options.level),
    ttlSeconds: options.ttl === undefined ? undefined : parseDuration(options.ttl, "--ttl"),
    uses: options.uses === undefined ? undefined : parseCount(options.uses, "--uses", { min: 1, max: 1_000_000 }),
    forPrincipal: options.for,
  };
}

/** Makes a connection secret for what is wanted; from now on it counts among the live ones of its principal. */
export async function openConnection(
  context: CommandContext,
  wanted: Wanted,
): Promise<OpenedConnection<SecretConnection>> {
  if (wanted.forPrincipal === undefined) checkDatabase(await checkGrant(context, wanted));
  const made = await makeSecret(context, wanted);
  const tls = await tlsChoice(context, made.endpoint);
  const connection = { ...addressOf(wanted, made), proof: { secret: made.secret }, tls };
  return { connection, secretId: made.id, expiresAt: made.expiresAt };
}

/** kubectl has no use for what libpq is given. @throws CliError `usage` */
export function checkDatabase({ name, protocol }: ResourceListed): void {
  if (protocol === "kubernetes")
    throw new CliError("usage", `${name} is a cluster`, { next: `tw kube login ${name}   (then: kubectl ...)` });
}

/** Where a client goes and the names it gives there: `user` carries the level, `database` the resource. */
export function addressOf(
  { resource, database, level }: Wanted,
  made: { readonly endpoint: Endpoint; readonly username: string },
): Pick<Connection, "host" | "port" | "database" | "user"> {
  return {
    host: made.endpoint.host,
    port: made.endpoint.port,
    database: database === undefined ? resource : `${resource}/${database}`,
    user: level === undefined ? made.username : `${made.username}/${level}`,
  };
}

/** The resource, at a level that the caller has. @throws CliError `refused`, `not_found` */
export async function checkGrant(
  context: CommandContext,
  { resource, level }: Pick<Wanted, "resource" | "level">,
): Promise<ResourceListed> {
  const found = await findResource(await context.api(), resource);
  const granted = found.level;
  if (granted === null) {
    const next = "tw request   (shows what you may ask for; else ask an administrator)";
    throw new CliError("refused", `you have no grant for ${resource}`, { next });
  }
  if (level !== undefined && !levelAtLeast(granted, level)) {
    throw new CliError("refused", `level ${level} on ${resource} is not granted to you`, {
      why: `your level is ${granted}`,
      next: `Leave out --level, or ask: tw request ${resource} --level ${level} --for 2h --reason "..."`,
    });
  }
  return found;
}

export async function tlsChoice({ env }: CommandContext, endpoint: Endpoint): Promise<TlsChoice> {
  if (!endpoint.tls) return { mode: "disable" };
  if (endpoint.caPem === undefined) return { mode: "verify-full", rootCert: "system" };
  const dir = join(env.configDir, "ca");
  await makePrivateDir(env.configDir);
  await makePrivateDir(dir);
  const rootCert = join(dir, `${endpoint.host}_${endpoint.port}.pem`.replace(/[^A-Za-z0-9._-]/g, "_"));
  await writePrivateFile(rootCert, endpoint.caPem);
  return { mode: "verify-full", rootCert };
}
