import type { LabelMatcher, SqlClassification } from "@tidewaiter/core";
import { BoundLabels } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import { EMPTY_CATALOG } from "@tidewaiter/toolkit/labels/catalog";
import { BUILTIN_FUNCTIONS } from "@tidewaiter/toolkit/sql/builtin-functions";
import type { BindingStore, Bound } from "./bind-labels.ts";
import { bindLabels } from "./bind-labels.ts";
import type { ServerIdentity } from "./identity.ts";
import type { CatalogRows } from "./postgres-catalog.ts";
import { PostgresCatalog } from "./postgres-catalog.ts";

/** A snapshot older than this is compared with the server's stamp while statements go on. */
const COMPARE_AFTER_MS = 30_000;
/** Least time between two reads for a name that is not known, so that no client can make the gateway do nothing else. */
const UNKNOWN_GAP_MS = 1_000;

/** What was read over one connection; the stamp is from before the rows. */
export interface CatalogSnapshot {
  readonly server: ServerIdentity;
  /** Absent where the stamp is the one that the caller has rows for. */
  readonly rows: CatalogRows | undefined;
}

export interface CatalogRequest {
  /** Names the database as sessions ask for it: resource id and database name. */
  readonly key: string;
  /** Where the session's own connection leads; undefined until something was read for it. */
  readonly server: ServerIdentity | undefined;
  readonly labels: {
    readonly version: number;
    /** Rises when an administrator or another gateway changed what is bound for the resource. */
    readonly decisions: number;
    readonly names: readonly string[];
    readonly matcher: LabelMatcher;
  };
  /** Where the resource says other than the policy. */
  readonly unclassified?: "mask" | "detect" | undefined;
  readonly bindings: BindingStore;
  /** Reads the server's catalogs over a connection of its own. Rejects where that leads to another server. */
  readonly load: (knownStamp: string | undefined) => Promise<CatalogSnapshot>;
  /** Asks over a connection of its own; rejects likewise. */
  readonly identify: () => Promise<ServerIdentity>;
}

interface Entry {
  readonly catalog: Catalog;
  readonly version: number;
  readonly decisions: number;
  readonly rows: CatalogRows;
  readonly bound: Bound;
  /** Undefined where something was locked and could not be read: then no stamp says that it is complete. */
  readonly stamp: string | undefined;
  /** When its reading began. */
  readonly loadedAt: number;
  /** When it was last known to be what the server has. */
  comparedAt: number;
}

/** One snapshot per database and server, shared by its sessions; one load at a time. */
export class CatalogCache {
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, { readonly startedAt: number; readonly done: Promise<Catalog> }>();
  readonly #comparing = new Set<string>();
  /** When a change of a database's schema was last known to be done. */
  readonly #changedAt = new Map<string, number>();
  readonly #classify: (sql: string) => SqlClassification;

  constructor(classify: (sql: string) => SqlClassification) {
    this.#classify = classify;
  }

  /**
   * The snapshot that sessions judge by now. A policy with other labels counts from its first moment: the rows that were
   * read are labelled anew, and where none were read everything is unknown, and masked, until they are.
   */
  current(request: Pick<CatalogRequest, "key" | "server" | "labels" | "unclassified">): Catalog {
    const { labels } = request;
    const entry = this.#entries.get(entryKey(request));
    if (entry?.version === labels.version) return entry.catalog;
    if (labels.names.length === 0) return EMPTY_CATALOG;
    if (entry === undefined) return unknownCatalog(labels.names);
    return this.#put(request, entry);
  }

  /** Fresh enough for a new session: what the server at its other end has. Without labels nothing is read at all. */
  async fresh(request: CatalogRequest): Promise<Catalog> {
    const { labels, server } = request;
    if (labels.names.length === 0) return EMPTY_CATALOG;
    const entry = this.#entries.get(entryKey(request));
    if (entry?.stamp === undefined || entry.stamp !== server?.stamp || entry.decisions !== labels.decisions)
      return this.reload(request);
    entry.comparedAt = Date.now();
    return this.current(request);
  }

  /** A change of the schema is done, or may be: whoever judges next reads first. */
  schemaChanged(key: string): void {
    this.#changedAt.set(key, Date.now());
  }

