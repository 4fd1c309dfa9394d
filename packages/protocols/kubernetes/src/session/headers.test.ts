import { detectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { describe, expect, test } from "vitest";
import { toClient, toTarget } from "./headers.ts";

describe("headers on their way", () => {
  test("nothing that a client says of who it is reaches the API server, nor what belongs to the connection", () => {
    const sent = toTarget({
      accept: "application/json",
      authorization: "Bearer x",
      connection: "keep-alive",
      cookie: "a=b",
      "impersonate-user": "root",
      "x-remote-user": "root",
      "x-forwarded-for": "10.0.0.1",
      "user-agent": "kubectl",
    });
    expect(sent).toEqual({ accept: "application/json", "user-agent": "kubectl" });
  });

  test("warnings come without what the detectors find in them", () => {
    const detectors = detectorSet(["email"], { patterns: [], phoneRegions: [] });
    const warning = '299 - "unknown field: ana.someone@example.com"';
    const headers = { warning, "audit-id": "1", "transfer-encoding": "chunked", "content-length": "3" };
    expect(toClient(headers, { changed: true, detectors, quotes: false })).toEqual({
      warning: expect.not.stringContaining("someone@"),
      "audit-id": "1",
    });
    expect(toClient(headers, { changed: false, detectors: undefined, quotes: false })).toEqual({
      warning,
      "audit-id": "1",
      "content-length": "3",
    });
  });
});
