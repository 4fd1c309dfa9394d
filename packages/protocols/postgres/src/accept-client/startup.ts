import type { Duplex } from "node:stream";
import { encodeBackend } from "../encode-backend.ts";
import { SQLSTATE } from "../errors.ts";
import { STARTUP_CODE } from "../messages.ts";
import type { LoginPacket } from "./negotiate.ts";
import type { AccessLevel } from "./options.ts";
import { Refusal } from "./refusal.ts";
import { MAX_NAME_LENGTH, parseUser } from "./user-name.ts";

/** Names of server settings have at most 63 characters; a value of a real client stays far below 4096. */
const MAX_PARAMETER_NAME = 63;
const MAX_PARAMETER_VALUE = 4096;
const PROTOCOL_OPTION = "_pq_.";
/** 3.2 of PostgreSQL 18: the same messages, longer cancel keys. */
const LATEST_MINOR = 2;
/** Spellings of "no" that the server's own boolean parser takes. */
const NO: ReadonlySet<string> = new Set(["false", "off", "no", "0", "f", "n"]);

type StartupMessage = Extract<LoginPacket, { name: "StartupMessage" }>;

export interface StartupFacts {
  /** As written by the client: for its error messages. */
  readonly written: string;
  readonly user: string;
  readonly level?: AccessLevel;
  readonly database?: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Minor version that both sides speak: 0 to 2. */
  readonly minor: number;
}

/**
 * Checks a StartupMessage and, where the client speaks a newer minor version than 3.2 or asks for protocol options, answers
 * NegotiateProtocolVersion as PostgreSQL 18 does: the version spoken is the lower of both, and no option is known.
 * @throws Refusal `unsupported`, `bad_user`, `protocol_violation`
 */
export function acceptStartup(stream: Duplex, message: StartupMessage): StartupFacts {
  if (message.major !== 3) {
    const text = `unsupported frontend protocol ${message.major}.${message.minor}: server supports 3.0 to 3.2`;
    throw new Refusal("unsupported", { code: SQLSTATE.featureNotSupported, message: text });
  }
  const { options, parameters } = separate(message.parameters);
  const minor = Math.min(message.minor, LATEST_MINOR);
  if (message.minor > minor || options.length > 0) {
    const version = STARTUP_CODE.version3_0 + minor;
    stream.write(encodeBackend({ name: "NegotiateProtocolVersion", version, options }));
  }
  const written = parameters.get("user") ?? "";
  if (written === "") {
    const text = "no PostgreSQL user name specified in startup packet";
    throw new Refusal("bad_user", { code: SQLSTATE.invalidAuthorization, message: text });
  }
  refuseReplication(parameters.get("replication"));
  const database = parameters.get("database");
  for (const name of ["user", "database", "replication"]) parameters.delete(name);
  return { written, ...parseUser(written), ...(database ? { database } : {}), parameters, minor };
}

function separate(all: ReadonlyMap<string, string>) {
  const options: string[] = [];
  const parameters = new Map<string, string>();
  for (const [name, value] of all) {
    const limit = name === "user" || name === "database" ? MAX_NAME_LENGTH : MAX_PARAMETER_VALUE;
    if (name.length > MAX_PARAMETER_NAME || value.length > limit) {
      const message = "a startup parameter is too long";
      throw new Refusal("protocol_violation", { code: SQLSTATE.protocolViolation, message });
    }
    if (name.startsWith(PROTOCOL_OPTION)) options.push(name);
    else parameters.set(name, value);
  }
  return { options, parameters };
}

function refuseReplication(value: string | undefined): void {
  if (value === undefined || NO.has(value.toLowerCase())) return;
  throw new Refusal("unsupported", {
    code: SQLSTATE.featureNotSupported,
    message: "replication connections are not supported through Tidewaiter",
    hint: "Connect the replica or the backup tool to the database itself.",
  });
}
