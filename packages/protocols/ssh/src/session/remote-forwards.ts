import type { Duplex } from "node:stream";
import type { Connection, TcpConnectionDetails, UNIXConnectionDetails } from "ssh2";
import { type Admitted, admitForward, finish, type SshContext } from "./context.ts";
import { join } from "./join.ts";
import { type ForwardRequest, placeOf } from "./operations.ts";

const MAX_LISTENERS = 8;
/** Requests for them that wait for their answers. */
const MAX_WAITING = 64;
/** Connections that came to them, open or offered to the client. */
const MAX_CONNECTIONS = 256;

interface Asked {
  readonly bindAddr: string;
  readonly bindPort: number;
  readonly socketPath: string;
}

type Listening = (error: Error | undefined, port?: number) => void;

/** One listener at the target, as ssh2 asks for it. */
interface Listener {
  readonly request: ForwardRequest;
  readonly listen: (listening: Listening) => void;
  readonly unlisten: () => void;
  /** Listens for connections; gives back what stops that. */
  readonly onConnection: (came: Came) => () => void;
}

interface Arrival {
  readonly from: string;
  readonly accept: () => Duplex | undefined;
  readonly reject: () => void;
  readonly offer: (offered: (error: Error | undefined, near: Duplex) => void) => void;
}

type Came = (arrival: Arrival) => void;

/** `-R`: ports and sockets that the target opens for the client. */
export function serveRemoteForwards(client: Connection, ready: Promise<SshContext | string>): void {
  const remotes = new RemoteForwards(client, ready);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const asked = (
    accept: ((port?: number) => void) | undefined,
    reject: (() => void) | undefined,
    name: string,
    info: object,
  ): void => {
    if (waiting >= MAX_WAITING) return void reject?.();
    waiting++;
    // one after the other, as they are answered
    const answered = last.then(() => remotes.answer(name, info as Asked));
    last = answered.catch(() => {}).finally(() => waiting--);
    void answered.then(
      (port) => (port === undefined ? reject?.() : accept?.(port)),
      () => reject?.(),
    );
  };
  client.on("request", asked);
}

class RemoteForwards {
  readonly #client: Connection;
  readonly #ready: Promise<SshContext | string>;
  /** By what the client names them with when it takes them back, and how each is closed. */
  readonly #open = new Map<string, () => void>();
  #connections = 0;

  constructor(client: Connection, ready: Promise<SshContext | string>) {
    this.#client = client;
    this.#ready = ready;
  }

  /** The port that the target opened (of a socket 0), or undefined where it may not or does not. */
  async answer(name: string, info: Asked): Promise<number | undefined> {
    const context = await this.#ready;
    if (typeof context === "string") return undefined;
    switch (name) {
      case "tcpip-forward":
        return this.#listen(context, this.#ofPort(context, info));
      case "streamlocal-forward@openssh.com":
        return this.#listen(context, this.#ofSocket(context, info));
      case "cancel-tcpip-forward":
        return this.#close(`${info.bindAddr}:${info.bindPort}`);
      case "cancel-streamlocal-forward@openssh.com":
        return this.#close(info.socketPath);
      default:
        return undefined;
    }
  }

  #close(key: string): number | undefined {
    const close = this.#open.get(key);
    close?.();
    return close === undefined ? undefined : 0;
  }

  async #listen(context: SshContext, listener: Listener): Promise<number | undefined> {
    const { request, listen, unlisten, onConnection } = listener;
    if (this.#open.size >= MAX_LISTENERS) return undefined;
    const admission = await admitForward(context, request);
    // the answer to a global request has no room for words
    if (!admission.ok) return undefined;
    const startedAt = Date.now();
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    listen((error, port = 0) => {
      if (error !== undefined && error !== null) {
        finish(context, admission.operation, { result: "error", tag: "not opened", bytes: 0, startedAt });
        return resolve(undefined);
      }
      const stop = onConnection((arrival) => this.#arrived(context, admission, arrival));
      const there = request.channel === "tcpip-forward" && request.port === 0 ? port : request.port;
      const key = request.channel === "tcpip-forward" ? `${request.host}:${there}` : request.host;
      this.#open.set(key, () => {
        this.#open.delete(key);
        stop();
        unlisten();
      });
      resolve(there);
    });
    return promise;
  }

  #arrived(context: SshContext, admission: Admitted, { from, accept, reject, offer }: Arrival): void {
    if (this.#connections >= MAX_CONNECTIONS) return reject();
    this.#connections++;
    const over = (): void => void this.#connections--;
    offer((failed, near) => {
      const far = failed === undefined || failed === null ? accept() : reject();
      if (far) return void join(context, admission, from, near, far).finally(over);
      near?.destroy();
      over();
    });
  }

  #ofPort({ target }: SshContext, { bindAddr, bindPort }: Asked): Listener {
    let there = bindPort;
    return {
      request: { channel: "tcpip-forward", host: bindAddr, port: bindPort },
      listen: (listening) =>
        void target.forwardIn(bindAddr, bindPort, (error, port) => {
          if (bindPort === 0) there = port;
          listening(error, port);
        }),
      unlisten: () => void target.unforwardIn(bindAddr, there),
      onConnection: (came) => {
        const heard = (details: TcpConnectionDetails, accept: () => Duplex | undefined, reject: () => void): void => {
          const { destIP, destPort, srcIP, srcPort } = details;
          if (destIP !== bindAddr || destPort !== there) return;
          came({
            from: `${srcIP}:${srcPort}`,
            accept,
            reject,
            offer: (offered) => void this.#client.forwardOut(bindAddr, there, srcIP, srcPort, offered),
          });
        };
        target.on("tcp connection", heard);
        return () => target.off("tcp connection", heard);
      },
    };
  }

  #ofSocket({ target }: SshContext, { socketPath }: Asked): Listener {
    const request: ForwardRequest = { channel: "streamlocal-forward", host: socketPath, port: 0 };
    return {
      request,
      listen: (listening) =>
        void target.openssh_forwardInStreamLocal(socketPath, (error) => listening(error ?? undefined)),
      unlisten: () => void target.openssh_unforwardInStreamLocal(socketPath, () => {}),
      onConnection: (came) => {
        const heard = (details: UNIXConnectionDetails, accept: () => Duplex | undefined, reject: () => void): void => {
          if (details.socketPath !== socketPath) return;
          came({
            from: placeOf(request),
            accept,
            reject,
            offer: (offered) => void this.#client.openssh_forwardOutStreamLocal(socketPath, offered),
          });
        };
        target.on("unix connection", heard);
        return () => target.off("unix connection", heard);
      },
    };
  }
}
