import { readdirSync, readFileSync } from "node:fs";
import { TidewaiterError } from "@tidewaiter/core/errors";

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** The migrations of one store in order; files are named `0001-what-it-does.sql`. */
export function readMigrations(store: "sqlite" | "postgres"): readonly Migration[] {
  const folder = new URL(`./migrations/${store}/`, import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => ({
      version: Number.parseInt(file, 10),
      name: file.replace(/\.sql$/, ""),
      sql: readFileSync(new URL(file, folder), "utf8"),
    }));
}

/** Those not yet applied. Refuses a store that a newer release has migrated. */
export function pendingMigrations(all: readonly Migration[], applied: readonly number[]): readonly Migration[] {
  const known = new Set(all.map((migration) => migration.version));
  const unknown = applied.find((version) => !known.has(version));
  if (unknown !== undefined) {
    throw new TidewaiterError("storage_unavailable", `the store was made by a newer release (migration ${unknown})`, {
      next: "Start that release, or restore a backup from before it.",
    });
  }
  return all.filter((migration) => !applied.includes(migration.version));
}

export const MIGRATIONS_TABLE =
  "create table if not exists schema_migrations (version integer primary key, name text not null, applied_at text not null)";
