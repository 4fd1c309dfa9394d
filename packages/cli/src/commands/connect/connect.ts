import { defineCommand } from "../../command.ts";
import { revokeSecret } from "../../connection-secret/make-secret.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { relative, utc } from "../../output/times.ts";
import { connectService } from "../../postgres/connect-service.ts";
import { connectionUrl, type SecretConnection } from "../../postgres/connection.ts";
import {
  type ConnectOptions,
  type OpenedConnection,
  openConnection,
  parseWanted,
  type Wanted,
} from "../../postgres/open-connection.ts";
import { checkServiceName, forgetConnection } from "../../postgres/save-connection.ts";
import { addConnectOptions } from "./connect-options.ts";

interface Options extends ConnectOptions {
  readonly service?: string;
  readonly url?: boolean;
  readonly certificate?: boolean;
  readonly forget?: boolean;
}

export const connect = defineCommand<[target: string], Options>({
  summary: "Prepare psql and every other libpq client to connect: writes a service and its short-lived secret",
  configure: (command) =>
    addConnectOptions(command)
      .option("--service <name>", "name of the service; default: the resource")
      .option("--certificate", "a client certificate in place of a secret; its key is made here and stays here")
      .option("--url", "print a URL that holds the secret, and write no file")
      .option("--forget", "take the service out again and revoke what it was made with"),
  examples: [
    "tw connect prod-db                       then: psql service=prod-db",
    "tw connect prod-db/reports --level write --ttl 1h",
    "tw connect --certificate prod-db         then: psql service=prod-db",
    "tw connect prod-db --url --uses 1        for a tool that takes only a URL",
  ],
  notes:
    "Writes ~/.pg_service.conf (PGSERVICEFILE) and ~/.pgpass (PGPASSFILE), both 0600, between markers of its own;\n" +
    "everything else in them stays as it is. Running it again replaces what it wrote before, and every `tw login`\n" +
    "gives all services a fresh secret, so that connections saved in psql, DBeaver or DataGrip go on working.",
  run: async (context, options, target) => {
    const wanted = parseWanted(target, options);
    const service = options.service ?? defaultService(wanted);
    checkName(service);
    const certificate = options.certificate ?? false;
    if (options.forget) return forget(context, service);
    if (options.url) return printUrl(context, await openConnection(context, wanted));
    await checkServiceName(context.env, service);
    report(context, service, await connectService(context, { service, wanted, certificate }));
    return undefined;
  },
});

async function forget(context: CommandContext, service: string): Promise<undefined> {
  const known = await forgetConnection(context.env, service);
  if (known === undefined) {
    throw new CliError("not_found", `there is no service ${service} of ours in ${context.env.serviceFile}`);
  }
  const revoked = !known.shared && (await revokeSecret(context, known.secretId));
  context.output.result({ service, revoked }, () => [`Service ${service} is gone.`]);
  return undefined;
}

function printUrl(context: CommandContext, opened: OpenedConnection<SecretConnection>): undefined {
  const url = connectionUrl(opened.connection);
  const { secretId, expiresAt } = opened;
  context.output.result({ url, secretId, expiresAt }, () => [url]);
  context.output.note(`This URL holds a secret, valid until ${utc(expiresAt)}. End it: tw secrets revoke ${secretId}`);
  return undefined;
}

function report(context: CommandContext, service: string, { connection, secretId, expiresAt }: OpenedConnection): void {
  const { host, port, database, user } = connection;
  const { serviceFile, passFile } = context.env;
  const command = `psql service=${service}`;
  context.output.result(
    { service, command, host, port, database, user, secretId, expiresAt, serviceFile, passFile },
    () => [command],
  );
  const until = `${utc(expiresAt)} (${relative(expiresAt, context.now())})`;
  context.output.note(`Service ${service} for ${user} on ${database}; opens connections until ${until}.`);
}

/** `prod-db`, `prod-db/reports`, `prod-db@write`, `prod-db@ana-helper`: different ones do not replace each other. */
export function defaultService({ resource, database, level, forPrincipal }: Wanted): string {
  const suffixes = [level, forPrincipal].filter((part) => part !== undefined).map((part) => `@${part}`);
  return [database === undefined ? resource : `${resource}/${database}`, ...suffixes].join("");
}

function checkName(service: string): void {
  if (/^[^\s[\]#='"\\]{1,200}$/.test(service)) return;
  throw new CliError("usage", `"${service}" cannot be the name of a service`, {
    why: "no spaces, brackets, quotes, #, = or backslash",
    next: "Choose one: tw connect RESOURCE --service NAME",
  });
}
