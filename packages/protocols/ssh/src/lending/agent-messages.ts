import { fingerprint } from "../connect-target/host-key.ts";
import { PacketReader } from "../packet-reader.ts";

/** Messages of an agent (draft-miller-ssh-agent, 5.1). Those below 27 that are not named here add, remove or lock keys. */
export const AGENT = {
  FAILURE: 5,
  SUCCESS: 6,
  REQUEST_IDENTITIES: 11,
  IDENTITIES_ANSWER: 12,
  SIGN_REQUEST: 13,
  SIGN_RESPONSE: 14,
  EXTENSION: 27,
} as const;

/** OpenSSH's own limit. */
export const MAX_AGENT_MESSAGE = 256 * 1024;

export const FAILURE = Buffer.from([0, 0, 0, 1, AGENT.FAILURE]);

const CHANGES: Readonly<Record<number, string>> = {
  17: "add a key",
  18: "remove a key",
  19: "remove all keys",
  20: "add keys of a token",
  21: "remove keys of a token",
  22: "lock itself",
  23: "unlock itself",
  25: "add a key",
  26: "add keys of a token",
};

const SSHSIG = Buffer.from("SSHSIG");
const USERAUTH_REQUEST = 50;
const MAX_NAME = 64;

export function agentMessageType(message: Buffer): number {
  return message.readUInt8(4);
}

/**
 * Tells the agent which host the next signatures are for (OpenSSH, PROTOCOL.agent, 1). It can only take away: keys that are
 * restricted to hosts sign for no other, and not at all without it.
 */
export function bindsSession(message: Buffer): boolean {
  return (
    agentMessageType(message) === AGENT.EXTENSION && new PacketReader(message).text() === "session-bind@openssh.com"
  );
}

/** What a message that is not passed on would have done. */
export function changeOf(message: Buffer): string {
  const type = agentMessageType(message);
  if (type !== AGENT.EXTENSION) return CHANGES[type] ?? `do something unknown (${type})`;
  return `use its extension ${printable(new PacketReader(message).text() ?? "")}`;
}

/**
 * `sign FINGERPRINT` and what is signed: a login (RFC 4252, 7) as `login USER`, a file (OpenSSH, PROTOCOL.sshsig) as
 * `file NAMESPACE`, or `data`. Undefined: no request that an agent would answer.
 *
 * ```
 * byte      SSH_AGENTC_SIGN_REQUEST
 * string    key blob
 * string    data
 * uint32    flags
 * ```
 */
export function signatureOf(message: Buffer): string | undefined {
  const reader = new PacketReader(message);
  const key = reader.bytes();
  const data = reader.bytes();
  if (key === undefined || data === undefined || reader.uint32() === undefined) return undefined;
  return `sign ${fingerprint(key)} ${purposeOf(data)}`;
}

function purposeOf(data: Buffer): string {
  if (data.subarray(0, SSHSIG.length).equals(SSHSIG)) {
    const namespace = new PacketReader(data, SSHSIG.length).text();
    return namespace === undefined ? "data" : `file ${printable(namespace)}`;
  }
  const reader = new PacketReader(data, 0);
  const session = reader.bytes();
  const type = reader.byte();
  const user = reader.text();
  if (session === undefined || type !== USERAUTH_REQUEST || user === undefined) return "data";
  return `login ${printable(user)}`;
}

/** One word of a command, whoever chose it. */
function printable(name: string): string {
  return name.replaceAll(/[^\x21-\x7e]/g, "?").slice(0, MAX_NAME);
}
