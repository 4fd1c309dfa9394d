import type { Duplex } from "node:stream";
import type { Connection } from "ssh2";

type Opened = (error: Error | undefined, channel: Duplex) => void;

/** What ssh2 has for its own `x11` and `forwardOut`: it knows the packet of this channel, and has no method for it. */
interface Inside {
  readonly _chanMgr: { add(opened: Opened & { type?: string }): number };
  readonly _protocol: { openssh_authAgent(channel: number, window: number, packetSize: number): void };
}

const WINDOW = 2 * 1024 * 1024;
const PACKET_SIZE = 32 * 1024;

/** A channel to the agent of the client (OpenSSH, PROTOCOL.agent); rejects where the client does not open it. */
export function openAgentChannel(connection: Connection): Promise<Duplex> {
  const { _chanMgr: channels, _protocol: protocol } = connection as unknown as Inside;
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const opened: Opened & { type?: string } = (error, channel) => (error ? reject(error) : resolve(channel));
  opened.type = "auth-agent@openssh.com";
  const channel = channels.add(opened);
  if (channel === -1) reject(new Error("no free channels"));
  else protocol.openssh_authAgent(channel, WINDOW, PACKET_SIZE);
  return promise;
}
