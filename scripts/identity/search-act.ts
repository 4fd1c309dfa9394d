import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "@tidewaiter/testkit";
import { MARKER } from "./access-acts.ts";
import type { Act } from "./act.ts";
import { readEverything } from "./read-everything.ts";
import { readPages } from "./read-pages.ts";

/** What opens everything else, and is said to in the documentation: to be kept apart from the store. */
const KEY_FILE = "master.key";

/** 8. Every secret of the walk is looked for where it must not be. */
export async function searchForSecrets({ world, checks, show, title }: Act): Promise<void> {
  const { cli, secrets, idp, gateway, postgres, sshd } = world;
  secrets.addCommandLine(cli.configDirectory);
  secrets.add("of the provider: client secret, codes, tokens", ...idp.secrets);
  title(`${secrets.size} secrets were used; each is looked for`, "grep -F -f secrets logs, files and answers");
  await eventually(
    async () =>
      ((await gateway.api("GET", "/v1/sessions?state=live")) as { sessions: unknown[] }).sessions.length === 0,
  );

  const answers = await readEverything(world);
  const recordings = answers.filter(({ path }) => path.includes("/recording?"));
  const routes = new Set(answers.map(({ route }) => route));
  const granted = new Set(answers.filter((one) => one.granted).map(({ route }) => route));
  show(`${answers.length} answers of ${routes.size} GET routes, ${recordings.length} recordings among them`);
  show(`only refusals came from: ${[...routes].filter((route) => !granted.has(route)).join(", ") || "none"}`);
  checks.that(
    "a recording was read: it holds the marker",
    recordings.some(({ text }) => text.includes(MARKER)),
  );
  report(
    "in the API's answers and recordings",
    answers.map(({ path, text }) => [path, text]),
  );

  const pages = await readPages(world);
  show(`pages of the control plane: ${pages.map(({ path }) => path).join(" ")}`);
  checks.that(
    "there are pages to search",
    pages.some(({ granted, text }) => granted && text.includes("Sign out")),
  );
  report(
    "in pages",
    pages.map(({ path, text }) => [path, text]),
  );

  const { server, agent } = gateway;
  const logs: [string, string][] = [
    ["the server's log", `${server.output.stdout}${server.output.stderr}`],
    ["the agent's log", `${agent.output.stdout}${agent.output.stderr}`],
    ["PostgreSQL's log", readFileSync(postgres.logFile, "utf8")],
    ["sshd's log", sshd?.log() ?? ""],
  ];
  show(logs.map(([name, text]) => `${name}: ${text.length} characters`).join("\n"));
  checks.that("there is a log to search", logs[0]?.[1].includes("/v1/") === true);
  report("in logs", logs);

  const files = ["server", "agent"].flatMap((part) => filesBelow(join(gateway.dataDir, part)));
  const contents = files.map((path): [string, string] => [path, readFileSync(path, "latin1")]);
  show(`${files.length} files, ${contents.reduce((sum, [, text]) => sum + text.length, 0)} bytes; not ${KEY_FILE}`);
  checks.that(
    "the store's write-ahead log is among them",
    files.some((path) => path.endsWith("-wal")),
  );
  checks.that(
    "and it is no empty store: it names night-shift",
    contents.some(([, text]) => text.includes("night-shift")),
  );
  report("in files", contents);

  function report(where: string, texts: readonly (readonly [string, string])[]): void {
    const found = texts.flatMap(([name, text]) => secrets.foundIn(text).map((secret) => `${secret} in ${name}`));
    for (const one of found.slice(0, 20)) show(`FOUND: ${one}`);
    checks.that(`none is found ${where}`, found.length === 0);
  }
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.endsWith(KEY_FILE))
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}
