import type { Act } from "./act.ts";

/** What a child does: it reads what both may read, tries more, and tells what it was given. */
const CHILD = [
  "psql -XAtc 'select email from customers where id = 1' service=shop",
  "secret=$(grep -v '^#' \"$PGPASSFILE\" | head -1 | cut -d: -f5)",
  "PGPASSWORD=$secret psql 'service=shop user=ana-bot+ana/write' -XAtc 'select 1' 2>&1 || true",
  "PGPASSWORD=$secret psql 'service=shop dbname=vault' -XAtc 'select 1' 2>&1 || true",
  'echo "secret $secret"',
  'if [ -n "$TIDEWAITER_SSH_CONFIG" ]; then',
  '  ssh -F "$TIDEWAITER_SSH_CONFIG" -o BatchMode=yes web-1.tw echo ssh works',
  '  sed "s/^/key /" "$TIDEWAITER_CONFIG_DIR"/ssh/agent/id_ed25519',
  "fi",
  'sed -n \'s/.*"accessToken": *"\\([^"]*\\)".*/token \\1/p\' "$TIDEWAITER_CONFIG_DIR"/profiles/*.json',
].join("\n");

/** 6. An AI agent that acts for ana. */
export async function actAsAgent({ world, checks, show, title }: Act): Promise<void> {
  const { cli, secrets, sshd } = world;
  title("an AI agent acts for ana, with what both may", "tw exec --as-agent ana-bot -- sh -c 'psql service=shop ...'");
  const { stdout, stderr, code } = await cli.run([
    "exec",
    "--as-agent",
    "ana-bot",
    "--as",
    "ana",
    "--ttl",
    "10m",
    "--",
    "sh",
    "-ec",
    CHILD,
  ]);
  const lines = stdout.split("\n");
  const told = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  secrets.add("a connection secret of the agent", ...told("secret"));
  secrets.add("a delegation's token", ...told("token"));
  if (sshd !== undefined) secrets.addPem("the SSH key of the agent", told("key").join("\n"));
  show(`${stderr}${lines.filter((line) => !/^(secret|token|key) /.test(line)).join("\n")}`);
  checks.that(
    "it reads what both may read, masked",
    code === 0 && stdout.startsWith("***@") && !stdout.includes("customer1@"),
  );
  checks.that("it does not write, though ana may now", stdout.includes("level write is not granted to you"));
  checks.that("it does not reach `vault`, though it may for others", /vault/.test(stdout) && !/^1$/m.test(stdout));
  if (sshd === undefined) checks.missing.push("sshd");
  else checks.that("it goes to the host, by ssh as it is", /^ssh works$/m.test(stdout));
  const { events } = (await cli.json(["audit", "list", "--type", "session", "--limit", "50", "--as", "admin"])) as {
    events: object[];
  };
  const both = events.find((event) => /"ana-bot"/.test(JSON.stringify(event)) && /"ana"/.test(JSON.stringify(event)));
  show(`$ tw audit list --type session\n${JSON.stringify(both)}`);
  checks.that("both names are in the audit log", both !== undefined);
}

/** A service with a key that lasts, for the search at the end: it is used and revoked. */
export async function useApiKey({ world, checks, show, title }: Act): Promise<void> {
  const { cli, secrets, gateway } = world;
  title("a service has an API key", "tw api-keys add ci --name deploy --ttl 1h");
  const key = (await cli.ok(["api-keys", "add", "ci", "--name", "deploy", "--ttl", "1h", "--as", "admin"])).trim();
  secrets.add("an API key", key);
  const me = () => fetch(`${gateway.baseUrl}/v1/me`, { headers: { authorization: `Bearer ${key}` } });
  checks.that("it is let in as the service", (await (await me()).text()).includes('"ci"'));
  await cli.ok(["api-keys", "revoke", "deploy", "--as", "admin"]);
  const after = await me();
  show(`after tw api-keys revoke deploy: ${after.status}`);
  checks.that("and not after the key was revoked", after.status === 401);
}

/** 7. Break-glass, tried without breaking it. */
export async function drillEmergency({ world, checks, show, title }: Act): Promise<void> {
  const { cli, secrets, gateway } = world;
  title("the emergency is drilled", 'tw emergency drill night-shift --reason "monthly drill"');
  const create = ["emergency", "create", "night-shift", "--resource", "shop", "--as", "admin"];
  const { codes } = (await cli.json(create)) as { codes: string[] };
  secrets.add("an emergency code", ...codes);
  const drill = ["emergency", "drill", "night-shift", "--reason", "monthly drill", "--by", "bo", "--code-stdin"];
  const done = await cli.run([...drill, "--server", gateway.baseUrl], `${codes[0]}\n`);
  show(`${done.stdout}${done.stderr}`);
  checks.that("it would work, and nobody is signed in for it", done.code === 0 && done.stdout.includes("It works"));
  const listed = JSON.stringify(await cli.json(["emergency", "list", "--as", "admin"]));
  checks.that("no code was spent", listed.includes(`:${codes.length}`));
  const { events } = (await cli.json(["audit", "list", "--type", "emergency", "--as", "admin"])) as {
    events: { type: string }[];
  };
  checks.that(
    "the audit log says that it was a drill",
    events.some(({ type }) => type === "emergency.drilled"),
  );
}
