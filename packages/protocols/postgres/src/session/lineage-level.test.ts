import { describe, expect, it } from "vitest";
import type { ServerSettings } from "../lineage/server-settings.ts";
import { lineageLevel, withLineage } from "./lineage-level.ts";

const quiet: ServerSettings = {
  logMinMessages: "fatal",
  clientMinMessages: "notice",
  serverEncoding: "UTF8",
  ownLogging: [],
};

describe("the level of lineage", () => {
  it.each([
    ["nothing stands against it", quiet, "unchanged", "server"],
    ["trees would be logged", { ...quiet, logMinMessages: "warning" }, "unchanged", "view"],
    ["that they are logged was accepted", { ...quiet, logMinMessages: "warning" }, "trees_logged", "server"],
    ["the database's own lines go silent", { ...quiet, ownLogging: ["pgaudit"] }, "unchanged", "view"],
    ["that was accepted", { ...quiet, ownLogging: ["pgaudit"] }, "own_lines_silenced", "server"],
    ["the database is not in UTF-8", { ...quiet, serverEncoding: "EUC_JP" }, "trees_logged", "view"],
    ["the wrong thing was accepted", { ...quiet, logMinMessages: "log" }, "own_lines_silenced", "view"],
  ] as const)("%s", (_, settings, consent, level) =>
    expect(lineageLevel(settings, consent, new Map()).level).toBe(level),
  );

  it.each([
    [{ client_min_messages: "ERROR" }, "error"],
    [{ options: "-c search_path=x -c client_min_messages=warning" }, "warning"],
    [{ options: "--client-min-messages=error -cclient_min_messages=debug1" }, "debug1"],
    [{ options: "-c client_min_messages=loud" }, "notice"],
    [{}, "notice"],
  ])("the client's own notice level of %j", (parameters, noticeLevel) =>
    expect(lineageLevel(quiet, "unchanged", new Map(Object.entries(parameters)))).toMatchObject({ noticeLevel }),
  );

  it("cannot be overridden by what the client sends", () => {
    const given = new Map([
      ["client_min_messages", "error"],
      ["Debug_Print_Rewritten", "off"],
      ["options", "-c client_min_messages=error"],
    ]);
    const sent = withLineage(given, { noticeLevel: "error" });
    expect([...sent.keys()]).toEqual(["options"]);
    expect(sent.get("options")).toMatch(
      /^-c client_min_messages=error -c client_min_messages=log -c debug_print_rewritten=on .*-c tidewaiter\.client_min_messages=error/,
    );
  });
});
