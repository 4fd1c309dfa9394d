import packageJson from "../package.json" with { type: "json" };
import { createContext } from "./create-context.ts";
import { readEnvironment } from "./environment.ts";
import { CliError, systemCode } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { createTerminal } from "./input/terminal.ts";
import { wantsColour } from "./output/colour.ts";
import { Output } from "./output/output.ts";
import { runPassed } from "./process/packages.ts";
import { runProgram } from "./program.ts";

const { stdin, stdout, stderr } = process;
const argv = process.argv.slice(2);
const env = readEnvironment(process.env);

// A reader that has seen enough (`| head`) is no error.
for (const stream of [stdout, stderr]) {
  stream.on("error", (error) => {
    if (systemCode(error) !== "EPIPE") throw error;
    process.exit(EXIT_CODES.ok.code);
  });
}

const outputFor = (json: boolean) =>
  new Output({
    json,
    stdout: {
      write: (text) => stdout.write(text),
      colour: wantsColour(process.env, stdout.isTTY),
      size: () => (stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : undefined),
    },
    stderr: { write: (text) => stderr.write(text), colour: wantsColour(process.env, stderr.isTTY) },
  });

function report(error: unknown): number {
  const end = argv.indexOf("--");
  const output = outputFor(argv.slice(0, end < 0 ? argv.length : end).includes("--json"));
  const known = error instanceof CliError ? error : bug(error);
  output.error(known);
  return EXIT_CODES[known.exit].code;
}

function bug(error: unknown): CliError {
  const message = error instanceof Error ? error.message : String(error);
  const stack = process.env.TIDEWAITER_DEBUG && error instanceof Error ? `\n${error.stack ?? ""}` : "";
  return new CliError("failure", `an error of ours: ${message}`, {
    why: `This should not happen; please report it.${stack}`,
    next: "Run it again with TIDEWAITER_DEBUG=1 to see where it comes from.",
  });
}

try {
  process.exitCode = await runProgram(argv, {
    version: packageJson.version,
    stdout: (text) => stdout.write(text),
    stderr: (text) => stderr.write(text),
    start: ({ json, profile, apiKeyFile }) =>
      createContext({
        env,
        output: outputFor(json === true),
        terminal: createTerminal({ stdin, stderr }),
        cwd: process.cwd(),
        now: Date.now,
        profileName: profile,
        ...(apiKeyFile !== undefined && { apiKeyFile }),
      }),
    runProgram: (passed, args) => runPassed(passed, args, process.env),
  });
} catch (error) {
  process.exitCode = report(error);
}
