import { type CommandResult, eventually, kubectl, kubernetesNeed } from "@tidewaiter/testkit";
import { type Checks, indent, type Print, shortened, title } from "./checks.ts";
import { SECRET_VALUE } from "./cluster.ts";
import { pendingReview } from "./pending-review.ts";
import { runTw } from "./tw.ts";
import type { World } from "./world.ts";

const ENCODED = Buffer.from(SECRET_VALUE).toString("base64");

/** A cluster: an unchanged kubectl, and the cluster knows who it was. */
export async function cluster(world: World, print: Print, checks: Checks): Promise<readonly string[]> {
  const { cluster: prod, cliConfig, kubeconfig } = world;
  title(print, 6, "ana looks after the cluster with her own kubectl", "./tw kube login prod-cluster --level write");
  if (prod === undefined) {
    print("    The API server of the tests is not built (./scripts/kubernetes does it), so this act is left out.");
    return [kubernetesNeed];
  }
  const show = (text: string): void => print(indent(text));
  const kube = async (...args: string[]): Promise<CommandResult> => {
    const result = await kubectl(args, { kubeconfig });
    show(`$ kubectl ${args.join(" ")}\n${shortened(`${result.stdout}${result.stderr}`)}\n`);
    return result;
  };
  const login = ["kube", "login", "prod-cluster", "--level", "write", "--as", "ana", "--kubeconfig", kubeconfig];
  show((await runTw(cliConfig, login)).stdout);

  const secret = await kube("-n", "prod", "get", "secret", "db", "-o", "yaml");
  checks.that("the Secret comes with its keys", /^ {2}password: /m.test(secret.stdout));
  checks.that("and without its values", !secret.stdout.includes(ENCODED) && !secret.stdout.includes(SECRET_VALUE));
  const refused = await kube("delete", "namespace", "prod");
  checks.that("a namespace is not deleted, and the rule is named", refused.stderr.includes("no-namespace-deletion"));
  checks.that("kubectl ends with 1", refused.code === 1);

  const command = ["-n", "prod", "exec", "web-1", "--", "sh", "-c", "echo $HOSTNAME"];
  const held = kubectl(command, { kubeconfig });
  const review = await pendingReview(world);
  await runTw(cliConfig, ["reviews", "approve", review, "--as", "mia", "--comment", "ticket 813"]);
  const released = await held;
  show(`$ kubectl ${command.map(quoted).join(" ")}\n${released.stderr}${released.stdout}\n`);
  checks.that("a command in production waits for mia", released.stderr.includes('approved by mia: "ticket 813"'));
  checks.that("then it runs in the container", released.stdout.trim() === "web-1");

  const logout = await runTw(cliConfig, ["kube", "logout", "prod-cluster", "--as", "ana", "--kubeconfig", kubeconfig]);
  show(`$ ./tw kube logout prod-cluster\n${logout.stdout}${logout.stderr}\n`);
  const replay = await eventually(
    async () => {
      const look = ["sessions", "replay", "last", "--profile", "admin", "--reason", "the tour"];
      const result = await runTw(cliConfig, look);
      return result.stdout.includes("session ended") && result.stdout.includes("HOSTNAME") ? result : undefined;
    },
    { within: 10_000 },
  );
  show(`$ ./tw sessions replay last\n${shortened(replay.stdout)}\n`);
  checks.that("the session ends with her secret", replay.stdout.includes("the connection secret was revoked"));
  checks.that("the recording tells what was refused", replay.stdout.includes("refused [no-namespace-deletion]"));
  checks.that("who approved what", replay.stdout.includes("approved by mia"));
  checks.that("and no value of the Secret", ![ENCODED, SECRET_VALUE].some((text) => replay.stdout.includes(text)));

  const entry = await eventually(() =>
    prod.auditLog().find(({ verb, objectRef }) => verb === "get" && objectRef?.resource === "secrets"),
  );
  const { impersonatedUser, user, verb, requestURI } = entry;
  const line = { verb, requestURI, user: user.username, impersonatedUser: impersonatedUser?.username };
  show(`The cluster's own audit log:\n${JSON.stringify(line)}`);
  checks.that("the cluster knows that it was ana", impersonatedUser?.username === "ana");
  return [];
}

function quoted(word: string): string {
  return /[\s$]/.test(word) ? `'${word}'` : word;
}
