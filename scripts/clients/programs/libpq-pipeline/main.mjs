import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";

/** The test program of PostgreSQL for libpq's pipeline mode; traces are what libpq sent and received, message by message. */
const test = program("libpq_pipeline");
const work = mkdtempSync(join(tmpdir(), "tidewaiter-pipeline-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const { stdout: names } = await command(test, ["tests"]);

await runScenarios(
  Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [
        name,
        async () => {
          const trace = join(work, name);
          const { code, stdout, stderr } = await command(test, [
            "-r",
            "700",
            "-t",
            trace,
            name,
            `dbname=${process.env.PGDATABASE}`,
          ]);
          if (code !== 0) throw new Error(stderr);
          // how answers fall into reads decides when this one sends: its order differs from run to run
          return [stdout, name === "pipelined_insert" || name === "uniqviol" ? null : readFileSync(trace, "utf8")];
        },
      ]),
  ),
);
