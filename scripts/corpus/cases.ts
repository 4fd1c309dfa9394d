import { existsSync, readFileSync } from "node:fs";

/** One attempt to get around the gateway, or a harmless control. The fields are those of the corpus's README. */
export interface CorpusCase {
  readonly id: string;
  readonly technique: string;
  readonly sql?: string;
  readonly steps?: readonly string[];
  readonly protocol?: "extended" | "replication" | "startup";
  readonly params?: readonly string[];
  readonly result_formats?: readonly number[];
  readonly max_rows?: number;
  readonly leaks_if: {
    readonly type: "contains" | "oracle" | "side_effect" | "none";
    readonly any_of?: readonly string[];
  };
  readonly expected: "masked" | "blocked" | "approval" | "allowed";
  readonly run?: boolean;
  readonly control?: boolean;
  readonly layer?: string;
  readonly needs?: string;
  readonly why?: string;
}

const OWN = new URL("./bypass.json", import.meta.url);

/** Our copy, and on top whatever a corpus folder beside the checkout adds. */
export function loadCases(): readonly CorpusCase[] {
  const cases = new Map<string, CorpusCase>();
  for (const source of [OWN, new URL("../../../shared/corpus/bypass.json", import.meta.url)]) {
    if (!existsSync(source)) continue;
    for (const one of JSON.parse(readFileSync(source, "utf8")) as CorpusCase[]) cases.set(one.id, one);
  }
  return [...cases.values()];
}

export function fixturesSql(): string {
  return readFileSync(new URL("./fixtures.sql", import.meta.url), "utf8");
}
