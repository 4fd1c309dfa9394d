import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { type PostgresServer, type PostgresVersion, startPostgres } from "@tidewaiter/testkit";
import { type ConnectedTarget, connectTarget } from "../../src/connect-target/connect-target.ts";
import { decodeBackend } from "../../src/decode-backend.ts";
import { eachValue, type MessageView } from "../../src/decode-frontend.ts";
import { encodeQuery } from "../../src/encode-frontend.ts";
import type { ColumnRef, Lineage } from "../../src/lineage/lineage.ts";
import { readLineage } from "../../src/lineage/read-lineage.ts";
import { DerivedKeyCache } from "../../src/scram/derived-key-cache.ts";

const FIXTURES = new URL("../../../../../scripts/corpus/fixtures.sql", import.meta.url);
/** Type byte and length stand before the fields. */
const HEADER = 5;
const NOTICE = 0x4e;
const DETAIL = 0x44;

/** What a statement answered on a session that prints its trees. */
export interface Answer {
  /** As bytes: the server breaks lines inside characters too. */
  readonly trees: readonly Buffer[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** SQLSTATEs. */
  readonly errors: readonly string[];
}

/** A real server with the fixtures of the bypass corpus, and a session that prints query trees. */
export class TreeServer implements AsyncDisposable {
  readonly server: PostgresServer;
  readonly #target: ConnectedTarget;
  readonly #chunks: AsyncIterator<Buffer>;
  #pending = Buffer.alloc(0);
  #names = new Map<string, string>();

  private constructor(server: PostgresServer, target: ConnectedTarget) {
    this.server = server;
    this.#target = target;
    this.#chunks = target.stream[Symbol.asyncIterator]();
  }

  static async start(version: PostgresVersion, setup = ""): Promise<TreeServer> {
    const server = await startPostgres({ version });
    await server.sql(readFileSync(FIXTURES, "utf8"));
    if (setup !== "") await server.sql(setup);
    const target = await connectTarget(connect({ host: server.host, port: server.port }), {
      user: server.superuser,
      database: "postgres",
      parameters: new Map([
        [
          "options",
          "-c debug_print_rewritten=on -c debug_pretty_print=off -c client_min_messages=log -c statement_timeout=5s",
        ],
      ]),
      tls: { mode: "disable" },
      allowCleartext: false,
      keys: new DerivedKeyCache(),
    });
    const made = new TreeServer(server, target);
    await made.refreshNames();
    return made;
  }

  async run(sql: string): Promise<Answer> {
    this.#target.stream.write(encodeQuery(sql));
    const trees: Buffer[] = [];
    const errors: string[] = [];
    const rows: (string | null)[][] = [];
    let columns: string[] = [];
    for (;;) {
      const view = await this.#message();
      if (view.type === NOTICE) {
        const detail = treeText(view.buffer.subarray(view.start + HEADER, view.end));
        if (detail !== undefined) trees.push(detail);
        continue;
      }
      const message = decodeBackend(view);
      if (message.name === "RowDescription") columns = message.fields.map(({ name }) => name);
      if (message.name === "DataRow") rows.push([...eachValue(message.columns)].map((value) => value && String(value)));
      if (message.name === "ErrorResponse") errors.push(message.fields.code ?? "");
      if (message.name === "ReadyForQuery") return { trees, columns, rows, errors };
    }
  }

  async #message(): Promise<MessageView> {
    for (;;) {
      const end = this.#pending.length < HEADER ? Number.POSITIVE_INFINITY : 1 + this.#pending.readUInt32BE(1);
      if (this.#pending.length >= end) {
        const buffer = this.#pending.subarray(0, end);
        this.#pending = this.#pending.subarray(end);
        return { type: buffer[0] ?? 0, buffer, start: 0, end };
      }
      const { value, done } = await this.#chunks.next();
      if (done) throw new Error("the server ended the session");
      this.#pending = Buffer.concat([this.#pending, value]);
    }
  }

  /** The lineage of the statement itself: the trees of what it calls come after its own. */
  async lineage(sql: string): Promise<Lineage> {
    const { trees, errors } = await this.run(sql);
    const [tree] = trees;
    if (tree === undefined) throw new Error(`no tree for ${sql}: ${errors.join()}`);
    return readLineage(tree);
  }

  async refreshNames(): Promise<void> {
    const rows = await this.server.sql(
      `SELECT format('%s/%s', attrelid::bigint, attnum) AS key, format('%s.%s', relname, attname) AS name
       FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
       UNION ALL SELECT format('%s/0', oid::bigint), format('%s.*', relname) FROM pg_class
       UNION ALL SELECT format('%s', oid::bigint), relname FROM pg_class`,
    );
    this.#names = new Map(rows.map(({ key, name }) => [String(key), String(name)]));
  }

  name({ relation, attnum }: ColumnRef): string {
    return this.#names.get(`${relation}/${attnum}`) ?? `${relation}/${attnum}`;
  }

  relation(oid: number): string {
    return this.#names.get(String(oid)) ?? String(oid);
  }

  /**
   * One line of text: `name=column` for an output that is a column as it is, `name~columns` for any other, then uses,
   * writes and relations.
   */
  describe(lineage: Lineage): string {
    const list = (refs: readonly ColumnRef[]) => [...new Set(refs.map((ref) => this.name(ref)))].sort().join(",");
    const outputs = lineage.outputs.map(
      ({ name, sources, plain, opaque }) => `${name}${plain ? "=" : "~"}${list(sources)}${reasons(opaque)}`,
    );
    const uses = lineage.predicates.map(({ use, column, literals, partners }) => {
      const details = literals === undefined ? "" : `x${literals}`;
      return `${use}:${this.name(column)}${details}${partners === undefined ? "" : `<${list(partners)}>`}`;
    });
    const writes = lineage.writes.map(
      ({ column, sources, plain }) => `${this.name(column)}<-${list(sources)}${plain ? "=" : ""}`,
    );
    const relations = lineage.relations.map(({ oid, kind, access }) => `${access} ${this.relation(oid)}(${kind})`);
    return [
      [lineage.command, lineage.utility, ...outputs].filter((part) => part !== undefined).join(" "),
      uses.sort().join(" "),
      writes.join(" "),
      relations.sort().join(", ") + reasons(lineage.opaque),
    ]
      .join(" | ")
      .trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#target.stream.destroy();
    await this.server.stop();
  }
}

function reasons(opaque: readonly string[]): string {
  return opaque.length === 0 ? "" : `!${opaque.join()}`;
}

/** The detail of a NoticeResponse, whose fields are a code and text that a zero ends. */
function treeText(body: Buffer): Buffer | undefined {
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at + 1);
    if (body[at] === DETAIL) return Buffer.from(body.subarray(at + 1, end));
    at = end + 1;
  }
  return undefined;
}
