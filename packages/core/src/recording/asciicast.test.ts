import { expect, it } from "vitest";
import { asciicast } from "./asciicast.ts";
import type { SessionEvent } from "./events.ts";

const events: SessionEvent[] = [
  { at: 10_000, type: "terminal_size", operation: 1, columns: 120, rows: 30 },
  { at: 10_500, type: "terminal", operation: 1, stream: "output", text: "$ " },
  { at: 10_700, type: "terminal", operation: 2, stream: "output", text: "of another" },
  { at: 11_000, type: "terminal_size", operation: 1, columns: 80, rows: 24 },
  { at: 12_250, type: "terminal", operation: 1, stream: "output", text: "\u001b[1mhi\u001b[0m\r\n" },
];

it("is the header and what was shown, in seconds from the start", () => {
  expect(asciicast(events)?.map((line) => JSON.parse(line))).toEqual([
    { version: 2, width: 120, height: 30, timestamp: 10, env: { TERM: "xterm-256color" } },
    [0.5, "o", "$ "],
    [1, "r", "80x24"],
    [2.25, "o", "\u001b[1mhi\u001b[0m\r\n"],
  ]);
  expect(asciicast(events, 2)).toBeUndefined();
  expect(asciicast([])).toBeUndefined();
});
