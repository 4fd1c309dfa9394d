import type { Answer, Ask, Effect, Operation, SessionEvent, Verdict } from "@tidewaiter/core";
import type { Catalog, CatalogRelation } from "@tidewaiter/toolkit/labels/catalog";
import { EMPTY_CATALOG } from "@tidewaiter/toolkit/labels/catalog";
import { loadClassifier } from "@tidewaiter/toolkit/sql/classifier";
import { decodeBackend } from "../../src/decode-backend.ts";
import { decodeFrontend } from "../../src/decode-frontend.ts";
import { encodeBackend } from "../../src/encode-backend.ts";
import { encodeFrontend } from "../../src/encode-frontend.ts";
import { createFramer } from "../../src/framer.ts";
import { carriesSql } from "../../src/inspector/client-messages.ts";
import type { InspectorContext, PostgresMessage } from "../../src/inspector/context.ts";
import { createInspector } from "../../src/inspector/create-inspector.ts";
import type { BackendMessage, FieldDescription, FrontendMessage } from "../../src/messages.ts";
import { trace } from "../../src/trace.ts";

const classifier = await loadClassifier();
export const TABLE = 20_000;

export const ALLOW: Verdict = {
  outcome: "allow",
  masks: {},
  unlabelledText: "pass",
  budgets: [],
  recording: { mode: "strict", results: false },
  observed: [],
  policyVersion: 1,
};

const customers: CatalogRelation = {
  oid: TABLE,
  schema: "public",
  name: "customers",
  opaque: false,
  columns: [
    { name: "id", attnum: 1, labels: [], derived: false, generated: false },
    { name: "email", attnum: 2, labels: ["pii.email"], derived: false, generated: false },
  ],
};

/** One table, `customers (id, email)`, whose e-mail carries a label. */
export const CATALOG: Catalog = {
  hasLabels: true,
  labels: ["pii.email"],
  byOid: (oid) => (oid === TABLE ? customers : undefined),
  find: (_, name) => (name === "customers" ? [customers] : []),
  triggers: false,
  code: (called, { name }) => (called === "function" && name === "mine" ? [{ name: "public.mine" }] : []),
  codeByOid: () => [],
};

export function field(name: string, attnum: number, format = 0): FieldDescription {
  return { name, tableOid: attnum === 0 ? 0 : TABLE, attnum, typeOid: 25, typeSize: -1, typeModifier: -1, format };
}

export interface BenchOptions extends Partial<InspectorContext> {
  readonly verdict?: (operation: Operation) => Partial<Verdict>;
}

/** An inspector alone: messages in, and everything that it does as lines of a transcript. */
export class Bench {
  readonly inspector: ReturnType<typeof createInspector>;
  /** Everything in order, one line each. */
  readonly transcript: string[] = [];
  readonly effects: Effect[] = [];
  readonly events: SessionEvent[] = [];
  readonly asks = new Map<number, Ask>();
  at = 0;
  #toClient = createFramer({ side: "backend", maxLength: 1 << 24 });
  #toTarget = createFramer({ side: "frontend", maxLength: 1 << 24 });

  constructor({ verdict, ...context }: BenchOptions = {}) {
    this.inspector = createInspector({
      principal: { name: "ana", kind: "user" },
      resource: { name: "prod-db", database: "shop" },
      catalog: () => EMPTY_CATALOG,
      evaluate: (operation) => ({
        ...ALLOW,
        ...(operation.type === "sql" ? {} : { outcome: "deny" }),
        ...verdict?.(operation),
      }),
      canaries: () => [],
      needsEstimate: () => false,
      labelDetectors: () => [],
      classify: (sql) => classifier.classify(sql),
      tokenKey: Buffer.alloc(32),
      token: () => "'tw:token'",
      tokenise: (sql, literals, secrets) =>
        `${sql.replaceAll(/'[^']*'/g, "'tw:token'")} (${literals.length}, ${secrets.length})`,
      reviewLink: (id) => `https://gw.example/r/${id}`,
      parameters: new Map([
        ["client_encoding", "UTF8"],
        ["standard_conforming_strings", "on"],
      ]),
      ...context,
    });
  }

  client(...messages: FrontendMessage[]): this {
    for (const message of messages) {
      this.transcript.push(`client > ${trace(message)}`);
      this.clientBytes(encodeFrontend(message));
    }
    return this;
  }

  clientBytes(bytes: Buffer): this {
    return this.#push("client", createFramer({ side: "frontend", maxLength: 1 << 24 }), bytes);
  }

  target(...messages: BackendMessage[]): this {
    for (const message of messages) {
      this.transcript.push(`target > ${trace(message)}`);
      this.targetBytes(encodeBackend(message));
    }
    return this;
  }

  targetBytes(bytes: Buffer): this {
    return this.#push("target", createFramer({ side: "backend", maxLength: 1 << 24 }), bytes);
  }

  answer(askId: number, answer: Answer): this {
    this.transcript.push(`answer ${askId} ${answer.type}`);
    return this.#receive({ type: "answer", askId, answer, at: ++this.at });
  }

