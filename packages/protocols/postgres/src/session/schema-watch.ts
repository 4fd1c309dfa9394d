import type { StatementFacts } from "@tidewaiter/core";
import type { Shift } from "../catalog/shifting-catalog.ts";
import { decodeBackend } from "../decode-backend.ts";
import type { Framed } from "../framer.ts";
import { BACKEND } from "../messages.ts";

/** How long a statement waits for the answers to a schema change before it; then it is judged by the shifted snapshot. */
const ANSWER_WAIT_MS = 1_000;
/** Names that are kept apart; beyond these anything may have changed. */
const MAX_NAMES = 1_000;
/** Without one of these words a change gives no name or column to anything else. Keywords cannot be quoted or escaped. */
const MOVES = /\b(rename|schema|type|drop|attach|detach|inherit)\b/i;
/** A name written by code points. */
const ESCAPED_NAME = /u&"/i;
const WORD = /[\p{L}\p{N}_$]+/gu;
const MAX_WORDS = 10_000;
const DDL_TAG = /^(ALTER|CREATE|DROP|DO|CALL|IMPORT|REFRESH|COMMIT PREPARED)\b/;
const PREPARED_TRANSACTION = /^(COMMIT|ROLLBACK) PREPARED$/;

/**
 * Follows the schema changes of one session: from the moment one is sent until its transaction is over and the catalog has
 * been read again, the session is judged by a snapshot that allows for it.
 */
export class SchemaWatch {
  readonly #onCommit: () => void;
  /** Since the snapshot was good. */
  #now = new Notes();
  /** Of prepared statements that have a name: they may run again without their text being seen. */
  readonly #named = new Notes();
  #shift: Shift | undefined;
  #waiting: (() => void)[] = [];

  /** `onCommit`: a change may have become visible to others just now. */
  constructor(onCommit: () => void) {
    this.#onCommit = onCommit;
  }

  /** Undefined while the snapshot is good as it is; another object whenever it says something else. */
  get shift(): Shift | undefined {
    return this.#shift;
  }

  /** Statements that are about to be judged and sent. `named`: they are prepared under a name. */
  sending(sql: string, statements: readonly StatementFacts[], named: boolean): void {
    const changes = statements.filter(changesSchema);
    if (changes.length === 0) return;
    for (const facts of changes) {
      this.#now.add(sql, facts);
      if (named) this.#named.add(sql, facts);
    }
    this.#refresh();
  }

  /** Every message of the target, before it is acted on. */
  received(message: Framed): void {
    if (message.kind !== "message") return;
    if (message.type === BACKEND.CommandComplete && this.#shift === undefined) this.#completed(message);
    else if (message.type === BACKEND.ReadyForQuery) this.#answered(message);
  }

  /** The snapshot has been read after everything was answered and no transaction is open. */
  settled(): void {
    this.#now = new Notes();
    this.#shift = undefined;
  }

  /** Nothing more is heard of the session: what it sent last may have been done. */
  ended(): void {
    if (this.#shift !== undefined) this.#onCommit();
  }

  /** Resolves with the next ReadyForQuery, or after a second without one. */
  nextAnswer(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ANSWER_WAIT_MS);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** A change whose text did not just pass: that of a prepared statement. */
  #completed(message: Framed): void {
    const decoded = decodeBackend(message);
    if (decoded.name === "CommandComplete" && DDL_TAG.test(decoded.tag)) this.#refresh();
  }

  #answered(message: Framed): void {
    const decoded = decodeBackend(message);
    if (this.#shift !== undefined && decoded.name === "ReadyForQuery" && decoded.status === "I") this.#onCommit();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #refresh(): void {
    const both = [this.#now, this.#named];
    const names = new Set(both.flatMap((notes) => [...notes.names]));
    const widened = new Set(both.flatMap((notes) => [...notes.widened]));
    this.#shift = {
      names,
      widened,
      views: both.some((notes) => notes.views),
      code: both.some((notes) => notes.code === undefined)
        ? undefined
        : new Set(both.flatMap((notes) => [...(notes.code ?? [])])),
      all: both.some((notes) => notes.all) || names.size + widened.size > MAX_NAMES,
    };
  }
}

class Notes {
  readonly names = new Set<string>();
  readonly widened = new Set<string>();
  views = false;
  all = false;
  /** Every word of texts that may make or rename functions, lower case; undefined: the names may be others. */
  code: Set<string> | undefined = new Set();

  add(sql: string, { kind, class: statementClass, relations, into }: StatementFacts): void {
    const unnamed = statementClass === "code" || kind === "ALTER SCHEMA" || PREPARED_TRANSACTION.test(kind);
    if (unnamed || this.names.size + this.widened.size > MAX_NAMES) this.all = true;
    if (unnamed) this.#addCode(sql, statementClass === "code");
    this.views ||= kind.includes("VIEW") || kind.includes("RULE");
    const into_ = into === undefined ? [] : [into.name];
    const touched = [...relations.filter(({ access }) => access === "write").map(({ name }) => name), ...into_];
    const moving = MOVES.test(sql);
    for (const name of touched) (moving ? this.names : this.widened).add(name);
    // a child's columns show in its parent, which is only read by what makes it one
    if (moving) for (const { name } of relations) this.names.add(name);
  }

  #addCode(sql: string, shown: boolean): void {
    if (!shown || ESCAPED_NAME.test(sql) || (this.code?.size ?? 0) > MAX_WORDS) this.code = undefined;
    for (const [word] of sql.toLowerCase().matchAll(WORD)) this.code?.add(word);
  }
}

function changesSchema({ classes, kind }: StatementFacts): boolean {
  return classes.includes("schema") || classes.includes("code") || PREPARED_TRANSACTION.test(kind);
}
