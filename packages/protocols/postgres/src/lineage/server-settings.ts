import type { Duplex } from "node:stream";
import { queryRows } from "../catalog/query.ts";

/** What decides whether query trees may be asked for, as the server's effective settings for this role and database say. */
export interface ServerSettings {
  readonly logMinMessages: string;
  /** The client's own, when it asks for nothing else. */
  readonly clientMinMessages: string;
  readonly serverEncoding: string;
  /** The database's own logging of statements: it goes silent with the trees. */
  readonly ownLogging: readonly string[];
}

const SETTINGS = [
  "log_min_messages",
  "client_min_messages",
  "log_statement",
  "log_min_duration_statement",
  "log_duration",
  "pgaudit.log",
  "server_encoding",
] as const;

/** Any role may read these. */
export async function readServerSettings(stream: Duplex): Promise<ServerSettings> {
  const [row = []] = await queryRows(
    stream,
    `select ${SETTINGS.map((name) => `pg_catalog.current_setting('${name}', true)`).join(", ")}`,
  );
  const value = (name: (typeof SETTINGS)[number]): string => row[SETTINGS.indexOf(name)] ?? "";
  const own: string[] = [];
  if (value("log_statement") !== "none") own.push(`log_statement = ${value("log_statement")}`);
  if (value("log_min_duration_statement") !== "-1")
    own.push(`log_min_duration_statement = ${value("log_min_duration_statement")}`);
  if (value("log_duration") === "on") own.push("log_duration = on");
  // which libraries are loaded only few roles may see; the settings of this one exist when it is
  if (!["", "none"].includes(value("pgaudit.log"))) own.push(`pgaudit.log = ${value("pgaudit.log")}`);
  return {
    logMinMessages: value("log_min_messages"),
    clientMinMessages: value("client_min_messages"),
    serverEncoding: value("server_encoding"),
    ownLogging: own,
  };
}

/** LOG ranks just below FATAL for the server's log (elog.h), so only these two keep trees out of it. */
export function treesReachLog({ logMinMessages }: ServerSettings): boolean {
  return logMinMessages !== "fatal" && logMinMessages !== "panic";
}

/** What an administrator has agreed to, `target.lineage.log`. */
export type LogConsent = "unchanged" | "own_lines_silenced" | "trees_logged";

/** Why trees are not asked for although the resource wants them; undefined: nothing stands against it. */
export function standsAgainst(settings: ServerSettings, consent: LogConsent): string | undefined {
  // trees are wrapped by bytes of the server's encoding, which are not those that arrive when it is converted
  if (settings.serverEncoding !== "UTF8") return `the database's encoding is ${settings.serverEncoding}, not UTF8`;
  if (treesReachLog(settings))
    return consent === "trees_logged"
      ? undefined
      : `query trees, with the constants of statements, would reach the server's log (log_min_messages = ${settings.logMinMessages})`;
  return settings.ownLogging.length === 0 || consent !== "unchanged"
    ? undefined
    : `log_min_messages = ${settings.logMinMessages} silences the database's own lines (${settings.ownLogging.join(", ")})`;
}
