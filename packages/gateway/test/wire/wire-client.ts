import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connectTarget } from "@tidewaiter/postgres/connect-target/connect-target";
import { encodeFrontend, packValues } from "@tidewaiter/postgres/encode-frontend";
import { encodeStartup } from "@tidewaiter/postgres/encode-startup";
import type { BackendKey, ErrorFields, FrontendMessage } from "@tidewaiter/postgres/messages";
import { DerivedKeyCache } from "@tidewaiter/postgres/scram/derived-key-cache";

export interface WireOptions {
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string;
  readonly parameters?: ReadonlyMap<string, string>;
  readonly protocolMinor?: 0 | 2;
}

const keys = new DerivedKeyCache();

/**
 * A PostgreSQL client that says exactly the messages a test wants and keeps every byte it gets. It splits the answers
 * by itself, so that it cannot share a mistake with the framer of the gateway.
 */
export class WireClient implements AsyncDisposable {
  readonly key: BackendKey | undefined;
  readonly notices: readonly ErrorFields[];
  readonly #socket: Socket;
  readonly #messages: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;
  #changed = Promise.withResolvers<void>();

  private constructor(socket: Socket, key: BackendKey | undefined, notices: readonly ErrorFields[]) {
    this.#socket = socket;
    this.key = key;
    this.notices = notices;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    const end = (): void => {
      this.#ended = true;
      this.#tick();
    };
    socket.on("error", end);
    socket.on("close", end);
  }

  static async connect(options: WireOptions): Promise<WireClient> {
    const socket = connect({ host: "127.0.0.1", port: options.port, noDelay: true });
    const connected = await connectTarget(socket, {
      user: options.user,
      database: options.database,
      ...(options.password !== undefined && { password: options.password }),
      ...(options.parameters && { parameters: options.parameters }),
      ...(options.protocolMinor && { protocolMinor: options.protocolMinor }),
      tls: { mode: "disable" },
      keys,
    });
    const client = new WireClient(socket, connected.backendKey, connected.notices);
    if (connected.leftover.length > 0) client.#take(connected.leftover);
    socket.resume();
    return client;
  }

  /** All in one write; returns the bytes sent. */
  send(...messages: readonly (FrontendMessage | Buffer)[]): Buffer {
    const bytes = Buffer.concat(messages.map((one) => (Buffer.isBuffer(one) ? one : encodeFrontend(one))));
    this.#socket.write(bytes);
    return bytes;
  }

  /** The next message, header included. Rejects when the connection ends first. */
  async next(): Promise<Buffer> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#ended) throw new Error("the connection ended");
      await this.#changed.promise;
    }
  }

  /** Messages up to and with the `count`th of this type. */
  async until(type: string, count = 1): Promise<Buffer[]> {
    const messages: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const message = await this.next();
      messages.push(message);
      if (typeOf(message) === type) left--;
    }
    return messages;
  }

  /** Everything until the server closes the connection. */
  async rest(): Promise<Buffer[]> {
    while (!this.#ended) await this.#changed.promise;
    return this.#messages.splice(0);
  }

  /** One simple Query and all of its answer. */
  query(sql: string): Promise<Buffer[]> {
    this.send(query(sql));
    return this.until("Z");
  }

  /** As a process that was killed: no Terminate. */
  async vanish(): Promise<void> {
    this.#socket.resetAndDestroy();
    if (!this.#ended) await once(this.#socket, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#socket, "close");
    this.#socket.end(encodeFrontend({ name: "Terminate" }));
    await closed;
  }

  #take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 5) {
      const length = 1 + bytes.readInt32BE(1);
      if (bytes.length < length) break;
      this.#messages.push(bytes.subarray(0, length));
      bytes = bytes.subarray(length);
    }
    this.#rest = bytes;
    this.#tick();
  }

  #tick(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

export function typeOf(message: Buffer): string {
  return String.fromCharCode(message[0] ?? 0);
}

export const sync: FrontendMessage = { name: "Sync" };
export const flush: FrontendMessage = { name: "Flush" };

export function query(sql: string): FrontendMessage {
  return { name: "Query", sql, exact: true };
}

export function parse(sql: string, statement = ""): FrontendMessage {
  return { name: "Parse", statement, sql, exact: true, parameterTypes: [] };
}

export function bind(
  options: {
    statement?: string;
    portal?: string;
    values?: readonly (string | null)[];
    formats?: readonly number[];
  } = {},
): FrontendMessage {
  const values = (options.values ?? []).map((value) => (value === null ? null : Buffer.from(value)));
  return {
    name: "Bind",
    portal: options.portal ?? "",
    statement: options.statement ?? "",
    parameterFormats: [],
    parameters: packValues(values),
    resultFormats: options.formats ?? [],
  };
}

export function describePortal(portal = ""): FrontendMessage {
  return { name: "Describe", target: "portal", of: portal };
}

export function describeStatement(statement = ""): FrontendMessage {
  return { name: "Describe", target: "statement", of: statement };
}

export function execute(maxRows = 0, portal = ""): FrontendMessage {
  return { name: "Execute", portal, maxRows };
}

/** Parse, Bind, Describe, Execute of the unnamed statement, as every driver sends it. */
export function extended(sql: string, values: readonly (string | null)[] = []): FrontendMessage[] {
  return [parse(sql), bind({ values }), describePortal(), execute()];
}

/** A CancelRequest in clear text, as libpq before 17 sends it; resolves when the server has closed the connection. */
export async function sendCancel(port: number, key: BackendKey | undefined): Promise<void> {
  if (key === undefined) throw new Error("there is no cancel key");
  const socket = connect({ host: "127.0.0.1", port });
  socket.write(encodeStartup({ name: "CancelRequest", ...key }));
  socket.resume();
  await once(socket, "close");
}
