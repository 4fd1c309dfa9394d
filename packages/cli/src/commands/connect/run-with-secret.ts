import { revokeSecret } from "../../connection-secret/make-secret.ts";
import type { CommandContext } from "../../context.ts";
import { childVariables, type Variables } from "../../environment.ts";
import { CliError } from "../../errors.ts";
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
}

type Opened = OpenedConnection<SecretConnection> & { readonly service: string };

/**
 * Runs a program with secrets made for it, which end with it: in its environment, and for several resources in a
 * private file that is removed at the end.
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
  const opened: Opened[] = [];
  let remove = async (): Promise<void> => {};
  try {
    for (const wanted of all) {
      opened.push({ ...(await openConnection(context, wanted)), service: defaultService(wanted) });
    }
    let variables = variablesOf(opened, program.url === true);
    if (opened.length > 1) {
      const files = await writePrivateServices(context.env.variables, opened);
      remove = files.remove;
      variables = { ...variables, PGSERVICEFILE: files.serviceFile };
    }
    const { file, args, missing } = program;
    const child = { variables: childVariables(context.env.variables, variables) };
    return await runChild(file, args, missing === undefined ? child : { ...child, missing });
  } finally {
    await remove();
    for (const { secretId } of opened) {
      if (await revokeSecret(context, secretId)) continue;
      context.output.note(`A secret could not be revoked; it ends by itself. Later: tw secrets revoke ${secretId}`);
    }
  }
}

/** libpq's own variables for the first. */
function variablesOf(opened: readonly Opened[], url: boolean): Variables {
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
