import { findPostgres, skipUnless } from "@tidewaiter/testkit";
import { describe } from "vitest";
import type { StoreKind } from "./running.ts";

const found = await findPostgres("18");
const postgres = skipUnless(found.available, "PostgreSQL 18");

/** Tests on a store in PostgreSQL. Where it is missing they are skipped, counted, and say so. */
export function onPostgres(define: () => void): void {
  postgres.describe("PostgreSQL", define);
}

/** The same tests on either store, in one file: for those that take seconds. Longer ones have a file for each store. */
export function onEitherStore(name: string, define: (store: StoreKind) => void): void {
  describe(`${name} (sqlite)`, () => define("sqlite"));
  postgres.describe(`${name} (postgres)`, () => define("postgres"));
}
