import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../shared/command.mjs";
import { NotOffered, runScenarios } from "../shared/scenarios.mjs";

const { SSH_HOST, SSH_PORT, SSH_USER, SSH_KEY, SSH_KNOWN_HOSTS, SSH_HOME } = process.env;
const root = await fs.mkdtemp(join(tmpdir(), "tw-sshfs-"));
const at = (name) => join(root, name);
const codeOf = (promise) => promise.then(() => "done").catch(({ code }) => code);
let mounted = false;
const isMounted = () => {
  if (!mounted) throw new NotOffered("file systems cannot be mounted here");
};

async function mount() {
  const options = [
    ...[`port=${SSH_PORT}`, `IdentityFile=${SSH_KEY}`, `UserKnownHostsFile=${SSH_KNOWN_HOSTS}`],
    ...["IdentitiesOnly=yes", "BatchMode=yes", "StrictHostKeyChecking=yes", "cache=no"],
  ].flatMap((option) => ["-o", option]);
  const done = await command("sshfs", ["-F", "/dev/null", `${SSH_USER}@${SSH_HOST}:${SSH_HOME}`, root, ...options]);
  // what this machine does not let us do is not the gateway's
  if (/fuse: (mount failed|device not found|failed to exec)|fusermount3?: /.test(done.stderr))
    throw new NotOffered(`file systems cannot be mounted here: ${done.stderr.trim().split("\n").at(-1)}`);
  mounted = done.code === 0;
  return done;
}

const whenMounted = (play) => async () => {
  isMounted();
  return play();
};

await runScenarios({
  mount,
  "files written and read": whenMounted(async () => {
    const content = randomBytes(8_000_000);
    await fs.writeFile(at("big.bin"), content);
    const back = createHash("sha256").update(await fs.readFile(at("big.bin")));
    return [
      back.digest("hex") === createHash("sha256").update(content).digest("hex"),
      (await fs.stat(at("big.bin"))).size,
    ];
  }),
  "in the middle of a file": whenMounted(async () => {
    await fs.writeFile(at("middle"), "0123456789");
    const file = await fs.open(at("middle"), constants.O_RDWR);
    await file.write("XY", 4);
    await file.truncate(8);
    await file.close();
    await fs.appendFile(at("middle"), "!");
    return fs.readFile(at("middle"), "utf8");
  }),
  "folders, names and links": whenMounted(async () => {
    await fs.mkdir(at("folder/deep"), { recursive: true });
    await fs.writeFile(at("folder/one"), "1");
    await fs.rename(at("folder/one"), at("folder/deep/two ü"));
    await fs.symlink("deep", at("folder/link"));
    await fs.chmod(at("folder/deep/two ü"), 0o600);
    const { mode } = await fs.stat(at("folder/link/two ü"));
    const listed = await fs.readdir(at("folder"), { recursive: true });
    const target = await fs.readlink(at("folder/link"));
    await fs.rm(at("folder"), { recursive: true });
    return {
      listed: listed.sort(),
      target,
      mode: (mode & 0o777).toString(8),
      left: await codeOf(fs.stat(at("folder"))),
    };
  }),
  errors: whenMounted(async () => [
    await codeOf(fs.readFile(at("nowhere"))),
    await codeOf(fs.rmdir(at("given.bin"))),
    await codeOf(fs.mkdir(at("given.bin"))),
  ]),
  "many files at once": whenMounted(async () => {
    const names = Array.from({ length: 60 }, (_, n) => at(`file-${n}`));
    await Promise.all(names.map((name, n) => fs.writeFile(name, `content ${n}`)));
    const texts = await Promise.all(names.map((name) => fs.readFile(name, "utf8")));
    await Promise.all(names.map((name) => fs.rm(name)));
    return texts;
  }),
  unmount: whenMounted(async () => {
    const done = await command("fusermount3", ["-u", root]);
    await fs.rmdir(root);
    return done.code;
  }),
});
