import { sendCancel, WireClient } from "../../packages/gateway/test/wire/wire-client.ts";
import { packValues } from "../../packages/protocols/postgres/src/encode-frontend.ts";
import type { FrontendMessage } from "../../packages/protocols/postgres/src/messages.ts";
import type { Attempt, Way } from "./grammar/statements.ts";
import { write } from "./grammar/tree.ts";

export interface Endpoint {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Stands in a notice when a person is asked: nobody answers here, so the request is withdrawn at once. */
const HELD = Buffer.from("waiting for a person");
const READY = 0x5a;
const READY_IDLE = 0x49;
const PAGE = 2;

/** What one attempt brought to the client. */
export interface Received {
  /** Every byte but what is known to differ between any two runs, in latin1. */
  readonly bytes: string;
  readonly refused: boolean;
  readonly failed: boolean;
}

/** A session that is used for many attempts in turn. */
export class FuzzClient implements AsyncDisposable {
  readonly #endpoint: Endpoint;
  #client: WireClient;

  private constructor(endpoint: Endpoint, client: WireClient) {
    this.#endpoint = endpoint;
    this.#client = client;
  }

  static async connect(endpoint: Endpoint): Promise<FuzzClient> {
    return new FuzzClient(endpoint, await WireClient.connect(endpoint));
  }

  async run(attempt: Attempt): Promise<Received> {
    const received: Buffer[] = [];
    let status = READY_IDLE;
    for (const step of attempt.steps) {
      const messages = await this.#exchange(write(step), attempt.way);
      received.push(...messages);
      // a refusal that comes too late to stop a statement ends the session
      if (messages.at(-1)?.[0] !== READY) {
        await this.#reconnect();
        return describe(received);
      }
      status = messages.at(-1)?.[5] ?? READY_IDLE;
    }
    if (status !== READY_IDLE) received.push(...(await this.#exchange("rollback", "simple")));
    return describe(received);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  async #reconnect(): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    this.#client = await WireClient.connect(this.#endpoint);
  }

  /** All that came, up to ReadyForQuery or the end of the connection. */
  async #exchange(sql: string, way: Way): Promise<Buffer[]> {
    this.#client.send(...messagesOf(sql, way));
    const received: Buffer[] = [];
    for (;;) {
      const message = await this.#client.next().catch(() => undefined);
      if (message === undefined) return received;
      received.push(message);
      const type = String.fromCharCode(message[0] ?? 0);
      if (type === "Z") return received;
      if (type === "N" && message.includes(HELD)) await sendCancel(this.#endpoint.port, this.#client.key);
      if (type === "G") this.#client.send({ name: "CopyFail", reason: "nothing to copy" });
    }
  }
}

function messagesOf(sql: string, way: Way): FrontendMessage[] {
  if (way === "simple") return [{ name: "Query", sql, exact: true }];
  const resultFormats = way === "binary" ? [1] : [];
  const sync: FrontendMessage = { name: "Sync" };
  const page: FrontendMessage = { name: "Execute", portal: "", maxRows: way === "paged" ? PAGE : 0 };
  return [
    { name: "Parse", statement: "", sql, exact: true, parameterTypes: [] },
    { name: "Bind", portal: "", statement: "", parameterFormats: [], parameters: packValues([]), resultFormats },
    { name: "Describe", target: "portal", of: "" },
    ...(way === "paged" ? [page, page, page] : [page]),
    sync,
  ];
}

/**
 * What differs between any two runs, whatever the data: the id, link and hour of a review that was asked for. The notice of
 * a statement that is held is left out whole: it comes when the control plane has answered, and the statement is withdrawn
 * by a cancel request of its own connection, so how many come, and between which answers, is chance. Nothing else is taken out.
 */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/Review \S+ is asked of/g, "Review (id) is asked of"],
  [/tw reviews show \S+ {3}\S+/g, "tw reviews show (id)"],
  [/(until|Ends) \d\d:\d\d UTC/g, "$1 (hour) UTC"],
  [/https?:\/\/[^\s\0]*\/r\/\w+/g, "(link)"],
];
const REFUSED = /stopped before |needs a person first/;

function isHeld(message: Buffer): boolean {
  return message[0] === 0x4e && message.includes(HELD);
}

function describe(messages: readonly Buffer[]): Received {
  let failed = false;
  let refused = messages.some(isHeld);
  const kept = messages.filter((message) => !isHeld(message));
  const parts = kept.map((message) => {
    const type = message[0];
    if (type !== 0x45 && type !== 0x4e) return message.toString("latin1");
    // lengths of messages with a ticket's id are left out with it
    const text = message.toString("latin1", 5);
    failed ||= type === 0x45;
    refused ||= REFUSED.test(text);
    return `${String.fromCharCode(type)}${KNOWN.reduce((shown, [pattern, word]) => shown.replace(pattern, word), text)}`;
  });
  return { bytes: parts.join(""), failed, refused };
}
