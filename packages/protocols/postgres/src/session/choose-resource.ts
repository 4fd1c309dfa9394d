import type { ClientLogin } from "../accept-client/options.ts";
import { LOGIN_USER } from "../accept-client/user-name.ts";

export interface ResourceChoice {
  readonly resourceName: string;
  /** Undefined: the resource's own database. */
  readonly database: string | undefined;
}

/**
 * Which resource a client means. By TLS server name `prod-db.gw.example`, where `gw.example` is the gateway's domain: then
 * the database name stays what it was. Otherwise by database name: `prod-db` or `prod-db/otherdb`.
 */
export function chooseResource(
  login: Pick<ClientLogin, "serverName" | "database" | "user">,
  domain: string | undefined,
): ResourceChoice | undefined {
  const named = domain === undefined ? undefined : resourceOfServerName(login.serverName, domain);
  // libpq sends the user's name when no database was given
  const database = login.database === login.user ? undefined : login.database;
  if (named !== undefined) return { resourceName: named, database };
  if (login.database === undefined || login.database === "") return undefined;
  // what libpq sends when no database was given
  if (login.user === LOGIN_USER && login.database === LOGIN_USER) return undefined;
  const slash = login.database.indexOf("/");
  if (slash < 0) return { resourceName: login.database, database: undefined };
  return { resourceName: login.database.slice(0, slash), database: login.database.slice(slash + 1) || undefined };
}

function resourceOfServerName(serverName: string | undefined, domain: string): string | undefined {
  const suffix = `.${domain.toLowerCase()}`;
  const name = serverName?.toLowerCase();
  if (name === undefined || !name.endsWith(suffix)) return undefined;
  const label = name.slice(0, -suffix.length);
  return label === "" || label.includes(".") ? undefined : label;
}
