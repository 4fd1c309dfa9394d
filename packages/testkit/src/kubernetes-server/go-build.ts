import { findCommand, runCommand } from "../command.ts";

const PROGRESS_MS = 15_000;

export interface GoBuildOptions {
  /** Folder of the module. */
  readonly module: string;
  readonly packages: string;
  /** Folder that the programs are written to. */
  readonly output: string;
  /** Arguments of the linker, such as `-X name=value`. */
  readonly linker?: readonly string[];
  /** Ends the build; what is compiled by then stays in Go's cache, so that the next one is shorter. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Builds programs of a Go module with the Go of this machine. Resolves to the reason when that failed. */
export async function goBuild(options: GoBuildOptions): Promise<string | undefined> {
  const go = findCommand("go");
  if (go === undefined) return "there is no 'go' in PATH (Go 1.26 or newer)";
  const linker = `-ldflags=${["-s", "-w", ...(options.linker ?? [])].join(" ")}`;
  const build = ["build", "-v", "-trimpath", "-buildvcs=false", "-mod=readonly", linker, "-o", `${options.output}/`];
  const nice = findCommand("nice");
  const command = [...(nice === undefined ? [] : [nice, "-n", "10"]), go, ...build, options.packages];
  const [file = "", ...args] = command;
  let [downloaded, compiled] = [0, 0];
  const progress = setInterval(() => {
    options.say(`  ${downloaded} modules downloaded, ${compiled} packages compiled ...`);
  }, PROGRESS_MS);
  try {
    const done = await runCommand(file, args, {
      cwd: options.module,
      env: { CGO_ENABLED: "0", GOFLAGS: "", GOTOOLCHAIN: "local", GOWORK: "off" },
      signal: options.signal,
      onStderr: (chunk) => {
        for (const line of chunk.toString().split("\n")) {
          if (line.startsWith("go: downloading")) downloaded++;
          else if (line !== "") compiled++;
        }
      },
    });
    if (done.code === 0) return undefined;
    return options.signal.aborted ? "go did not build it in time" : `go could not build it: ${lastLine(done.stderr)}`;
  } finally {
    clearInterval(progress);
  }
}

/** Without addresses: which proxy a machine asks is its own business. */
function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line.replaceAll(/https?:\/\/\S+/g, "the module proxy").slice(0, 200);
}
