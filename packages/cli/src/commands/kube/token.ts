import { defineCommand } from "../../command.ts";
import { parseLevel } from "../../input/access-level.ts";
import { parseDuration } from "../../input/duration.ts";
import { execCredential, gatewayToken } from "../../kubernetes/exec-credential.ts";
import { keptSecret } from "../../kubernetes/kept-secret.ts";
import { parseCluster } from "./parse-cluster.ts";

interface Options {
  readonly level?: string;
  readonly ttl?: string;
}

export const token = defineCommand<[resource: string], Options>({
  summary: "Print a token for a cluster, as kubectl asks for it; contexts of `tw kube login` call this by themselves",
  configure: (command) =>
    command
      .argument("<resource>", "the cluster")
      .option("--level <level>", "read, write or admin; default: the lowest that you have")
      .option("--ttl <duration>", "how long a new secret is good for; default: as the resource has it, else 8h"),
  examples: ["tw kube token prod-cluster", "tw kube token prod-cluster --level write"],
  notes:
    "One secret is made for each level, kept in a private file and given out until a little before its end. Clients that cannot call a\n" +
    "program send `Authorization: Bearer TOKEN` with status.token of this answer.",
  run: async (context, options, name) => {
    const resource = parseCluster(name);
    const level = options.level === undefined ? undefined : parseLevel(options.level);
    const ttlSeconds = options.ttl === undefined ? undefined : parseDuration(options.ttl, "--ttl");
    const kept = await keptSecret(context, { resource, level, ttlSeconds, askedBy: process.ppid });
    const credential = execCredential(gatewayToken(kept, level), kept);
    context.output.result(credential, () => [JSON.stringify(credential)]);
    return undefined;
  },
});
