import type { SqlClassification } from "@tidewaiter/core/sql-facts";

/** To the worker, one at a time. */
export type ClassifyRequest = { readonly sql: string };
/** From the worker: `ready` once when the parser stands, then answers. */
export type ClassifyAnswer = { readonly ready: true } | { readonly classification: SqlClassification };