  ended(side: "client" | "target"): this {
    this.transcript.push(`${side} ended`);
    return this.#receive({ type: "ended", side, at: ++this.at });
  }

  interrupted(by: Parameters<Bench["inspector"]["receive"]>[0] & { type: "interrupted" }): this {
    return this.#receive(by);
  }

  cancel(): this {
    this.transcript.push("cancel request");
    return this.#receive({ type: "interrupted", by: { type: "cancel_request" }, at: ++this.at });
  }

  /** Everything sent to a side so far, since the last call. */
  sent(side: "client" | "target"): Buffer {
    const own = this.effects.filter((effect) => effect.type === "send" && effect.to === side);
    const bytes = Buffer.concat(own.map((effect) => (effect.type === "send" ? effect.bytes : Buffer.alloc(0))));
    for (const effect of own) this.effects.splice(this.effects.indexOf(effect), 1);
    return bytes;
  }

  #push(side: "client" | "target", framer: ReturnType<typeof createFramer>, bytes: Buffer): this {
    framer.push(bytes);
    for (let framed = framer.next(); framed !== undefined; framed = framer.next()) {
      const message = side === "client" ? classified(framed) : framed;
      this.#receive({ type: "message", side, message, at: ++this.at });
    }
    return this;
  }

  #receive(input: Parameters<Bench["inspector"]["receive"]>[0]): this {
    for (const effect of this.inspector.receive(input)) {
      this.effects.push(effect);
      if (effect.type === "record") this.events.push(effect.event);
      if (effect.type === "ask") this.asks.set(effect.askId, effect.ask);
      this.transcript.push(...this.#lines(effect));
    }
    return this;
  }

  #lines(effect: Effect): readonly string[] {
    switch (effect.type) {
      case "record":
        return [`  record ${recorded(effect.event)}`];
      case "send": {
        const [framer, decode] =
          effect.to === "client"
            ? ([this.#toClient, decodeBackend] as const)
            : ([this.#toTarget, decodeFrontend] as const);
        framer.push(Buffer.from(effect.bytes));
        const lines: string[] = [];
        for (let framed = framer.next(); framed !== undefined; framed = framer.next())
          lines.push(`  < to ${effect.to} ${framed.kind === "run" ? `${framed.count} rows` : trace(decode(framed))}`);
        return lines;
      }
      case "ask":
        return [`  ask ${effect.askId} ${effect.ask.type}`];
      case "withdraw":
        return [`  withdraw ${effect.askId} ${effect.reason}`];
      case "close":
        return [`  close ${effect.reason}`];
      default:
        return [`  ${effect.type}`];
    }
  }
}

function classified(framed: PostgresMessage): PostgresMessage {
  if (framed.kind !== "message" || !carriesSql(framed.type)) return framed;
  const decoded = decodeFrontend(framed);
  if (decoded.name !== "Query" && decoded.name !== "Parse") return framed;
  return { ...framed, classification: classifier.classify(decoded.sql) };
}

function recorded(event: SessionEvent): string {
  switch (event.type) {
    case "operation":
      return `#${event.operation} ${event.outcome} ${event.ruleId ?? ""} ${event.text}`;
    case "operation_finished":
      return `#${event.operation} ${event.result} ${event.tag} ${event.rows} rows`;
    case "review":
      return `#${event.operation} review ${event.state}`;
    case "rows":
      return `#${event.operation} rows ${JSON.stringify(event.columns)} ${JSON.stringify(event.cells)}${event.truncated ? " ..." : ""}`;
    default:
      return event.type;
  }
}

export const query = (sql: string): FrontendMessage => ({ name: "Query", sql, exact: true });
export const parse = (sql: string, statement = ""): FrontendMessage => ({
  name: "Parse",
  statement,
  sql,
  exact: true,
  parameterTypes: [],
});
export const bind = (statement = "", portal = "", values: readonly (string | null)[] = []): FrontendMessage => ({
  name: "Bind",
  portal,
  statement,
  parameterFormats: [],
  parameters: parameters(values),
  resultFormats: [],
});
export const describePortal = (of = ""): FrontendMessage => ({ name: "Describe", target: "portal", of });
export const execute = (portal = ""): FrontendMessage => ({ name: "Execute", portal, maxRows: 0 });
export const close = (of: string, target: "statement" | "portal" = "statement"): FrontendMessage => ({
  name: "Close",
  target,
  of,
});
export const SYNC: FrontendMessage = { name: "Sync" };
export const ready = (status: "I" | "T" | "E" = "I"): BackendMessage => ({ name: "ReadyForQuery", status });
export const done = (tag: string): BackendMessage => ({ name: "CommandComplete", tag });
export const failed = (code: string, severity: "ERROR" | "FATAL" = "ERROR"): BackendMessage => ({
  name: "ErrorResponse",
  fields: { severity, severityLocalized: severity, code, message: "the server's words" },
});
export const rowOf = (...cells: readonly string[]): BackendMessage => ({ name: "DataRow", columns: parameters(cells) });

function parameters(values: readonly (string | null)[]) {
  const parts = values.map((value) => {
    const bytes = Buffer.from(value ?? "");
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return { buffer: Buffer.concat(parts), offset: 0, count: values.length };
}
