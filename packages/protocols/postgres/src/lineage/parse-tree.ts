import { hash } from "node:crypto";
import { LineageError } from "./lineage-error.ts";
import { Datum, type TreeList, TreeNode, type TreeValue } from "./node-tree.ts";
import { DATUM_HEAD, LOCATIONS } from "./tree-shape.ts";
import { TreeTokens } from "./tree-tokens.ts";
import { unwrapLines } from "./unwrap-lines.ts";

/** Limits of one tree; what is beyond is refused. */
export const TREE_LIMITS = { bytes: 4 * 1024 * 1024, depth: 2000, nodes: 500_000 } as const;

/** Numbers and words that the walk never asks for, in so many nodes that keeping them would double the time. */
const UNUSED: ReadonlySet<string> = new Set([
  "aggcollid",
  "aggkind",
  "aggno",
  "aggpresorted",
  "aggsplit",
  "aggstar",
  "aggtransno",
  "aggtranstype",
  "aggvariadic",
  "aliasname",
  "array_collid",
  "casecollid",
  "checkAsUser",
  "coalescecollid",
  "constbyval",
  "constcollid",
  "constisnull",
  "constlen",
  "consttypmod",
  "funccollid",
  "funcformat",
  "funcvariadic",
  "hashable",
  "inFromCl",
  "inh",
  "inputcollid",
  "lateral",
  "multidims",
  "nulls_first",
  "opcollid",
  "paramcollid",
  "paramtypmod",
  "relabelformat",
  "rellockmode",
  "requiredPerms",
  "resorigcol",
  "resorigtbl",
  "resultcollid",
  "resulttypmod",
  "reverse_sort",
  "security_barrier",
  "varattnosyn",
  "varcollid",
  "varnosyn",
  "varreturningtype",
  "vartypmod",
]);

/** Kinds that carry a bare word before their fields (`{A_EXPR NOT :lexpr ...`): raw trees of utility statements. */
const WORDS_FIRST: ReadonlySet<string> = new Set(["A_EXPR", "AEXPR", "A_CONST"]);

/** PostgreSQL 14 wrote these kinds by shorter names; some are words of the grammar that no longer stand for anything else. */
const FORMER_NAMES: ReadonlyMap<string, string> = new Map([
  ["ARRAY", "ARRAYEXPR"],
  ["CASE", "CASEEXPR"],
  ["COALESCE", "COALESCEEXPR"],
  ["COLLATE", "COLLATEEXPR"],
  ["DECLARECURSOR", "DECLARECURSORSTMT"],
  ["MINMAX", "MINMAXEXPR"],
  ["ROW", "ROWEXPR"],
  ["ROWCOMPARE", "ROWCOMPAREEXPR"],
  ["WHEN", "CASEWHEN"],
]);

const OPEN = 0x28;
const CLOSE = 0x29;
const NODE = 0x7b;
const NODE_END = 0x7d;
const FIELD = 0x3a;
const QUOTE = 0x22;
const LESS = 0x3c;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
/** Lists of integers, OIDs, transaction ids, and bitmap sets begin with this letter. */
const NUMBER_LISTS: ReadonlySet<number> = new Set(["i", "o", "x", "b"].map((sign) => sign.charCodeAt(0)));

export interface ParsedTree {
  readonly value: TreeValue;
  /** 32 hex digits of SHA-256 over the text without locations. */
  readonly hash: string;
}

/**
 * Reads what `nodeToString` writes (PostgreSQL's `outfuncs.c`, read back by `read.c` and `readfuncs.c`), with the
 * line breaks of `print.c` or without.
 *
 * @throws LineageError for text that is over a limit of `TREE_LIMITS`, cut off, or not in the format.
 */
export function parseTree(text: Buffer): ParsedTree {
  if (text.length > TREE_LIMITS.bytes) throw new LineageError("too-large");
  const parser = new TreeParser(unwrapLines(text));
  return { value: parser.whole(), hash: parser.hash() };
}

class TreeParser {
  readonly #tokens: TreeTokens;
  /** Text without locations; the tokens' text is in it up to `#copied`. */
  readonly #located: Buffer;
  #length = 0;
  #copied = 0;
  #nodes = 0;
  #depth = 0;

  constructor(text: Buffer) {
    this.#tokens = new TreeTokens(text);
    this.#located = Buffer.allocUnsafe(text.length);
  }

