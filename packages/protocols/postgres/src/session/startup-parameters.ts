import type { AuthorizedSession } from "@tidewaiter/core";

/** PostgreSQL's NAMEDATALEN - 1: longer application names are cut by the server. */
const MAX_APPLICATION_NAME = 63;

/**
 * Startup parameters for the target: the client's own, with the principal appended to `application_name`, and two settings
 * that name person and session to pgaudit, triggers and row-level security. Ours come last, so the client's `options`
 * cannot override them, and RESET ALL returns to them.
 */
export function startupParameters(
  client: ReadonlyMap<string, string>,
  session: AuthorizedSession,
): ReadonlyMap<string, string> {
  const parameters = new Map(client);
  const suffix = ` (${session.principal.name})`;
  const application = (client.get("application_name") ?? "tidewaiter").slice(0, MAX_APPLICATION_NAME - suffix.length);
  parameters.set("application_name", application + suffix);
  const ours = `-c tidewaiter.principal=${escaped(session.principal.name)} -c tidewaiter.session=${escaped(session.id)}`;
  const options = client.get("options");
  parameters.set("options", options === undefined || options === "" ? ours : `${options} ${ours}`);
  return parameters;
}

/** The server splits `options` at unescaped white space (pg_split_opts). */
function escaped(value: string): string {
  return value.replace(/[\s\\]/g, "\\$&");
}
