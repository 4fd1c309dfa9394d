import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

/** The environment as `main.ts` read it. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface Environment {
  readonly variables: Variables;
  /** Profiles, tokens and certificate authorities; mode 0700. */
  readonly configDir: string;
  /** Where libpq looks. */
  readonly serviceFile: string;
  readonly passFile: string;
  /** Where kubectl looks: files whose contents are taken together, the first one that says something wins. */
  readonly kubeconfigs: readonly string[];
  readonly home: string;
}

/** Variables that the CLI reads, for `tw help environment`. */
export const VARIABLES = {
  TIDEWAITER_CONFIG_DIR: "directory of profiles and tokens (default: ~/.config/tidewaiter)",
  TIDEWAITER_PROFILE: "profile to use when --profile is not given",
  TIDEWAITER_SERVER: "server to sign in to when --server is not given",
  TIDEWAITER_API_KEY: "API key of a service; better: TIDEWAITER_API_KEY_FILE",
  TIDEWAITER_API_KEY_FILE: "file that holds an API key; the same as --api-key-file",
  TIDEWAITER_WORKLOAD_TOKEN: "token of a CI job or pod for `tw login --federated`",
  TIDEWAITER_AGENT: "set for a command of `tw exec --as-agent`: the AI agent and its person",
  TIDEWAITER_SSH_CONFIG: 'set for the same: its ssh_config, as in ssh -F "$TIDEWAITER_SSH_CONFIG" HOST.tw',
  TIDEWAITER_PASSWORD: "password for `tw login`",
  TIDEWAITER_CODE: "code of an authenticator app, or a recovery code, for `tw login`",
  TIDEWAITER_NEW_PASSWORD: "password for `tw principals add` and `tw principals password`",
  TIDEWAITER_EMERGENCY_CODE: "code for `tw emergency use` and `tw emergency drill`",
  TIDEWAITER_CREDENTIAL: "password or token for `tw credentials set`",
  TIDEWAITER_DEBUG: "when set, errors of ours are shown with their stack",
  PGSERVICEFILE: "service file that `tw connect` writes (default: ~/.pg_service.conf)",
  PGPASSFILE: "password file that `tw connect` writes (default: ~/.pgpass)",
  KUBECONFIG: "files that `tw kube login` writes to, as for kubectl (default: ~/.kube/config)",
  NO_COLOR: "when set, no colours",
} as const;

export function readEnvironment(variables: Variables): Environment {
  const home = variables.HOME || homedir();
  const xdg = variables.XDG_CONFIG_HOME;
  // XDG Base Directory Specification: a relative path is to be ignored.
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, ".config");
  return {
    variables,
    home,
    configDir: variables.TIDEWAITER_CONFIG_DIR || join(base, "tidewaiter"),
    serviceFile: variables.PGSERVICEFILE || join(home, ".pg_service.conf"),
    passFile: variables.PGPASSFILE || join(home, ".pgpass"),
    kubeconfigs: kubeconfigFiles(variables.KUBECONFIG) ?? [join(home, ".kube", "config")],
  };
}

/** As kubectl reads the variable: empty names and repetitions do not count. */
function kubeconfigFiles(list: string | undefined): readonly string[] | undefined {
  const files = [...new Set((list ?? "").split(delimiter).filter((name) => name !== ""))];
  return files.length === 0 ? undefined : files;
}

/** A child of `exec` or `psql` acts with its own connection secret and learns nothing about our tokens. */
export function childVariables(variables: Variables, added: Variables): Record<string, string> {
  const own = (name: string) => name.startsWith("TIDEWAITER_") || name.startsWith("PG");
  const kept = Object.entries(variables).filter(([name]) => !own(name) || KEPT_PG.has(name));
  const all = [...kept, ...Object.entries(added)];
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Of a person's own PG variables those that do not say where, as whom, or with what secret one connects. */
const KEPT_PG = new Set(["PGAPPNAME", "PGCLIENTENCODING", "PGDATESTYLE", "PGTZ", "PGCONNECT_TIMEOUT", "PGOPTIONS"]);
