import type { BoundValue, Statement } from "../statement.ts";
import type { ClientMessage } from "./tap.ts";

type Draft = { -readonly [Key in keyof Statement]: Statement[Key] };
type Name = (text: string) => Promise<string>;

/** Makes lines of what clients send: one per Query or Execute, what stands before a Sync in the last line before it. */
export class Recorder {
  readonly lines: Statement[] = [];
  readonly #name: Name;
  readonly #database: string;
  readonly #sql = new Map<string, string>();
  readonly #drafts = new Map<number, Draft>();

  /** `name` replaces OIDs in a text by names. */
  constructor(database: string, name: Name) {
    this.#database = database;
    this.#name = name;
  }

  async note(message: ClientMessage): Promise<void> {
    const { session, type, body } = message;
    if (type === "Q") {
      const sql = await this.#name(body.subarray(0, -1).toString());
      this.lines.push({ ...this.#start(message), protocol: "simple", sql });
    } else if (type === "d") {
      const last = this.lines.at(-1);
      if (last !== undefined) (last as Draft).copy = (last.copy ?? "") + body.toString();
    } else if ("PBDECHS".includes(type)) {
      const draft = this.#drafts.get(session) ?? { ...this.#start(message), protocol: "extended", sql: "", send: "" };
      this.#drafts.set(session, draft);
      await this.#add(draft, type, body);
    }
  }

  #start({ session, database }: ClientMessage): Pick<Statement, "session" | "database"> {
    return { session, ...(database !== this.#database && { database }) };
  }

  async #add(draft: Draft, type: string, body: Buffer): Promise<void> {
    const reader = new Reader(body);
    const { session } = draft;
    if (type === "S") {
      const last = this.lines.at(-1);
      // Sync belongs to the statement before it
      if (draft.send === "" && last?.session === session && last.send !== undefined) (last as Draft).send += "S";
      else this.lines.push({ ...draft, send: `${draft.send}S` });
      this.#drafts.delete(session);
      return;
    }
    if (type === "P") {
      const name = reader.text();
      draft.sql = await this.#name(reader.text());
      const types = reader.shorts((inner) => inner.int());
      if (name !== "") draft.name = name;
      if (types.length > 0) draft.types = types.map((oid) => (oid >= 16384 ? 0 : oid));
      this.#sql.set(`${session} ${name}`, draft.sql);
    } else if (type === "B") {
      const portal = reader.text();
      const name = reader.text();
      const formats = reader.shorts((inner) => inner.short());
      const values = reader.shorts((inner) => inner.value());
      const results = reader.shorts((inner) => inner.short());
      if (portal !== "") draft.portal = portal;
      this.#use(draft, name);
      if (formats.length > 0) draft.formats = formats;
      if (results.length > 0) draft.results = results;
      draft.params = await Promise.all(
        values.map((value, index) => this.#value(value, formats[formats.length === 1 ? 0 : index] ?? 0)),
      );
    } else if (type === "D" || type === "C") {
      const statement = body[0] === 0x53;
      reader.skip(1);
      const name = reader.text();
      if (statement) this.#use(draft, name);
      else if (name !== "") draft.portal = name;
      draft.send += statement === (type === "D") ? type.toLowerCase() : type;
      return;
    } else if (type === "E") {
      const portal = reader.text();
      const maxRows = reader.int();
      if (portal !== "") draft.portal = portal;
      if (maxRows > 0) draft.maxRows = maxRows;
    }
    draft.send += type;
    if (type === "E") {
      this.lines.push(draft);
      this.#drafts.delete(session);
    }
  }

  #use(draft: Draft, name: string): void {
    if (name !== "") draft.name = name;
    if (draft.sql === "") draft.sql = this.#sql.get(`${draft.session} ${name}`) ?? "";
  }

  async #value(value: Buffer | null, format: number): Promise<BoundValue> {
    if (value === null) return null;
    const text = value.toString();
    return format === 0 && Buffer.from(text).equals(value) ? this.#name(text) : { hex: value.toString("hex") };
  }
}

class Reader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  skip(count: number): void {
    this.#at += count;
  }

  text(): string {
    const end = this.#body.indexOf(0, this.#at);
    const text = this.#body.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  short(): number {
    this.#at += 2;
    return this.#body.readInt16BE(this.#at - 2);
  }

  int(): number {
    this.#at += 4;
    return this.#body.readUInt32BE(this.#at - 4);
  }

  value(): Buffer | null {
    const length = this.int() | 0;
    if (length < 0) return null;
    this.#at += length;
    return this.#body.subarray(this.#at - length, this.#at);
  }

  shorts<T>(one: (reader: this) => T): T[] {
    return Array.from({ length: this.short() }, () => one(this));
  }
}
