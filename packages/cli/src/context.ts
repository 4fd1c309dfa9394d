import type { Api } from "./api/client.ts";
import type { Profile } from "./config/profiles.ts";
import type { Environment } from "./environment.ts";
import type { Terminal } from "./input/terminal.ts";
import type { Output } from "./output/output.ts";

/** What a command gets: nothing in it is global. */
export interface CommandContext {
  readonly env: Environment;
  readonly output: Output;
  readonly terminal: Terminal;
  readonly cwd: string;
  readonly now: () => number;
  /** Given by `--profile` or `--as`; else the environment, else the current one. */
  readonly profileName: string | undefined;
  /** Given by `--api-key-file`. */
  readonly apiKeyFile?: string;
  /** The signed-in profile. @throws CliError `not_signed_in` */
  profile(): Promise<Profile>;
  /** The API as that profile. @throws CliError `not_signed_in` */
  api(): Promise<Api>;
}
