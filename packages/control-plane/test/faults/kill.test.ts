import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { tempDir } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import { verifyAudit } from "../../src/features/audit/verify.ts";
import { openStore } from "../../src/storage/open-store.ts";

const WRITER = fileURLToPath(new URL("./writer.ts", import.meta.url));
/** Acknowledged events before the kill, per round. */
const ROUNDS = [1, 60, 250];

/** Runs the writer until it has told of so many events, kills it at once, and gives all it told of. */
async function writeAndKill(directory: string, round: number, events: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, directory, String(round)], { stdio: ["ignore", "pipe", "inherit"] });
  const told: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(line);
    if (told.length === events) child.kill("SIGKILL");
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
  return told;
}

it("has every acknowledged event after kill -9, in an unbroken chain", async () => {
  await using folder = tempDir("kill");
  const told: string[] = [];
  for (const [round, events] of ROUNDS.entries()) {
    told.push(...(await writeAndKill(folder.path, round, events)));
    const store = await openStore({ type: "sqlite", file: join(folder.path, "store.db") }, Date.now);
    expect(await verifyAudit(store.units.audit)).toMatchObject({ ok: true, problems: [] });
    const rows = await store.units.audit.list({ after: 0, type: "test", limit: 100_000 });
    const kept = new Set(rows.map((row) => (JSON.parse(row.data) as { name: string }).name));
    expect(told.filter((name) => !kept.has(name))).toEqual([]);
    await store.close();
  }
  expect(told.length).toBeGreaterThanOrEqual(311);
});
