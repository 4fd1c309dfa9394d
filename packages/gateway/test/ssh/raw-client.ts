import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { Client, ClientChannel } from "ssh2";
import ssh2 from "ssh2";
import type { SshWorld } from "./world.ts";

/** A client that may do what OpenSSH's would not. */
export async function rawClient(world: SshWorld, username = "web-1"): Promise<Client> {
  const client = new ssh2.Client();
  client.on("error", () => {});
  client.connect({
    host: "127.0.0.1",
    port: world.gateway.port,
    username,
    privateKey: readFileSync(world.identity),
  });
  await once(client, "ready");
  return client;
}

/** Its packets and its socket, which ssh2 keeps to itself. */
export function inside(client: Client) {
  return client as unknown as {
    readonly _sock: Socket;
    readonly _protocol: {
      session(channel: number, window: number, packetSize: number): void;
      exec(channel: number, command: string, reply: boolean): void;
      env(channel: number, name: string, value: string, reply: boolean): void;
      signal(channel: number, name: string): void;
      windowChange(channel: number, rows: number, cols: number, height: number, width: number): void;
      openssh_agentForward(channel: number, reply: boolean): void;
      channelData(channel: number, data: Buffer): void;
      tcpipForward(address: string, port: number, reply: boolean): void;
      ping(): void;
      rekey(): void;
    };
  };
}

export function numberOf(channel: ClientChannel): number {
  return (channel as unknown as { readonly outgoing: { readonly id: number } }).outgoing.id;
}
