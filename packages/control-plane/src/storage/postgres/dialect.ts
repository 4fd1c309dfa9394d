import { createRequire } from "node:module";

/** From the CommonJS build, as all of drizzle (see ../drizzle.ts); apart from it, since the other store has no use for it. */
const { PgDialect }: typeof import("drizzle-orm/pg-core") = createRequire(import.meta.url)("drizzle-orm/pg-core");

export const dialect = new PgDialect();
