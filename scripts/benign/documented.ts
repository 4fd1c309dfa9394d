import { readdirSync, readFileSync } from "node:fs";
import type { Capture, Statement } from "./statement.ts";

const FOLDER = new URL("./documented/", import.meta.url);
const HEADER = /^-- (tool|version|source|as|protocol): (.*)$/;
const OPTION = /^-- (with|rows|expect|derived): (.*)$/;
const BINARY = [1];

/** How the driver of a tool sends a statement. */
type Protocol = "simple" | "pgjdbc" | "prepared";

/**
 * Tools that cannot be run here: what they ask, by their documentation or public source, in our words. Statements stand
 * apart by empty lines; below one may stand `-- with: VALUE | VALUE` (its parameters), `-- rows: N` (per Execute),
 * `-- expect: RULE` and `-- derived: COLUMN,COLUMN` (as in Statement). A paragraph of comments alone is for the reader.
 */
export function loadDocumented(): readonly Capture[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => parse(readFileSync(new URL(file, FOLDER), "utf8")));
}

function parse(text: string): Capture {
  const [first = "", ...blocks] = text.trim().split(/\n\n+/);
  const header = new Map(first.split("\n").map((line) => [HEADER.exec(line)?.[1], HEADER.exec(line)?.[2] ?? ""]));
  const field = (name: string) => header.get(name) ?? "";
  const protocol = field("protocol") as Protocol;
  return {
    tool: field("tool"),
    version: field("version"),
    licence: field("source"),
    obtained: "documented",
    principal: field("as"),
    server: "15",
    statements: blocks
      .filter((block) => !block.split("\n").every((line) => /^--|^$/.test(line)))
      .map(statement(protocol)),
  };
}

function statement(protocol: Protocol) {
  return (block: string, index: number): Statement => {
    const lines = block.split("\n");
    const options = new Map(lines.map((line) => [OPTION.exec(line)?.[1], OPTION.exec(line)?.[2] ?? ""]));
    const sql = lines
      .filter((line) => !OPTION.test(line))
      .join("\n")
      .replace(/;\s*$/, "");
    const expect = options.get("expect");
    const derived = options.get("derived")?.split(",").map(Number);
    const marks = { ...(expect !== undefined && { expect }), ...(derived !== undefined && { derived }) };
    if (protocol === "simple") return { session: 1, protocol: "simple", sql, ...marks };
    const params = options.get("with")?.split(" | ") ?? [];
    const maxRows = Number(options.get("rows") ?? 0);
    const sent = { session: 1, protocol: "extended", sql, params, ...(maxRows > 0 && { maxRows }), ...marks } as const;
    // libraries that prepare everything describe nothing again and read binary
    if (protocol === "prepared") return { ...sent, send: "PdBES", name: String(index), results: BINARY };
    return { ...sent, send: "PBDES" };
  };
}
