import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { makePrivateDir } from "../config/private-file.ts";
import { ProfileStore } from "../config/profiles.ts";
import type { CommandContext } from "../context.ts";
import { createContext } from "../create-context.ts";
import type { Environment } from "../environment.ts";

const PROFILE = "agent";

export interface AgentHome {
  /** Of all agents of this person; a confined child sees only its own below it. */
  readonly base: string;
  readonly directory: string;
  /** Acts with the delegation, and knows nothing of the person. */
  readonly context: CommandContext;
  remove(): Promise<void>;
}

interface Delegated {
  readonly token: string;
  readonly username: string;
  readonly expiresAt: string;
}

/** A private directory (0700) with a configuration that holds the delegation and nothing else. */
export async function makeAgentHome(person: CommandContext, delegated: Delegated): Promise<AgentHome> {
  const base = await baseDirectory(person.env);
  const directory = await mkdtemp(join(base, "agent-"));
  const { server, serverCa } = await person.profile();
  const env: Environment = {
    variables: {},
    home: directory,
    configDir: join(directory, "config"),
    serviceFile: join(directory, "pg_service.conf"),
    passFile: join(directory, "pgpass"),
    kubeconfigs: [join(directory, "kubeconfig")],
  };
  await makePrivateDir(env.configDir);
  const { token: accessToken, username: principal, expiresAt } = delegated;
  const trust = serverCa === undefined ? {} : { serverCa };
  const profile = { name: PROFILE, server, principal, accessToken, expiresAt, ...trust };
  await new ProfileStore(env.configDir).save(profile, { switch: true });
  const { output, terminal, cwd, now } = person;
  return {
    base,
    directory,
    context: createContext({ env, output, terminal, cwd, now, profileName: PROFILE }),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Memory only where the system has such a place for each user (XDG Base Directory Specification). */
async function baseDirectory({ variables }: Environment): Promise<string> {
  const runtime = variables.XDG_RUNTIME_DIR;
  const parent = runtime !== undefined && isAbsolute(runtime) ? runtime : tmpdir();
  const base = join(parent, `tidewaiter-agents-${process.getuid?.() ?? "user"}`);
  await mkdir(base, { recursive: true, mode: 0o700 });
  // fails where somebody else made it first
  await makePrivateDir(base);
  return base;
}
