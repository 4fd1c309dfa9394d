import { fileURLToPath } from "node:url";
import { type CommandResult, type NodeProcess, runCommand, spawnNode, type TempDir } from "@tidewaiter/testkit";

export const CLI = fileURLToPath(new URL("../../packages/cli/bin/tidewaiter.js", import.meta.url));

/** The CLI of this checkout on a machine of its own: home and configuration are in a private directory. */
export class Cli {
  readonly home: string;
  readonly configDirectory: string;

  constructor({ path }: TempDir) {
    this.home = path;
    this.configDirectory = `${path}/tidewaiter`;
  }

  run(args: readonly string[], input?: string): Promise<CommandResult> {
    return runCommand(process.execPath, [CLI, ...args], { env: this.#env(), ...(input !== undefined && { input }) });
  }

  /** @throws when it fails */
  async ok(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input);
    if (code === 0) return stdout;
    throw new Error(`tw ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
  async json(args: readonly string[]): Promise<any> {
    return JSON.parse(await this.ok([...args, "--json"]));
  }

  /** Goes on beside the walk. */
  start(args: readonly string[]): NodeProcess {
    return spawnNode(CLI, { args, env: this.#env() });
  }

  #env(): Record<string, string | undefined> {
    return {
      HOME: this.home,
      TIDEWAITER_CONFIG_DIR: this.configDirectory,
      XDG_RUNTIME_DIR: undefined,
      PGSERVICEFILE: undefined,
      PGPASSFILE: undefined,
      PGPASSWORD: undefined,
      // it prints the address as well, and the walk takes that to a browser of its own
      BROWSER: "/bin/true",
      NO_COLOR: "1",
      TW: CLI,
    };
  }
}
