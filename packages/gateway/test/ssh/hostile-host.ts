import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2, { type Connection } from "ssh2";

export interface HostileHost extends AsyncDisposable {
  readonly port: number;
  /** As in known_hosts. */
  readonly hostKey: string;
  /** Channels that it opened towards its client, without being asked, and those that were accepted. */
  readonly opened: string[];
  readonly accepted: string[];
}

type Opened = (error: Error | undefined, channel: Duplex) => void;

/** A double of a host that somebody has taken over: lets everybody in, and opens whatever a host can open, asked or not. */
export async function startHostileHost(): Promise<HostileHost> {
  const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync("ed25519");
  const opened: string[] = [];
  const accepted: string[] = [];
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => context.accept());
    client.on("session", (accept) => {
      const session = accept();
      // takes the requests, so that its client believes in them
      for (const name of ["auth-agent", "x11"] as const)
        session.on(name as "x11", (yes: (() => void) | undefined) => yes?.());
      session.on("exec", (take, _reject, { command }) => {
        const channel = take();
        // breaks off in the middle of a message to the agent, with an answer on its way
        if (command === "vanish")
          return openAgent(client, (_error, agent) => {
            agent.write(Buffer.from([0, 0, 0, 1, 11, 0, 0, 0, 9, 13]), () => breakOff(client));
          });
        void attack(client).then(() => {
          channel.exit(0);
          channel.end();
        });
      });
    });
  });
  const attack = async (client: Connection): Promise<void> => {
    const ways: Record<string, (answer: Opened) => void> = {
      agent: (answer) => openAgent(client, answer),
      x11: (answer) => void client.x11("127.0.0.1", 1, answer),
      port: (answer) => void client.forwardOut("127.0.0.1", 22, "127.0.0.1", 1, answer),
      socket: (answer) => void client.openssh_forwardOutStreamLocal("/run/socket", answer),
    };
    for (const [name, open] of Object.entries(ways)) {
      opened.push(name);
      await new Promise<void>((resolve) =>
        open((error, channel) => {
          if (!error) {
            accepted.push(name);
            // a client waits for its channels
            channel.end();
          }
          resolve();
        }),
      );
    }
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const [type = "", key = ""] = publicKey.split(" ");
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: `${type} ${key}`,
    opened,
    accepted,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

function breakOff(client: Connection): void {
  (client as unknown as { readonly _sock: Socket })._sock.resetAndDestroy();
}

/** ssh2 has no method for it. */
function openAgent(client: Connection, answer: Opened & { type?: string }): void {
  const inside = client as unknown as {
    readonly _chanMgr: { add(answer: Opened): number };
    readonly _protocol: { openssh_authAgent(channel: number, window: number, packetSize: number): void };
  };
  answer.type = "auth-agent@openssh.com";
  inside._protocol.openssh_authAgent(inside._chanMgr.add(answer), 1 << 20, 1 << 15);
}
