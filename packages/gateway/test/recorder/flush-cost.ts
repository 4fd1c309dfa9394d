/** Cost of one recorded event per flush: `node test/recorder/flush-cost.ts`. Prints, never asserts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordingMode, SessionEvent } from "@tidewaiter/core";
import { createRecorder } from "../../src/recorder/recorder.ts";

const ROUNDS = 9;
const PER_ROUND = 5_000;
const END = { reason: "bench", statements: 0, refused: 0, held: 0, rows: 0, bytesToClient: 0 };

function operation(number: number): SessionEvent {
  const text = `SELECT abalance FROM pgbench_accounts WHERE aid = ${number};`;
  return {
    at: Date.now(),
    type: "operation",
    operation: number,
    kind: "SELECT",
    text,
    outcome: "allow",
    policyVersion: 3,
    labels: [],
  };
}

async function measure(mode: RecordingMode): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tidewaiter-bench-"));
  const recordingKey = { keyId: "mk_1", key: Buffer.alloc(32, 7).toString("base64"), wrapped: "" };
  const controlPlane = { putSegment: async () => {} };
  const onFailure = (reason: string) => console.error(`failed: ${reason}`);
  const recorder = createRecorder({
    session: { id: "ses_bench", recordingKey },
    directory,
    controlPlane,
    mode,
    onFailure,
  });
  const micros: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < PER_ROUND; i++) {
      recorder.append(operation(i));
      void recorder.flush();
    }
    micros.push(Number(process.hrtime.bigint() - start) / 1000 / PER_ROUND);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await recorder.end(END);
  rmSync(directory, { recursive: true });
  const [best, median] = [Math.min(...micros), micros.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0];
  console.log(`${mode.padEnd(12)} ${median.toFixed(1)} us per flush of one event (median; best ${best.toFixed(1)})`);
}

for (const mode of ["strict", "bounded"] as const) await measure(mode);
