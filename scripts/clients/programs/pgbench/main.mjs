import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";

const pgbench = (...args) => command(program("pgbench"), args);
/** Everything but the times. */
const counts = ({ code, stdout, stderr }) => {
  const lines = stdout
    .split("\n")
    .filter((line) => /^(number of transactions|query mode|scaling|number of failed)/.test(line));
  return { code, lines, stderr: stderr.split("\n").filter((line) => /error|fatal/i.test(line)) };
};

await runScenarios({
  "initialise (server side, COPY, keys)": async () => [
    counts(await pgbench("-i", "-q", "-s", "1")),
    counts(await pgbench("-i", "-q", "-I", "dtGvpf")),
  ],
  ...Object.fromEntries(
    ["simple", "extended", "prepared"].map((mode) => [
      `${mode} protocol`,
      async () => counts(await pgbench("-n", "-M", mode, "-c", "4", "-j", "2", "-t", "50")),
    ]),
  ),
  "select only, prepared": async () => counts(await pgbench("-n", "-S", "-M", "prepared", "-c", "4", "-t", "200")),
  "a new connection per transaction": async () => counts(await pgbench("-n", "-S", "-C", "-c", "2", "-t", "20")),
});
