import type { Variables } from "../environment.ts";

/** All that libpq needs to come to a resource through the gateway. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  /** `prod-db` or `prod-db/otherdb`: selects the resource. */
  readonly database: string;
  /** `ana` or `ana/write`: the principal and, where asked for, the access level. */
  readonly user: string;
  readonly proof: ConnectionProof;
  readonly tls: TlsChoice;
}

/** A secret, or the paths of a certificate and its key (PEM, and DER for JDBC). */
export type ConnectionProof =
  | { readonly secret: string }
  | { readonly certificate: string; readonly key: string; readonly keyDer: string };

/** The same connection with its secret at hand. */
export type SecretConnection = Connection & { readonly proof: { readonly secret: string } };

/** `system`: roots of the operating system (libpq 16 and later). */
export type TlsChoice = { readonly mode: "disable" } | { readonly mode: "verify-full"; readonly rootCert: string };

/** The same as the lines of a service file (PostgreSQL: "The Connection Service File"), without the secret. */
export function serviceLines(service: string, connection: Connection): string[] {
  const { host, port, database, user, tls } = connection;
  const root = tls.mode === "verify-full" ? [`sslrootcert=${tls.rootCert}`] : [];
  const own =
    "secret" in connection.proof ? [] : [`sslcert=${connection.proof.certificate}`, `sslkey=${connection.proof.key}`];
  return [
    `[${service}]`,
    `host=${host}`,
    `port=${port}`,
    `dbname=${database}`,
    `user=${user}`,
    `sslmode=${tls.mode}`,
    ...root,
    ...own,
  ];
}

/** `host:port:database:user` with `\` and `:` escaped (PostgreSQL: "The Password File"). */
export function passFileKey({ host, port, database, user }: Connection): string {
  return [host, String(port), database, user].map(escapeField).join(":");
}

export function passFileLine(connection: Connection, secret: string): string {
  return `${passFileKey(connection)}:${escapeField(secret)}`;
}

function escapeField(text: string): string {
  return text.replace(/[\\:]/g, (character) => `\\${character}`);
}

/** libpq's environment variables, secret included: for a child process only. */
export function connectionVariables(connection: SecretConnection): Variables {
  const { host, port, database, user, tls } = connection;
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGDATABASE: database,
    PGUSER: user,
    PGPASSWORD: connection.proof.secret,
    PGSSLMODE: tls.mode,
    ...(tls.mode === "verify-full" ? { PGSSLROOTCERT: tls.rootCert } : {}),
  };
}

/** A URI (PostgreSQL: "Connection URIs") that holds the secret. */
export function connectionUrl(connection: SecretConnection): string {
  const { host, port, database, user, tls } = connection;
  const name = host.includes(":") ? `[${host}]` : host;
  const query = new URLSearchParams({ sslmode: tls.mode });
  if (tls.mode === "verify-full") query.set("sslrootcert", tls.rootCert);
  const [person, word, path] = [user, connection.proof.secret, database].map(encodeURIComponent);
  return `postgresql://${person}:${word}@${name}:${port}/${path}?${query}`;
}
