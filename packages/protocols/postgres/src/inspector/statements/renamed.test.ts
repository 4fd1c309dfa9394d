import type { StatementFacts } from "@tidewaiter/core";
import { loadClassifier } from "@tidewaiter/toolkit/sql/classifier";
import { beforeAll, describe, expect, it } from "vitest";
import { ownColumnName, renamed } from "./renamed.ts";

let classifier: Awaited<ReturnType<typeof loadClassifier>>;
beforeAll(async () => {
  classifier = await loadClassifier();
});

function factsOf(sql: string): readonly StatementFacts[] {
  const read = classifier.classify(sql);
  if (!read.ok) throw new Error(read.message);
  return read.statements;
}

describe("settings that lineage needs", () => {
  it.each([
    ["SET client_min_messages = warning", "SET SESSION tidewaiter.client_min_messages TO 'warning'"],
    ["set session Client_Min_Messages to 'ERROR'", "SET SESSION tidewaiter.client_min_messages TO 'ERROR'"],
    ["SET client_min_messages TO DEFAULT", "RESET tidewaiter.client_min_messages"],
    ["reset /* x */ client_min_messages", "RESET tidewaiter.client_min_messages"],
    ["show debug_pretty_print", "SHOW tidewaiter.debug_pretty_print"],
    [
      "begin; set local debug_print_rewritten = on; select 1",
      "begin; SET LOCAL tidewaiter.debug_print_rewritten TO 'on'; select 1",
    ],
    [
      "select set_config('client_min_messages', 'error', false), 'client_min_messages'",
      "select set_config('tidewaiter.client_min_messages', 'error', false), 'client_min_messages'",
    ],
  ])("%s", (sql, expected) => expect(renamed(sql, factsOf(sql))).toBe(expected));

  it.each([
    "set client_min_messages = loud",
    "set debug_pretty_print = perhaps",
    "set work_mem = '4MB'",
    "reset all",
    "select 'client_min_messages'",
  ])("leaves %s as it is", (sql) => expect(renamed(sql, factsOf(sql))).toBeUndefined());

  it("names columns as the client knows them", () => {
    expect(ownColumnName("tidewaiter.client_min_messages")).toBe("client_min_messages");
    expect(ownColumnName("tidewaiter.principal")).toBeUndefined();
    expect(ownColumnName("client_min_messages")).toBeUndefined();
  });
});
