import type { LabelMatcher, SqlClassification } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import { EMPTY_CATALOG } from "@tidewaiter/toolkit/labels/catalog";
import type { CatalogRows } from "./postgres-catalog.ts";
import { PostgresCatalog } from "./postgres-catalog.ts";

/** How old a catalog may be when a session starts, in milliseconds. */
const MAX_AGE_MS = 30_000;
/** For so long after DDL was seen a snapshot may be from before it: it runs a little later than it is seen. */
const SETTLE_MS = 1_000;
/** Least time between two reads for one reason, so that no client can make the gateway do nothing else. */
const MIN_GAP_MS = { changed: 100, unknown: 1_000 } as const;

export interface CatalogRequest {
  /** Names the database: resource id and database name. */
  readonly key: string;
  readonly labels: { readonly version: number; readonly names: readonly string[]; readonly matcher: LabelMatcher };
  /** Reads the server's catalogs over a connection of its own. */
  readonly load: () => Promise<CatalogRows>;
}

interface Entry {
  readonly catalog: Catalog;
  readonly version: number;
  readonly rows: CatalogRows;
  /** When its reading began. */
  readonly loadedAt: number;
}

/** One snapshot per database, shared by its sessions; one load at a time. */
export class CatalogCache {
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<Catalog>>();
  /** When DDL for a database was last seen. */
  readonly #changedAt = new Map<string, number>();
  readonly #classify: (sql: string) => SqlClassification;

  constructor(classify: (sql: string) => SqlClassification) {
    this.#classify = classify;
  }

  /**
   * The snapshot that sessions judge by now. A policy with other labels counts from its first moment: the rows that were
   * read are labelled anew, and where none were read everything is unknown, and masked, until they are.
   */
  current({ key, labels }: Pick<CatalogRequest, "key" | "labels">): Catalog {
    const entry = this.#entries.get(key);
    if (entry?.version === labels.version) return entry.catalog;
    if (labels.names.length === 0) return EMPTY_CATALOG;
    if (entry?.rows === undefined) return unknownCatalog(labels.names);
    return this.#put(key, labels, entry.rows, entry.loadedAt);
  }

  /** Fresh enough for a new session. Without labels in the policy nothing is read at all. */
  async fresh(request: CatalogRequest): Promise<Catalog> {
    const { key, labels } = request;
    if (labels.names.length === 0) return EMPTY_CATALOG;
    const entry = this.#entries.get(key);
    if (entry !== undefined && Date.now() - entry.loadedAt < MAX_AGE_MS) return this.current(request);
    return this.reload(request);
  }

  schemaChanges(key: string): void {
    this.#changedAt.set(key, Date.now());
  }

  /** Whether a statement should wait for another read; `unknown`: it names something that the snapshot does not hold. */
  due(key: string, unknown: boolean): boolean {
    const loadedAt = this.#entries.get(key)?.loadedAt ?? 0;
    const age = Date.now() - loadedAt;
    const changedAt = this.#changedAt.get(key) ?? Number.NEGATIVE_INFINITY;
    if (loadedAt <= changedAt) return true;
    return loadedAt < changedAt + SETTLE_MS ? age >= MIN_GAP_MS.changed : unknown && age >= MIN_GAP_MS.unknown;
  }

  reload(request: CatalogRequest): Promise<Catalog> {
    const { key, labels } = request;
    const running = this.#loading.get(`${key} ${labels.version}`);
    if (running !== undefined) return running;
    const startedAt = Date.now();
    const loading = request
      .load()
      .then((rows) => this.#put(key, labels, rows, startedAt))
      .finally(() => this.#loading.delete(`${key} ${labels.version}`));
    this.#loading.set(`${key} ${labels.version}`, loading);
    return loading;
  }

  #put(key: string, labels: CatalogRequest["labels"], rows: CatalogRows, loadedAt: number): Catalog {
    const catalog = new PostgresCatalog(rows, labels.matcher, this.#classify);
    this.#entries.set(key, { catalog, version: labels.version, rows, loadedAt });
    return catalog;
  }
}

/** Labels exist and nothing is known of the database: everything counts as sensitive. */
function unknownCatalog(labels: readonly string[]): Catalog {
  return {
    hasLabels: true,
    labels,
    byOid: () => undefined,
    find: () => [],
    isBuiltinFunction: () => false,
    isBuiltinOperator: () => false,
    isRowFunction: () => true,
    isHarmlessFunction: () => false,
  };
}
