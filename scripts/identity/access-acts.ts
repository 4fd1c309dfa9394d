import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@tidewaiter/testkit";
import type { Act } from "./act.ts";
import { livePsql, WITHIN_MS } from "./live-session.ts";

/** Stands in a recorded statement, so that the search at the end can show that it looks into recordings. */
export const MARKER = "walk-marker-4711";
const CUSTOMERS = "select id, full_name, email, ssn from customers order by id limit 3";

/** 3. Nothing that lasts: a secret for this one psql, and one for saved connections. */
export async function useFreshSecrets({ world, checks, show, title }: Act): Promise<void> {
  const { cli, secrets, sshd } = world;
  title("ana works with secrets that are minutes old", `tw psql shop -- -c "${CUSTOMERS}"`);
  const rows = await cli.ok(["psql", "shop", "--as", "ana", "--", "-X", "-c", CUSTOMERS]);
  show(rows);
  const masked = (text: string) => !/customer1@|Moreau|900-11-1001/.test(text);
  checks.that("rows arrive, personal data is masked", rows.includes("(3 rows)") && masked(rows));
  await cli.ok(["connect", "shop", "--as", "ana"]);
  const passFile = readFileSync(join(cli.home, ".pgpass"), "utf8");
  secrets.add(
    "a connection secret in .pgpass",
    ...passFile
      .split("\n")
      .filter((line) => !/^(#|$)/.test(line))
      .map((line) => line.split(":")[4]),
  );
  const files = { PGSERVICEFILE: join(cli.home, ".pg_service.conf"), PGPASSFILE: join(cli.home, ".pgpass") };
  const plain = await runCommand("psql", ["-X", "service=shop", "-c", `select '${MARKER}' as marker`], { env: files });
  show(`$ psql service=shop -c "select '${MARKER}'"\n${plain.stdout}${plain.stderr}`);
  checks.that("psql alone works with what `tw connect` wrote", plain.stdout.includes(MARKER));
  if (sshd === undefined) {
    checks.missing.push("sshd");
    return;
  }
  const log = await cli.run(["ssh", "web-1", "--as", "ana", "--", "cat", join(sshd.home, "access.log")]);
  show(`$ tw ssh web-1 -- cat access.log\n${log.stdout}${log.stderr}`);
  checks.that("a host too, by a certificate", log.stdout.includes("POST /login") && masked(log.stdout));
  secrets.addCommandLine(cli.configDirectory);
}

/** 4. The provider takes it back: a group by SCIM, a sign-in by back-channel logout. */
export async function loseSessions({ world, checks, show, title }: Act): Promise<void> {
  const { cli, scim, pushed, idp } = world;
  title("the provider takes ana out of a group, and signs bo out, while each is in psql", "select pg_sleep(60)");
  const ofAna = await livePsql(world, "ana");
  const ofBo = await livePsql(world, "bo");
  const regrouped = await ofAna.endedBy(() => scim.removeMember(pushed.analysts, pushed.ana));
  show(`The push: PATCH /scim/v2/Groups/..., remove ana from Analysts. ana's psql:\n${regrouped.said}`);
  checks.that(
    "ana's session ends with the reason, in PostgreSQL's protocol",
    regrouped.said.includes("FATAL:  57P01: terminating connection: the grant does not cover it any more"),
  );
  checks.that(`within 5 s of the push (${regrouped.ms} ms)`, regrouped.ms < WITHIN_MS);
  checks.that(
    "she gets no new one",
    (await cli.run(["psql", "shop", "--as", "ana", "--", "-c", "select 1"])).code !== 0,
  );
  const client = await idp.provider.Client.find(idp.clientId);
  const signedOut = await ofBo.endedBy(async () => client?.backchannelLogout("u-bo", idp.sessions.get("u-bo") ?? ""));
  show(`The push: a logout token (OpenID Connect Back-Channel Logout). bo's psql:\n${signedOut.said}`);
  checks.that(
    "bo's session ends with the reason",
    signedOut.said.includes("FATAL:  57P01: terminating connection: you signed out at corp"),
  );
  checks.that(`within 5 s of the push (${signedOut.ms} ms)`, signedOut.ms < WITHIN_MS);
  const status = await cli.run(["resources", "list", "--as", "bo"]);
  checks.that("bo's command line is signed out too", status.code === 3);
}

/** 5. Access for some time; what is done with it meanwhile comes as `meanwhile`. */
export async function askForAccess({ world, checks, show, title }: Act, meanwhile: () => Promise<void>): Promise<void> {
  const { cli, gateway } = world;
  title(
    "ana asks for access, and another person decides",
    'tw request shop --level write --for 1h --reason "refund audit"',
  );
  await cli.ok(["login", "--server", gateway.baseUrl, "--as", "mia", "--password-stdin"], `${gateway.userPassword}\n`);
  world.secrets.addCommandLine(cli.configDirectory);
  const wanted = ["request", "shop", "--level", "write", "--for", "1h", "--reason", "refund audit"];
  const { shortId } = (await cli.json([...wanted, "--as", "ana"])) as { shortId: string };
  const self = await cli.run(["requests", "approve", shortId, "--as", "ana"]);
  show(`$ tw requests approve ${shortId} --as ana\n${self.stdout}${self.stderr}`);
  checks.that("ana, a reviewer herself, cannot approve it", self.code !== 0);
  const admin = await cli.run(["psql", "shop", "--as", "ana", "--", "-c", "select 1"]);
  checks.that("she has nothing yet", admin.code !== 0);
  show(
    `$ tw requests approve ${shortId} --as mia\n${await cli.ok(["requests", "approve", shortId, "--as", "mia", "--comment", "ticket 812"])}`,
  );
  const write = ["psql", "shop", "--level", "write", "--as", "ana", "--", "-X", "-c"];
  const updated = await cli.run([...write, "update orders set total = total where id = 1"]);
  show(
    `$ tw psql shop --level write -- -c "update orders set total = total where id = 1"\n${updated.stdout}${updated.stderr}`,
  );
  checks.that("mia can, and the access works", updated.stdout.includes("UPDATE 1"));
  await meanwhile();
  title("ana gives the access back early, with a psql still open", `tw requests return ${shortId}`);
  const session = await livePsql(world, "ana", ["--level", "write"]);
  const returned = await session.endedBy(() => cli.ok(["requests", "return", shortId, "--as", "ana"]));
  show(returned.said);
  checks.that("its session ends with the reason", returned.said.includes("FATAL:  57P01: terminating connection: "));
  checks.that(`within 5 s, the command included (${returned.ms} ms)`, returned.ms < WITHIN_MS);
  checks.that("and there is no access any more", (await cli.run([...write, "select 1"])).code !== 0);
}
