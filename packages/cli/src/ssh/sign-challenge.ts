import { spawn } from "node:child_process";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError, systemCode } from "../errors.ts";

/**
 * Signs with the private half of a key, which lies beside the public one or in the agent. ssh-keygen asks for a passphrase
 * on the terminal by itself.
 * @param file that the public key was read from; undefined: from stdin
 * @throws CliError when the private half is not here
 */
export async function signChallenge(
  challenge: string,
  { publicKey, file }: { readonly publicKey: string; readonly file: string | undefined },
): Promise<string> {
  const beside = file?.endsWith(".pub") ? file.slice(0, -".pub".length) : undefined;
  if (beside !== undefined && (await isThere(beside))) return sign(challenge, beside);
  const folder = await mkdtemp(join(tmpdir(), "tw-key-"));
  try {
    // with the public half ssh-keygen asks the agent for the other one
    const known = join(folder, "key.pub");
    await writeFile(known, `${publicKey}\n`);
    return await sign(challenge, known);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function sign(challenge: string, keyFile: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh-keygen", ["-q", "-Y", "sign", "-n", "tidewaiter", "-f", keyFile], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let signature = "";
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      signature += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(challenge);
    child.once("error", (cause) => {
      const missing = systemCode(cause) === "ENOENT";
      reject(
        missing
          ? new CliError("missing_program", "ssh-keygen is not installed", {
              why: "it shows that you hold the key, and comes with the OpenSSH client",
              next: "Install it (Debian: apt-get install openssh-client).",
              cause,
            })
          : cause,
      );
    });
    child.once("close", (code) => {
      if (code === 0) return resolve(signature);
      const why = said.trim().split("\n").at(-1) ?? "";
      reject(
        new CliError("usage", "the private half of this key is not here", {
          ...(why !== "" && { why }),
          next: "Register it where the key is: its file beside the .pub, or in the agent (ssh-add).",
        }),
      );
    });
  });
}
