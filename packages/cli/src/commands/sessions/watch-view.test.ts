import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { expect, it } from "vitest";
import { fakeContext } from "../../fake-context.test-data.ts";
import { WatchView } from "./watch-view.ts";

const size = (operation: number): SessionEvent => {
  return { at: 2, type: "terminal_size", operation, columns: 80, rows: 24 };
};
const output = (operation: number, text: string): SessionEvent => {
  return { at: 3, type: "terminal", operation, stream: "output", text };
};
const notice = (text: string): SessionEvent => ({ at: 4, type: "notice", code: "N", text });
const finished = (operation: number): SessionEvent => {
  const result = { result: "completed", tag: "exit 0", rows: 0, bytes: 0, durationMs: 1 } as const;
  return { at: 5, type: "operation_finished", operation, ...result };
};
const ended: SessionEvent = {
  at: 6,
  type: "session_ended",
  reason: "client left",
  statements: 1,
  refused: 0,
  held: 0,
  rows: 0,
  bytesToClient: 9,
};

function view(asLines = false) {
  const { context, written } = fakeContext();
  const made = new WatchView({ output: context.output, startedAt: 0, revealSealed: false, asLines });
  const show = (...events: SessionEvent[]) => {
    for (const event of events) made.show(event);
  };
  return { view: made, show, written };
}

it("shows of the past the terminal that is open, and the last events", () => {
  const { view: made, show, written } = view();
  for (let number = 1; number <= 15; number++) show(notice(`n${number}`));
  show(size(1), output(1, "of the first"), finished(1));
  show(size(2), output(2, "\u001b[2Jof the "), notice("not in a picture"), output(2, "second"));
  expect(written).toEqual({ stdout: "", stderr: "" });
  made.live();
  expect(written.stderr).toBe("(6 earlier events are not shown)\n");
  expect(written.stdout).toContain("n15\n");
  expect(written.stdout).toContain("exit 0");
  expect(written.stdout).not.toContain("n6\n");
  expect(written.stdout).not.toContain("of the first");
  expect(written.stdout.endsWith("\u001b[2Jof the second")).toBe(true);
});

it("shows one terminal at a time as it looks, then lines again", () => {
  const { view: made, show, written } = view();
  made.live();
  show(notice("before"), size(1), size(2), output(1, "one"), output(2, "other"), output(1, "\u001b]0;t"));
  show(output(1, "itle\u0007!"), notice("hidden"), finished(1), notice("after"));
  expect(written.stdout).toMatch(/before\none!\n.*exit 0.*\n.*after\n$/);
  expect(written.stdout).not.toMatch(/other|hidden|title/);
  show(size(3), output(3, "three"), ended);
  expect(written.stdout).toMatch(/three\n.*session ended: client left\n.*\n$/);
  expect(made.saidEnd).toBe(true);
});

it("tells everything in lines when asked to", () => {
  const { view: made, show, written } = view(true);
  made.live();
  show(size(1), output(1, "a\u001b[1mb"));
  expect(written.stdout).toMatch(/terminal 80x24\n.*a\\e\[1mb\n$/);
});

it("keeps no more of a terminal's past than a screen needs", () => {
  const { view: made, show, written } = view();
  show(size(1));
  for (let number = 0; number < 100; number++) show(output(1, `${number}${"x".repeat(100_000)}`));
  made.close();
  expect(written.stdout.length).toBeLessThan(4_200_000);
  expect(written.stdout).toContain("99x");
});
