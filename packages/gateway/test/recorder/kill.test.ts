import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { spawnNode } from "@tidewaiter/testkit/node-process";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { afterAll, expect, it } from "vitest";
import { recoverJournals } from "../../src/recorder/recover-journals.ts";
import { recordingStore, texts } from "./recording-store.ts";

const folder = tempDir("recorder-kill");
afterAll(() => folder.remove());
const program = join(import.meta.dirname, "appending-child.ts");

/** How many events each child of the sample acknowledges before it is killed. */
const SAMPLE = [1, 2, 3, 50, 51, 120, 400, 900, 1_500, 2_500];

it("has every acknowledged event after kill -9, in order, and a chain that verifies", async () => {
  const [directory, stored] = [join(folder.path, "journals"), join(folder.path, "store")];
  for (const path of [directory, stored]) mkdirSync(path);
  const acknowledged = await Promise.all(
    SAMPLE.map(async (count) => {
      const sessionId = `ses_${count}`;
      const child = spawnNode(program, { args: [directory, stored, sessionId] });
      await child.line(new RegExp(`^${count}$`));
      child.kill("SIGKILL");
      expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
      return { sessionId, last: Number(child.output.stdout.trimEnd().split("\n").at(-1)) };
    }),
  );
  const store = recordingStore(stored);
  const recovery = await recoverJournals({ directory, controlPlane: store });
  expect(recovery.kept).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
  for (const { sessionId, last } of acknowledged) {
    const numbers = texts(store.events(sessionId)).map((text) => Number.parseInt(text, 10));
    expect(numbers.length, sessionId).toBeGreaterThanOrEqual(last);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(store.ended.get(sessionId)?.reason).toBe("gateway lost");
    expect(store.verify(sessionId)).toMatchObject({ ok: true, tail: "complete" });
  }
  expect(store.audit.map(({ type }) => type)).toEqual(recovery.torn.map(() => "recording.torn"));
}, 60_000);
