import { existsSync } from "node:fs";
import { join } from "node:path";
import { failed, type Outcome, type Suite, type SuiteOptions, skipped } from "./outcome.ts";
import { lastLines, runCommand } from "./run-command.ts";

/** Suites that run the whole product as a user does. */
export const endToEndSuites: readonly Suite[] = [
  {
    name: "corpus",
    about:
      "the bypass corpus through the real gateway (labels by names and by the server's lineage, on every release, with --long)",
    run: (options) => {
      const command = ["node", "scripts/corpus/main.ts", "--json", ...(options.long ? ["--all"] : [])];
      return counted(options, "scripts/corpus/main.ts", command);
    },
  },
  {
    name: "regression",
    about: "PostgreSQL's own regression suite, directly and through the gateway",
    run: (options) => {
      const command = ["node", "scripts/regression/main.ts", "--json", ...(options.long ? [] : ["--sample"])];
      return counted(options, "scripts/regression/main.ts", command);
    },
  },
  {
    name: "clients",
    about: "real clients, directly and through the gateway (all of them with --long)",
    run: (options) => counted(options, "scripts/clients/main.ts", clientMatrix(options)),
  },
  {
    name: "kube-clients",
    about:
      "kubectl, helm and client libraries at a real API server, directly and through the gateway (all of them with --long)",
    run: (options) => counted(options, "scripts/clients/main.ts", clientMatrix(options, "kubernetes")),
  },
  {
    name: "ssh-clients",
    about: "real clients of SSH, directly and through the gateway (all of them with --long)",
    run: (options) => counted(options, "scripts/clients/main.ts", clientMatrix(options, "ssh")),
  },
  {
    name: "benign",
    about: "what real tools send, directly and through the gateway (all of them, on every release, with --long)",
    run: (options) => {
      const command = ["node", "scripts/benign/main.ts", "--json", options.long ? "--long" : "--sample"];
      return counted(options, "scripts/benign/main.ts", command);
    },
  },
  {
    name: "fuzz",
    about: "statements before and after one labelled cell changes, labels by names and by the server's lineage",
    run: (options) =>
      counted(options, "scripts/fuzz/main.ts", [
        ...["node", "scripts/fuzz/main.ts", "--json"],
        options.long ? "--long" : "--sample",
      ]),
  },
  {
    name: "tour",
    about: "the demo's story with its outcome asserted",
    run: (options) => counted(options, "scripts/demo", ["./scripts/demo", "--tour", "--json"]),
  },
  {
    name: "identity",
    about: "a walk through sign-in, secrets, revocation and emergencies, then a search for every secret it used",
    run: (options) => counted(options, "scripts/identity/main.ts", ["node", "scripts/identity/main.ts", "--json"]),
  },
];

/** A long run writes the page of its clients as well. */
function clientMatrix({ long }: SuiteOptions, of = "postgres"): string[] {
  return ["node", "scripts/clients/main.ts", of, "--json", long ? "--write" : "--sample"];
}

/**
 * Runs a program whose last line of output is a JSON object with the numbers `passed`, `failed` and `skipped` and, if
 * it likes, the lists of words `failures` and `missing`.
 */
async function counted(options: SuiteOptions, file: string, command: readonly string[]): Promise<Outcome> {
  if (!existsSync(join(options.root, file))) return skipped(file);
  const finished = await runCommand(options, command, options.long ? { TIDEWAITER_LONG: "1" } : {});
  const outcome = readCounts(finished.stdout);
  if (outcome === undefined) {
    return failed(
      `${command.join(" ")} told no counts (exit code ${finished.code})\n${lastLines(finished.output, 60)}`,
    );
  }
  if (finished.code === 0 || outcome.failed > 0) return outcome;
  const why = `${command.join(" ")} ended with exit code ${finished.code}\n${lastLines(finished.output, 60)}`;
  return { ...outcome, failed: 1, failures: [...outcome.failures, why] };
}

export function readCounts(stdout: string): Outcome | undefined {
  const candidates = [stdout.trim(), stdout.trim().split("\n").at(-1) ?? ""];
  for (const text of candidates) {
    const value = parse(text);
    const { passed, failed, skipped } = value ?? {};
    if (!isCount(passed) || !isCount(failed) || !isCount(skipped)) continue;
    return { passed, failed, skipped, failures: words(value?.failures), missing: words(value?.missing) };
  }
  return undefined;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? value.map((one) => (typeof one === "string" ? one : JSON.stringify(one))) : [];
}
