import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Everything else relies on the tables that it makes. */
export const SETUP = "test_setup";

/** Names of all tests in the order of `parallel_schedule`, each group from left to right. */
export function readSchedule(directory: string): readonly string[] {
  return parseSchedule(readFileSync(join(directory, "parallel_schedule"), "utf8"));
}

export function parseSchedule(text: string): readonly string[] {
  const tests: string[] = [];
  for (const line of text.split("\n")) {
    const names = /^test:\s*(.*)$/.exec(line.trim())?.[1];
    if (names !== undefined) tests.push(...names.split(/\s+/).filter((name) => name !== ""));
  }
  return tests;
}

/**
 * The tests asked for, in the order of the schedule, behind the one that makes the common tables.
 * @throws Error with a text for the user when there is no such test
 */
export function chosen(all: readonly string[], wanted: readonly string[] | undefined): readonly string[] {
  if (wanted === undefined) return all;
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`there is no test ${unknown.join(", ")}`);
  return all.filter((name) => name === SETUP || wanted.includes(name));
}
