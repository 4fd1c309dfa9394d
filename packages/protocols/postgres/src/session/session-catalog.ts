import type { SqlClassification, StatementFacts } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import type { CatalogCache, CatalogRequest } from "../catalog/catalog-cache.ts";
import type { Shift } from "../catalog/shifting-catalog.ts";
import { ShiftingCatalog } from "../catalog/shifting-catalog.ts";
import type { Answers, PostgresInspector } from "../inspector/create-inspector.ts";
import type { SchemaWatch } from "./schema-watch.ts";

/** Rounds of answers that a statement waits for before it is judged by what is known. */
const MAX_WAITS = 3;

/** The catalog as one session may rely on it: the shared snapshot, and what the session's own changes did to it. */
export class SessionCatalog {
  readonly #catalogs: CatalogCache;
  readonly #request: () => CatalogRequest;
  readonly #watch: SchemaWatch;
  /** The last one made, for as long as what it is made of stays. */
  #shifting: { readonly catalog: Catalog; readonly shift: Shift; readonly made: ShiftingCatalog } | undefined;

  constructor(catalogs: CatalogCache, request: () => CatalogRequest, watch: SchemaWatch) {
    this.#catalogs = catalogs;
    this.#request = request;
    this.#watch = watch;
  }

  current(): Catalog {
    const catalog = this.#catalogs.current(this.#request());
    const { shift } = this.#watch;
    if (shift === undefined || !catalog.hasLabels) return catalog;
    if (this.#shifting?.catalog !== catalog || this.#shifting.shift !== shift)
      this.#shifting = { catalog, shift, made: new ShiftingCatalog(catalog, shift) };
    return this.#shifting.made;
  }

  /** `whole`: what is looked for may be a temporary relation. */
  reload(whole = false): Promise<boolean> {
    return this.#catalogs.reload(this.#request(), whole).then(
      () => true,
      () => false,
    );
  }

  /**
   * Before a statement is judged: a relation or function that the snapshot does not know, or a change of the schema that is done, makes
   * it be read once more. What is still unknown then counts as sensitive. Undefined: the snapshot is good as it is.
   */
  freshen(classification: SqlClassification | undefined): Promise<unknown> | undefined {
    const request = this.#request();
    const catalog = this.#catalogs.current(request);
    if (!catalog.hasLabels && request.labels.names.length === 0) return undefined;
    const unknown =
      classification?.ok === true && classification.statements.some((facts) => namesUnknown(facts, catalog));
    // a catalog that cannot be read leaves the old one, under which unknown names are masked
    return this.#catalogs.due(request, unknown) ? this.reload(unknown) : undefined;
  }

  /**
   * After a change of the session's own: waits for the answers that are on their way and reads again, once no transaction
   * keeps the change from others. Undefined: there is nothing to wait for.
   */
  settle(inspector: Pick<PostgresInspector, "answers" | "status">): Promise<void> | undefined {
    if (this.#watch.shift === undefined || this.#request().labels.names.length === 0) return undefined;
    return isOver(inspector) || inspector.answers === "coming" ? this.#settle(inspector) : undefined;
  }

  async #settle(inspector: Pick<PostgresInspector, "answers" | "status">): Promise<void> {
    for (let wait = 0; wait < MAX_WAITS && inspector.answers === "coming"; wait++) await this.#watch.nextAnswer();
    if (isOver(inspector) && (await this.reload(true)) && isOver(inspector)) this.#watch.settled();
  }
}

function isOver({ answers, status }: { readonly answers: Answers; readonly status: string }): boolean {
  return answers === "none" && status === "I";
}

function namesUnknown({ relations, functions }: StatementFacts, catalog: Catalog): boolean {
  return (
    relations.some(({ schema, name, access }) => access === "read" && catalog.find(schema, name).length === 0) ||
    functions.some((called) => catalog.code("function", called).some(({ unlisted }) => unlisted))
  );
}