  /** Whether a statement should wait for another read; `unknown`: it names something that the snapshot does not hold. */
  due(request: CatalogRequest, unknown: boolean): boolean {
    const entry = this.#entries.get(entryKey(request));
    if (entry === undefined) return true;
    const changedAt = this.#changedAt.get(request.key) ?? Number.NEGATIVE_INFINITY;
    if (entry.loadedAt <= changedAt || entry.decisions !== request.labels.decisions) return true;
    if (unknown || entry.stamp === undefined) return Date.now() - entry.loadedAt >= UNKNOWN_GAP_MS;
    if (Date.now() - entry.comparedAt >= COMPARE_AFTER_MS) this.#compare(request, entry);
    return false;
  }

  /** `whole`: an equal stamp is not enough, for it leaves out temporary relations. */
  reload(request: CatalogRequest, whole = false): Promise<Catalog> {
    const { version, decisions } = request.labels;
    const key = `${entryKey(request)} ${version} ${decisions} ${whole}`;
    const running = this.#loading.get(key);
    const changedAt = this.#changedAt.get(request.key) ?? Number.NEGATIVE_INFINITY;
    if (running !== undefined) {
      if (running.startedAt > changedAt) return running.done;
      // it may not show the change that the caller knows of
      return running.done.catch(() => undefined).then(() => this.reload(request, whole));
    }
    const done = this.#load(request, whole).finally(() => this.#loading.delete(key));
    this.#loading.set(key, { startedAt: Date.now(), done });
    return done;
  }

  async #load(request: CatalogRequest, whole: boolean): Promise<Catalog> {
    const { key, labels, bindings: store } = request;
    const loadedAt = Date.now();
    const before = this.#entries.get(entryKey(request));
    const { server, rows = before?.rows } = await request.load(whole ? undefined : before?.stamp);
    if (rows === undefined) throw new Error("nothing was read of the catalog");
    const place = { ...request, key, server };
    const known = this.#entries.get(entryKey(place))?.bound;
    const bound = await bindLabels(server, rows, { store, matcher: labels.matcher, known });
    const stamp = [...rows.views.values()].includes("") ? undefined : server.stamp;
    return this.#put(place, { rows, bound, stamp, loadedAt, comparedAt: loadedAt, decisions: labels.decisions });
  }

  /** What changed past the gateway is felt some time later, without making anybody wait for a look that finds nothing. */
  #compare(request: CatalogRequest, entry: Entry): void {
    const key = entryKey(request);
    if (this.#comparing.has(key)) return;
    this.#comparing.add(key);
    const compared = request.identify().then(({ stamp }) => {
      if (stamp === entry.stamp) entry.comparedAt = Date.now();
      else this.schemaChanged(request.key);
    });
    // a target out of reach is told by the sessions that need it
    void compared.catch(() => {}).finally(() => this.#comparing.delete(key));
  }

  #put(
    request: Pick<CatalogRequest, "key" | "server" | "labels" | "unclassified">,
    read: Omit<Entry, "catalog" | "version">,
  ): Catalog {
    const { matcher, version } = request.labels;
    const labels = new BoundLabels(read.bound.relations, matcher, request.unclassified ?? matcher.unclassified);
    const catalog = new PostgresCatalog(read.rows, labels, this.#classify, (schema, name) =>
      matcher.declaredReads(schema, name),
    );
    this.#entries.set(entryKey(request), { ...read, catalog, version });
    return catalog;
  }
}

/** Made several times per statement, from the one object that a session has of its server. */
const entryKeys = new WeakMap<ServerIdentity, { readonly key: string; readonly made: string }>();

function entryKey({ key, server }: Pick<CatalogRequest, "key" | "server">): string {
  if (server === undefined) return key;
  const known = entryKeys.get(server);
  if (known?.key === key) return known.made;
  const made = `${key} ${server.systemId}/${server.databaseOid}`;
  entryKeys.set(server, { key, made });
  return made;
}

/** Labels exist and nothing is known of the database: everything counts as sensitive. */
function unknownCatalog(labels: readonly string[]): Catalog {
  return {
    hasLabels: true,
    labels,
    byOid: () => undefined,
    find: () => [],
    triggers: true,
    code: (called, { name }) =>
      called === "function" && !BUILTIN_FUNCTIONS.has(name) ? [{ name }] : [{ name, opaque: true }],
    codeByOid: (oid) => [{ name: `function ${oid}` }],
  };
}
