import { decodeFrontend } from "../../src/decode-frontend.ts";
import { encodeBackend } from "../../src/encode-backend.ts";
import { errorFields } from "../../src/errors.ts";
import { createFramer } from "../../src/framer.ts";
import type { BackendMessage, FieldDescription, FrontendMessage, TransactionStatus } from "../../src/messages.ts";

/** What the model says of a statement. */
export interface ModelStatement {
  readonly columns?: readonly FieldDescription[];
  readonly rows?: readonly (readonly string[])[];
  readonly tag: string;
}

export interface ModelOptions {
  /** Is it refused with 42501 as soon as it is read? For the model that stands for a server without a gateway. */
  readonly refuses: (sql: string) => boolean;
  /** SQLSTATE with which a statement fails when it runs. */
  readonly failsWith: (sql: string) => string | undefined;
  readonly statement: (sql: string) => ModelStatement;
}

/**
 * A model of a server's protocol: replies, their order, skip-to-Sync, transaction state, names. One statement per string.
 * It knows no SQL beyond what its options say.
 */
export class ModelServer {
  status: TransactionStatus = "I";
  readonly #options: ModelOptions;
  readonly #framer = createFramer({ side: "frontend", maxLength: 1 << 20 });
  readonly #prepared = new Map<string, string>();
  readonly #portals = new Map<string, { readonly sql: string; done: boolean }>();
  #skipping = false;
  #copying: "simple" | "extended" | undefined;
  #out: Buffer[] = [];
  /** SQL of every statement that ran. */
  readonly ran: string[] = [];

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  /** Bytes of the client's side in, whole replies out. */
  take(bytes: Uint8Array): Buffer[] {
    this.#out = [];
    this.#framer.push(Buffer.from(bytes));
    for (let message = this.#framer.next(); message !== undefined; message = this.#framer.next()) {
      if (message.kind === "message") this.#message(decodeFrontend(message));
    }
    return this.#out;
  }

  #send(message: BackendMessage): void {
    this.#out.push(encodeBackend(message));
  }

  #message(message: FrontendMessage): void {
    if (this.#copying !== undefined) return this.#inCopy(message);
    if (this.#skipping && message.name !== "Sync" && message.name !== "Terminate") return;
    switch (message.name) {
      case "Query":
        return this.#query(message.sql);
      case "Parse":
        return this.#parse(message.statement, message.sql);
      case "Bind":
        return this.#bind(message.portal, message.statement);
      case "Describe":
        return this.#describe(message.target, message.of);
      case "Execute":
        return this.#execute(message.portal);
      case "Close":
        (message.target === "statement" ? this.#prepared : this.#portals).delete(message.of);
        return this.#send({ name: "CloseComplete" });
      case "Sync":
        this.#skipping = false;
        return this.#ready();
      default:
        return undefined;
    }
  }

  #inCopy(message: FrontendMessage): void {
    if (message.name !== "CopyDone" && message.name !== "CopyFail") return;
    const simple = this.#copying === "simple";
    this.#copying = undefined;
    if (message.name === "CopyFail") this.#error("57014", simple);
    else this.#send({ name: "CommandComplete", tag: "COPY 1" });
    if (simple) this.#ready();
  }

  /** Portals end with their transaction, that of a simple Query too. */
  #ready(): void {
    if (this.status === "I") this.#portals.clear();
    this.#send({ name: "ReadyForQuery", status: this.status });
  }

  #error(code: string, simple: boolean): void {
    if (this.status === "T") this.status = "E";
    this.#skipping = !simple;
    this.#send({ name: "ErrorResponse", fields: errorFields("ERROR", { code, message: `model ${code}` }) });
  }

  #failure(sql: string): string | undefined {
    return this.#notAnalysed(sql) ?? this.#options.failsWith(sql);
  }

  /** A syntax error is said in any state; in a failed transaction nothing else is looked at; then come permissions. */
  #notAnalysed(sql: string): string | undefined {
    if (/^\w+_refused$/.test(sql)) return "42601";
    if (this.status === "E" && sql !== "" && !/^(rollback|commit)$/.test(sql)) return "25P02";
    return this.#options.refuses(sql) ? "42501" : undefined;
  }

  #query(sql: string): void {
    if (sql === "") this.#send({ name: "EmptyQueryResponse" });
    else {
      const code = this.#failure(sql);
      if (code !== undefined) this.#error(code, true);
      else if (this.#run(sql, true)) return;
    }
    this.#ready();
  }

  /** True: a COPY FROM STDIN has begun. */
  #run(sql: string, describe: boolean): boolean {
    this.ran.push(sql);
    if (sql.startsWith("copy")) {
      this.#copying = describe ? "simple" : "extended";
      this.#send({ name: "CopyInResponse", format: 0, columnFormats: [0] });
      return true;
    }
    const { columns, rows = [], tag } = this.#options.statement(sql);
    if (describe && columns !== undefined) this.#send({ name: "RowDescription", fields: columns });
    for (const row of rows) this.#row(row);
    if (sql === "begin") this.status = "T";
    if (sql === "commit" || sql === "rollback") this.status = "I";
    this.#send({ name: "CommandComplete", tag });
    return false;
  }

  #row(cells: readonly string[]): void {
    const parts = cells.map((cell) => {
      const value = Buffer.from(cell);
      const length = Buffer.alloc(4);
      length.writeInt32BE(value.length);
      return Buffer.concat([length, value]);
    });
    this.#send({ name: "DataRow", columns: { buffer: Buffer.concat(parts), offset: 0, count: cells.length } });
  }

  #parse(name: string, sql: string): void {
    const code = this.#notAnalysed(sql) ?? (sql === "select unparsable" ? "42703" : undefined);
    if (code !== undefined) return this.#error(code, false);
    if (name !== "" && this.#prepared.has(name)) return this.#error("42P05", false);
    this.#prepared.set(name, sql);
    return this.#send({ name: "ParseComplete" });
  }

  #bind(portal: string, statement: string): void {
    const sql = this.#prepared.get(statement);
    if (sql === undefined) return this.#error("26000", false);
    if (portal !== "" && this.#portals.has(portal)) return this.#error("42P03", false);
    this.#portals.set(portal, { sql, done: false });
    return this.#send({ name: "BindComplete" });
  }

  #describe(target: "statement" | "portal", of: string): void {
    const sql = target === "statement" ? this.#prepared.get(of) : this.#portals.get(of)?.sql;
    if (sql === undefined) return this.#error(target === "statement" ? "26000" : "34000", false);
    if (target === "statement") this.#send({ name: "ParameterDescription", typeOids: [] });
    const { columns } = this.#options.statement(sql);
    return this.#send(columns === undefined ? { name: "NoData" } : { name: "RowDescription", fields: columns });
  }

  #execute(name: string): void {
    const portal = this.#portals.get(name);
    if (portal === undefined) return this.#error("34000", false);
    const code = this.#failure(portal.sql);
    if (code !== undefined) return this.#error(code, false);
    if (portal.done) return this.#runAgain(portal.sql);
    portal.done = true;
    this.#run(portal.sql, false);
    return undefined;
  }

  /** A portal that ran to its end has no more rows; one without rows cannot run twice. */
  #runAgain(sql: string): void {
    if (this.#options.statement(sql).columns === undefined) this.#error("55000", false);
    else this.#send({ name: "CommandComplete", tag: "SELECT 0" });
  }
}
