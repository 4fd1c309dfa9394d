import { type CommandResult, eventually, kubectl } from "@tidewaiter/testkit";
import { type Checks, indent, type Print, shortened, title } from "./checks.ts";
import { SECRET_VALUE } from "./cluster.ts";
import { runTw } from "./tw.ts";
import type { World } from "./world.ts";

const ENCODED = Buffer.from(SECRET_VALUE).toString("base64");

/** A cluster: an unchanged kubectl, and the cluster knows who it was. */
export async function cluster(world: World, print: Print, checks: Checks): Promise<readonly string[]> {
  const { cluster: prod, cliConfig, kubeconfig } = world;
  title(print, 6, "ana looks after the cluster with her own kubectl", "./tw kube login prod-cluster --level write");
  if (prod === undefined) {
    print("    The API server of the tests is not built (./scripts/kubernetes does it), so this act is left out.");
    return ["Kubernetes"];
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

  const replay = await eventually(async () => {
    const result = await runTw(cliConfig, ["sessions", "replay", "last", "--profile", "admin", "--reason", "the tour"]);
    return result.code === 0 && result.stdout.includes("no-namespace-deletion") ? result : undefined;
  });
  show(`$ ./tw sessions replay last\n${shortened(replay.stdout)}\n`);
  checks.that("the recording has no value of the Secret", !replay.stdout.includes(ENCODED));

  const entry = await eventually(() =>
    prod.auditLog().find(({ objectRef }) => objectRef?.resource === "secrets" && objectRef.name === "db"),
  );
  const { impersonatedUser, user, verb, requestURI } = entry;
  const line = { verb, requestURI, user: user.username, impersonatedUser: impersonatedUser?.username };
  show(`The cluster's own audit log:\n${JSON.stringify(line)}`);
  checks.that("the cluster knows that it was ana", impersonatedUser?.username === "ana");
  return [];
}
