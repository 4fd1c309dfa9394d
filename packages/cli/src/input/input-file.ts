import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { CommandContext } from "../context.ts";
import { CliError, systemCode } from "../errors.ts";

const WHY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  EACCES: "you may not read it",
  EISDIR: "it is a directory",
};

/** A text file that the command line names. @throws CliError `usage` */
export async function readInputFile({ cwd }: Pick<CommandContext, "cwd">, path: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), "utf8");
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

export function unreadable(path: string, cause: unknown): CliError {
  const code = systemCode(cause) ?? "";
  return new CliError("usage", `${path} cannot be read`, {
    why: WHY[code] ?? (code || "it is not text in UTF-8"),
    cause,
  });
}
