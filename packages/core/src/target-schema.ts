import type { z } from "zod";
import { TidewaiterError } from "./errors.ts";

/** @throws TidewaiterError `bad_request` that names the first field that does not fit */
export function parseTarget<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new TidewaiterError("bad_request", `target.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`);
}
