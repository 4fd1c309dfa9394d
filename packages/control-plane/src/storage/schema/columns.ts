import { integer, text } from "../drizzle.ts";

/** Kinds of columns that both stores have: ISO 8601 text in UTC (which sorts by time), 0 or 1, and JSON as text. */
export const instant = (name: string) => text(name);
export const flag = (name: string) => integer(name, { mode: "boolean" });
export const json = <T>(name: string) => text(name, { mode: "json" }).$type<T>();
