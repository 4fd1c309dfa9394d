import { join } from "node:path";
import { hasCommand, kubernetesPrograms } from "@tidewaiter/testkit";
import { HELP, parseOptions } from "./options.ts";
import { playTour } from "./tour.ts";
import { startWorld, type World } from "./world.ts";

const interrupted = new AbortController();
const INTERRUPTED_EXIT = 130;

/** Starts the world, plays the tour or waits for Ctrl-C, and leaves nothing running. */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const stopped = new Promise<void>((resolve) => interrupted.signal.addEventListener("abort", () => resolve()));
  const print = (text: string): void => void (options.json ? process.stderr : process.stdout).write(`${text}\n`);
  const began = performance.now();
  await using world = await startWorld(options, (text) => print(`  ${text} ...`));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (options.tour) {
    const result = await Promise.race([playTour(world, print), stopped]);
    if (result === undefined) return INTERRUPTED_EXIT;
    print(
      `\nThe tour: ${result.passed} checks passed, ${result.failed} failed${result.skipped > 0 ? `, ${result.skipped} left out` : ""}.`,
    );
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.failed > 0 ? 1 : 0;
  }
  const { gateway, state, cliConfig } = world;
  const first = state.shared
    ? ""
    : `
  first:         export TIDEWAITER_CONFIG_DIR=${cliConfig}      (./tw alone talks to the demo that was here before)`;
  print(`
Tidewaiter is running (gateway, site agent, PostgreSQL 18 with 500 sample customers).   Took ${seconds} s.${first}
  as ana:        ./tw psql shop            then: select * from customers limit 5;
                 (any other client takes the URL of ./tw connect shop --url)
  be refused:    ./tw psql shop --level write      then: delete from orders;
  be held:       select email from customers;      and in a second terminal:  ./tw reviews approve --as mia
${hostLines(world)}${clusterLines(world)}  attack it:     ./tw demo attack          (an AI agent with valid access tries the corpus)
  replay:        ./tw sessions replay last --profile admin
  the API:       ${gateway.baseUrl}/v1/openapi.json
Ctrl-C stops everything and deletes the sample data${options.dataDir === undefined ? "" : `; ${options.dataDir} is kept`}.`);
  await stopped;
  print("stopping ...");
  return 0;
}

function hostLines({ sshd }: World): string {
  if (sshd === undefined) return "";
  return `  a host:        ./tw ssh web-1 -- cat ${join(sshd.home, "access.log")}      (or curl example.com)\n`;
}

function clusterLines({ cluster, kubeconfig }: World): string {
  if (cluster === undefined)
    return "  a cluster:     is left out; ./scripts/kubernetes builds one (minutes the first time), then start the demo again\n";
  const command = hasCommand("kubectl") ? "kubectl" : kubernetesPrograms().kubectl;
  return `  a cluster:     ./tw kube login prod-cluster --level write --kubeconfig ${kubeconfig}
                 export KUBECONFIG=${kubeconfig}
                 ${command} -n prod get secret db -o yaml      (or delete namespace prod)\n`;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
try {
  const code = await main();
  // an interrupted tour would go on against what is gone
  if (code === INTERRUPTED_EXIT) process.exit(code);
  process.exitCode = code;
} catch (error) {
  // Ctrl-C reaches the children as well, so whatever was being done with them fails.
  if (interrupted.signal.aborted) {
    process.stderr.write("stopped\n");
    process.exit(INTERRUPTED_EXIT);
  }
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
