import { eventually } from "@tidewaiter/testkit";
import { startCaptureProxy } from "../corpus/capture-proxy.ts";
import { loadCases } from "../corpus/cases.ts";
import { runCorpus } from "../corpus/run-corpus.ts";
import { Checks, type Counts, indent, type Print, shortened, title } from "./checks.ts";
import { cluster } from "./cluster-act.ts";
import { host } from "./host-act.ts";
import { pendingReview } from "./pending-review.ts";
import { sqlClient } from "./sql-client.ts";
import { runTw } from "./tw.ts";
import type { World } from "./world.ts";

/** The whole story, act by act, told while it happens. Each act checks what a person would look for. */
export async function playTour(world: World, print: Print): Promise<Counts> {
  const checks = new Checks(print);
  checks.missing.push(...(await acts(world, print, checks)));
  return checks.counts();
}

async function acts(world: World, print: Print, checks: Checks): Promise<readonly string[]> {
  const { gateway, secrets, cliConfig } = world;
  const client = await sqlClient(gateway.port, "shop");
  const ana = (...statements: string[]): Promise<string> => client.run("ana", secrets.ana, statements);
  const show = (text: string): void => print(indent(text));
  print(`\nThe cast: ana, a developer; mia, who owns the data; ana-bot, ana's AI agent. The client: ${client.name}.`);

  title(
    print,
    1,
    "ana looks at customers: what is personal comes out masked",
    "select id, full_name, email, ssn, country from customers order by id limit 3;",
  );
  const masked = await ana("select id, full_name, email, ssn, country from customers order by id limit 3");
  show(masked);
  checks.that("rows arrive", masked.includes("(3 rows)") || masked.includes("SELECT 3"));
  checks.that("names, addresses and numbers do not", !/customer1@|Moreau|900-11-1001/.test(masked));
  checks.that(
    "an expression does not help",
    !(await ana("select reverse(email), md5(ssn) from customers where id = 1")).includes("elpmaxe"),
  );

  title(
    print,
    2,
    "ana forgets a WHERE: the statement is stopped, the session lives on",
    "delete from orders;  select count(*) from orders;",
  );
  const refused = await client.run("ana/write", secrets.ana, ["delete from orders", "select count(*) from orders"]);
  show(refused);
  checks.that("the statement is refused with its rule", refused.includes("no-unbounded-write"));
  checks.that("nothing was deleted, in the same session", refused.includes("2000"));

  title(print, 3, "ana reads every address: held on the wire until mia says yes", "select email from customers;");
  const held = ana("select email from customers");
  const review = await pendingReview(world);
  show(`... psql waits. In another terminal, mia:\n\n$ ./tw reviews show ${review}`);
  show((await runTw(cliConfig, ["reviews", "show", review, "--as", "mia"])).stdout);
  const self = await runTw(cliConfig, ["reviews", "approve", review, "--as", "ana"]);
  checks.that("ana cannot approve her own request", self.code !== 0);
  const approved = await runTw(cliConfig, ["reviews", "approve", review, "--as", "mia", "--comment", "ticket 812"]);
  show(`$ ./tw reviews approve ${review} --as mia --comment "ticket 812"\n${approved.stdout}${approved.stderr}`);
  checks.that("mia can", approved.code === 0);
  const released = await held;
  show(shortened(released));
  checks.that("the statement ran after approval", released.includes("approved by mia"));
  checks.that("all rows came, still masked", released.includes("500") && !/customer1@/.test(released));

  title(print, 4, "the recording is replayed and verified", "./tw sessions replay last");
  const replay = await eventually(async () => {
    const result = await runTw(cliConfig, ["sessions", "replay", "last", "--profile", "admin", "--reason", "the tour"]);
    return result.code === 0 && result.stdout.includes("select email from customers") ? result : undefined;
  });
  show(shortened(replay.stdout));
  checks.that("the replay tells who approved", replay.stdout.includes("mia"));
  const verified = await runTw(cliConfig, ["sessions", "verify", "last", "--profile", "admin"]);
  show(verified.stdout);
  checks.that("the recording is complete and unchanged", verified.code === 0);

  return [
    ...(await host(world, print, checks)),
    ...(await cluster(world, print, checks)),
    ...(await attack(world, print, checks, client.name)),
  ];
}

/** The last act: an AI agent with valid access tries the corpus through an unchanged psql. */
async function attack(world: World, print: Print, checks: Checks, clientName: string): Promise<readonly string[]> {
  title(print, 7, "ana-bot, with valid access, tries everything it knows to get at the data", "./tw demo attack");
  if (clientName !== "psql") {
    print("    psql is not installed, so this act is left out.");
    return ["psql"];
  }
  const { gateway, postgres, secrets } = world;
  await using proxy = await startCaptureProxy(gateway.port);
  await using referenceProxy = await startCaptureProxy(postgres.port);
  const outcomes = new Map<string, number>();
  const results = await runCorpus(loadCases(), {
    endpoint: { port: gateway.port, user: "ana-bot", password: secrets["ana-bot"], database: "shop/corpus" },
    proxy,
    reference: {
      port: postgres.port,
      user: postgres.superuser,
      password: postgres.superuserPassword,
      database: "corpus",
    },
    referenceProxy,
    onResult: ({ outcome, leaked }) =>
      outcomes.set(leaked ? "leaked" : outcome, (outcomes.get(leaked ? "leaked" : outcome) ?? 0) + 1),
  });
  print(`    ${results.length} attempts: ${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(", ")}`);
  const leaks = results.filter((result) => result.leaked);
  const wrong = results.filter((result) => result.wronglyRefused);
  checks.that(
    `nothing leaked${leaks.length > 0 ? ` (but ${leaks.map(({ id }) => id).join(", ")} did)` : ""}`,
    leaks.length === 0,
  );
  checks.that(
    `harmless statements came through unchanged${wrong.length > 0 ? ` (but ${wrong.map(({ id }) => id).join(", ")} did not)` : ""}`,
    wrong.length === 0,
  );
  return [];
}
