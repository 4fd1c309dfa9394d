import { sendCancel, WireClient } from "../../packages/gateway/test/wire/wire-client.ts";
import { packValues } from "../../packages/protocols/postgres/src/encode-frontend.ts";
import type { FrontendMessage } from "../../packages/protocols/postgres/src/messages.ts";
import { writeOids } from "./oids.ts";
import type { BoundValue, Statement } from "./statement.ts";

export interface Target {
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  /** Sent as application_name. */
  readonly application: string;
  /** The name to connect to for a database of the capture. */
  database(name: string | undefined): string;
  /** Asks the server behind it, as its superuser. */
  ask(sql: string): Promise<Record<string, unknown>[]>;
}

/** Stands in a notice when a person is asked: nobody answers here, so the request is withdrawn at once. */
const HELD = Buffer.from("waiting for a person");

/** The connections of one capture on one target. */
export class Replay implements AsyncDisposable {
  readonly #target: Target;
  readonly #clients = new Map<number, WireClient>();

  constructor(target: Target) {
    this.#target = target;
  }

  /** Sends lines up to one that ends the batch; all messages that come back. */
  async run(batch: readonly Statement[]): Promise<Buffer[]> {
    const [first] = batch;
    if (first === undefined) return [];
    const client = await this.#client(first);
    const messages: FrontendMessage[] = [];
    for (const statement of batch) messages.push(...(await this.#messages(statement)));
    client.send(...messages);
    const received: Buffer[] = [];
    for (;;) {
      const message = await client.next();
      received.push(message);
      const type = String.fromCharCode(message[0] ?? 0);
      if (type === "Z") return received;
      if (type === "N" && message.includes(HELD)) await sendCancel(this.#target.port, client.key);
      if (type === "G") client.send(...copyIn(batch));
    }
  }

  async end(session: number): Promise<void> {
    await this.#clients.get(session)?.[Symbol.asyncDispose]();
    this.#clients.delete(session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of [...this.#clients.keys()]) await this.end(session);
  }

  async #client({ session, database }: Statement): Promise<WireClient> {
    const present = this.#clients.get(session);
    if (present !== undefined) return present;
    const { port, user, password } = this.#target;
    const client = await WireClient.connect({
      port,
      user,
      database: this.#target.database(database),
      parameters: new Map([["application_name", this.#target.application]]),
      ...(password !== undefined && { password }),
    });
    this.#clients.set(session, client);
    return client;
  }

  async #messages(statement: Statement): Promise<FrontendMessage[]> {
    const sql = await writeOids(statement.sql, (text) => this.#target.ask(text));
    if (statement.protocol === "simple") return [{ name: "Query", sql, exact: true }];
    const params = await Promise.all((statement.params ?? []).map((value) => this.#value(value)));
    return [...(statement.send ?? "")].map((letter) => message(letter, { statement, sql, params }));
  }

  async #value(value: BoundValue): Promise<Buffer | null> {
    if (value === null) return null;
    if (typeof value !== "string") return Buffer.from(value.hex, "hex");
    const named = value === "{database}" ? this.#target.database(undefined).replace(/^.*\//, "") : value;
    return Buffer.from(await writeOids(named, (text) => this.#target.ask(text)));
  }
}

interface Filled {
  readonly statement: Statement;
  readonly sql: string;
  readonly params: readonly (Buffer | null)[];
}

function message(letter: string, { statement, sql, params }: Filled): FrontendMessage {
  const { name = "", portal = "", types = [], formats = [], results = [], maxRows = 0 } = statement;
  switch (letter) {
    case "P":
      return { name: "Parse", statement: name, sql, exact: true, parameterTypes: types };
    case "B":
      return {
        name: "Bind",
        portal,
        statement: name,
        parameterFormats: formats,
        parameters: packValues(params),
        resultFormats: results,
      };
    case "D":
      return { name: "Describe", target: "portal", of: portal };
    case "d":
      return { name: "Describe", target: "statement", of: name };
    case "E":
      return { name: "Execute", portal, maxRows };
    case "C":
      return { name: "Close", target: "statement", of: name };
    case "c":
      return { name: "Close", target: "portal", of: portal };
    case "H":
      return { name: "Flush" };
    case "S":
      return { name: "Sync" };
    default:
      throw new Error(`a capture holds no message ${letter}`);
  }
}

function copyIn(batch: readonly Statement[]): FrontendMessage[] {
  const data = batch.map(({ copy = "" }) => copy).join("");
  const done: FrontendMessage = { name: "CopyDone" };
  return data === "" ? [done] : [{ name: "CopyData", data: Buffer.from(data) }, done];
}
