import { ACCESS_LEVELS, type AccessLevel } from "@tidewaiter/core/resource";
import { CliError } from "../errors.ts";

/** @throws CliError `usage` */
export function parseLevel(text: string): AccessLevel {
  const level = ACCESS_LEVELS.find((known) => known === text);
  if (level !== undefined) return level;
  throw new CliError("usage", `"${text}" is no access level`, { why: `there are: ${ACCESS_LEVELS.join(", ")}` });
}
