import { type Document, isMap, isSeq, parseDocument, Scalar, visit, type YAMLMap, type YAMLSeq } from "yaml";
import { CliError } from "../errors.ts";

/** The lists of a kubeconfig, and under which key an entry holds what it is about. */
const INNER = { clusters: "cluster", users: "user", contexts: "context" } as const;

export type EntryList = keyof typeof INNER;

const EMPTY = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n";

/** What a reader in YAML 1.1, as kubectl is, would take for no string. */
const AMBIGUOUS = /^(?:y|n|yes|no|on|off|true|false|null|~|[-+]?\.?\d.*|[-+]?\.(?:inf|nan))$/i;

/** How the file was written, as far as that is not kept by each value. */
interface Style {
  readonly indentSeq: boolean;
  readonly flowCollectionPadding: boolean;
  readonly json: boolean;
}

/**
 * One kubeconfig (Kubernetes, "Organizing Cluster Access Using kubeconfig Files") as a document that is changed entry by
 * entry: what is not ours stays as it is, comments and order too.
 */
export class Kubeconfig {
  readonly #document: Document;
  readonly #style: Style;

  private constructor(document: Document, style: Style) {
    this.#document = document;
    this.#style = style;
  }

  /** `undefined`: there is no such file yet. @throws CliError `failure` when it is no kubeconfig */
  static parse(text: string | undefined, path: string): Kubeconfig {
    const source = text === undefined || text.trim() === "" ? EMPTY : text;
    // every value is text: what looks like a number keeps its form
    const document = parseDocument(source, { schema: "failsafe" });
    const [problem] = document.errors;
    const why = problem?.message.split("\n")[0] ?? (isMap(document.contents) ? undefined : "it is no mapping");
    if (why !== undefined) throw unreadable(path, why);
    for (const list of Object.keys(INNER)) {
      const value = document.get(list);
      if (value !== undefined && !isNull(value) && !isSeq(value)) throw unreadable(path, `${list} is no list`);
    }
    const indentSeq = /^(?:clusters|contexts|users):[^\n]*\n(?:[ \t]*#[^\n]*\n)*[ \t]+- /m.test(source);
    const json = source.trimStart().startsWith("{");
    return new Kubeconfig(document, { indentSeq, flowCollectionPadding: !/\{[^\s}]/.test(source), json });
  }

  names(list: EntryList): readonly string[] {
    return this.#items(list).map((item) => String(item.get("name")));
  }

  /** What the entry holds, as plain data. */
  get(list: EntryList, name: string): unknown {
    const inner = this.#item(list, name)?.get(INNER[list]);
    return isMap(inner) ? inner.toJS(this.#document) : undefined;
  }

  /** Replaces an entry at its place, or adds it at the end. */
  set(list: EntryList, name: string, value: object): void {
    const node = this.#node(value);
    const item = this.#item(list, name);
    if (item !== undefined) {
      item.set(INNER[list], node);
      return;
    }
    const entry = this.#document.createNode({}) as YAMLMap;
    // the order of kubectl: the name stands last
    entry.set(INNER[list], node);
    entry.set("name", this.#node(name));
    this.#list(list).add(entry);
  }

  /** Changes single keys of an entry and leaves its others, such as a context's namespace. */
  merge(list: EntryList, name: string, value: Readonly<Record<string, unknown>>): void {
    const inner = this.#item(list, name)?.get(INNER[list]);
    if (!isMap(inner)) this.set(list, name, value);
    else for (const [key, each] of Object.entries(value)) inner.set(key, this.#node(each));
  }

  remove(list: EntryList, name: string): void {
    const seq = this.#document.get(list);
    if (!isSeq(seq)) return;
    const at = seq.items.findIndex((item) => isMap(item) && String(item.get("name")) === name);
    if (at < 0) return;
    seq.delete(at);
    // an empty list has no other form
    if (seq.items.length === 0) seq.flow = true;
  }

  get currentContext(): string | undefined {
    const name = this.#document.get("current-context");
    return typeof name === "string" && !isNull(name) ? name : undefined;
  }

  set currentContext(name: string | undefined) {
    if (name === undefined) this.#document.delete("current-context");
    else this.#document.set("current-context", this.#node(name));
  }

  toString(): string {
    const { json, ...style } = this.#style;
    const quoted = json ? ({ defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "QUOTE_DOUBLE" } as const) : {};
    return this.#document.toString({ lineWidth: 0, ...style, ...quoted });
  }

  #node(value: unknown) {
    const node = this.#document.createNode(value);
    visit(node, {
      Scalar: (_key, scalar) => {
        if (typeof scalar.value === "string" && AMBIGUOUS.test(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE;
      },
    });
    return node;
  }

  #list(list: EntryList): YAMLSeq {
    const known = this.#document.get(list);
    const seq = isSeq(known) ? known : (this.#document.createNode([]) as YAMLSeq);
    if (!isSeq(known)) this.#document.set(list, seq);
    if (seq.items.length === 0 && !this.#style.json) seq.flow = false;
    return seq;
  }

  #items(list: EntryList): YAMLMap[] {
    const seq = this.#document.get(list);
    return isSeq(seq) ? seq.items.filter((item): item is YAMLMap => isMap(item)) : [];
  }

  #item(list: EntryList, name: string): YAMLMap | undefined {
    return this.#items(list).find((item) => String(item.get("name")) === name);
  }
}

function isNull(value: unknown): boolean {
  return value === null || value === "" || value === "null" || value === "~";
}

function unreadable(path: string, why: string): CliError {
  return new CliError("failure", `${path} is not a kubeconfig that can be changed`, { why });
}
