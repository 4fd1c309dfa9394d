import type { StatementFacts } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";

/**
 * May the statement run code that it does not show: of triggers, also of those that a commit runs; or of functions that the
 * policy declares, which says what they read and not what they set? Such code can switch the server's query trees off, or
 * change what names mean, before anybody sees it.
 */
export function mayRunUnshown(all: readonly StatementFacts[], catalog: Catalog): boolean {
  return all.some(
    ({ transaction, writes, copy, functions }) =>
      (catalog.triggers && (writes.length > 0 || copy?.direction === "from" || transaction === "commit")) ||
      functions.some((called) => catalog.code("function", called).some(({ declared }) => declared !== undefined)),
  );
}
