import { createRequire } from "node:module";

/**
 * What is used of drizzle, from its CommonJS build. Node reads the package.json beside a `.js` module anew for every import
 * of it, and drizzle's is 180 kB long: by its ES modules each thread starts 0.8 s later and 200 MB larger.
 */
const require = createRequire(import.meta.url);

export const {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  ne,
  or,
  sql,
}: typeof import("drizzle-orm") = require("drizzle-orm");

export const {
  getTableConfig,
  integer,
  primaryKey,
  SQLiteSyncDialect,
  sqliteTable,
  text,
}: typeof import("drizzle-orm/sqlite-core") = require("drizzle-orm/sqlite-core");
