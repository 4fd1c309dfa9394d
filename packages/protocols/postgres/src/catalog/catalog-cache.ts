import type { LabelMatcher, SqlClassification } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import { EMPTY_CATALOG } from "@tidewaiter/toolkit/labels/catalog";
import type { CatalogRows } from "./postgres-catalog.ts";
import { PostgresCatalog } from "./postgres-catalog.ts";

/** How old a catalog may be when a session starts, in milliseconds. DDL that passes the gateway makes it old at once. */
const MAX_AGE_MS = 30_000;

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
  readonly loadedAt: number;
}

/** One snapshot per database, shared by its sessions; one load at a time. */
export class CatalogCache {
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<Catalog>>();
  readonly #classify: (sql: string) => SqlClassification;

  constructor(classify: (sql: string) => SqlClassification) {
    this.#classify = classify;
  }

  /** The snapshot sessions judge by now; undefined before the first load. */
  current(key: string): Catalog | undefined {
    return this.#entries.get(key)?.catalog;
  }

  /** Fresh enough for a new session. Without labels in the policy nothing is read at all. */
  async fresh(request: CatalogRequest): Promise<Catalog> {
    const { key, labels } = request;
    if (labels.names.length === 0) return this.#put(key, EMPTY_CATALOG, labels.version);
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.version === labels.version && Date.now() - entry.loadedAt < MAX_AGE_MS)
      return entry.catalog;
    return this.reload(request);
  }

  reload(request: CatalogRequest): Promise<Catalog> {
    const { key, labels } = request;
    const running = this.#loading.get(`${key} ${labels.version}`);
    if (running !== undefined) return running;
    const loading = request
      .load()
      .then((rows) => this.#put(key, new PostgresCatalog(rows, labels.matcher, this.#classify), labels.version))
      .finally(() => this.#loading.delete(`${key} ${labels.version}`));
    this.#loading.set(`${key} ${labels.version}`, loading);
    return loading;
  }

  #put(key: string, catalog: Catalog, version: number): Catalog {
    this.#entries.set(key, { catalog, version, loadedAt: Date.now() });
    return catalog;
  }
}
