/**
 * The tables, once for both stores. Only the subset that SQLite and PostgreSQL share is used: text and integer columns,
 * JSON as text, booleans as 0 or 1, instants as ISO 8601 text in UTC (which sorts by time). The statements are therefore
 * the same text for both and drizzle renders the placeholders of each dialect; see docs/adr/units-of-work-on-two-stores.md. The migrations make
 * the real tables, and the storage contract suite compares them with these files.
 */
export * from "./schema/access.ts";
export * from "./schema/budgets.ts";
export * from "./schema/installation.ts";
export * from "./schema/principals.ts";
export * from "./schema/proofs.ts";
export * from "./schema/resources.ts";
export * from "./schema/second-factors.ts";
export * from "./schema/sessions.ts";
export * from "./schema/sign-ins.ts";