  whole(): TreeValue {
    const value = this.#value();
    const end = this.#tokens.at;
    if (this.#tokens.peek() !== -1) throw new LineageError("malformed");
    this.#copy(end);
    return value;
  }

  hash(): string {
    return hash("sha256", this.#located.subarray(0, this.#length), "hex").slice(0, 32);
  }

  #value(): TreeValue {
    const tokens = this.#tokens;
    switch (tokens.peek()) {
      case NODE:
      case OPEN:
        return this.#nested();
      case QUOTE:
        return tokens.quoted();
      case LESS:
        return this.#none();
      case -1:
        throw new LineageError("truncated");
      default:
        return tokens.integer() ?? tokens.word();
    }
  }

  #nested(): TreeNode | TreeList {
    if (++this.#depth > TREE_LIMITS.depth) throw new LineageError("too-deep");
    if (++this.#nodes > TREE_LIMITS.nodes) throw new LineageError("too-many-nodes");
    const isNode = this.#tokens.peek() === NODE;
    this.#tokens.take();
    const value = isNode ? this.#node() : this.#list();
    this.#depth--;
    return value;
  }

  #none(): null {
    if (this.#tokens.name() !== "<>") throw new LineageError("malformed");
    return null;
  }

  #node(): TreeNode {
    const tokens = this.#tokens;
    tokens.peek();
    const kind = tokens.name();
    const fields = new Map<string, TreeValue>();
    if (WORDS_FIRST.has(kind)) while (isWordStart(tokens.peek())) tokens.word();
    for (let next = tokens.peek(); next !== NODE_END; next = tokens.peek()) {
      if (next !== FIELD) throw new LineageError(next === -1 ? "truncated" : "malformed");
      tokens.take();
      const name = tokens.name();
      if (fields.has(name)) throw new LineageError("malformed");
      if (LOCATIONS.has(name)) this.#location();
      else this.#field(name, fields);
    }
    tokens.take();
    return new TreeNode(FORMER_NAMES.get(kind) ?? kind, fields);
  }

  /** Left out of the node and of the hash. */
  #location(): void {
    const tokens = this.#tokens;
    this.#copy(tokens.at);
    tokens.peek();
    if (tokens.integer() === undefined) throw new LineageError("malformed");
    this.#copied = tokens.at;
  }

  #copy(until: number): void {
    this.#length += this.#tokens.text.copy(this.#located, this.#length, this.#copied, until);
    this.#copied = until;
  }

  #field(name: string, fields: Map<string, TreeValue>): void {
    const value = this.#value();
    if (typeof value === "object" || !UNUSED.has(name)) fields.set(name, value);
    if (typeof value === "number" && this.#tokens.peek() === BRACKET) fields.set(name, this.#datum(value));
  }

  /** `4 [ 1 0 0 0 0 0 0 0 ]`: a value that fits a word is padded to eight bytes. */
  #datum(length: number): Datum {
    const tokens = this.#tokens;
    tokens.take();
    const head: number[] = [];
    for (let next = tokens.peek(); next !== BRACKET_END; next = tokens.peek()) {
      if (next === -1) throw new LineageError("truncated");
      const byte = tokens.integer();
      if (byte === undefined) throw new LineageError("malformed");
      if (head.length < DATUM_HEAD) head.push(byte & 0xff);
    }
    tokens.take();
    return new Datum(length, head);
  }

  #list(): TreeList {
    const tokens = this.#tokens;
    const numbers = NUMBER_LISTS.has(tokens.peek()) ? this.#numberList() : undefined;
    if (numbers !== undefined) return numbers;
    const items: TreeValue[] = [];
    for (let next = tokens.peek(); next !== CLOSE; next = tokens.peek()) {
      if (next === FIELD) throw new LineageError("malformed");
      items.push(this.#value());
      if (++this.#nodes > TREE_LIMITS.nodes) throw new LineageError("too-many-nodes");
    }
    tokens.take();
    return items;
  }

  /** Undefined when the letter is only the beginning of a token (the bit string `b101`). */
  #numberList(): TreeList | undefined {
    const tokens = this.#tokens;
    const start = tokens.at;
    if (tokens.tokenEnd() !== start + 1) return undefined;
    tokens.at = start + 1;
    const items: number[] = [];
    for (let next = tokens.peek(); next !== CLOSE; next = tokens.peek()) {
      if (next === -1) throw new LineageError("truncated");
      const item = tokens.integer();
      if (item === undefined) throw new LineageError("malformed");
      items.push(item);
      if (++this.#nodes > TREE_LIMITS.nodes) throw new LineageError("too-many-nodes");
    }
    tokens.take();
    return items;
  }
}

function isWordStart(byte: number): boolean {
  return byte !== FIELD && byte !== NODE_END && byte !== -1;
}
