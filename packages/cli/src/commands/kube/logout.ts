import { defineCommand } from "../../command.ts";
import { type Profile, signedInName } from "../../config/profiles.ts";
import { revokeSecret } from "../../connection-secret/make-secret.ts";
import type { CommandContext } from "../../context.ts";
import { chosenProfileName, storedProfile } from "../../create-context.ts";
import { CliError } from "../../errors.ts";
import { forgetSecrets } from "../../kubernetes/kept-secret.ts";
import { changeKubeconfigs, kubeconfigPaths } from "../../kubernetes/kubeconfig-files.ts";
import { ourContexts, removeOurContexts } from "../../kubernetes/our-context.ts";
import { parseCluster } from "./parse-cluster.ts";

interface Options {
  readonly kubeconfig?: string;
}

export const logout = defineCommand<[resource: string | undefined], Options>({
  summary: "Take your contexts out of the kubeconfig again, and revoke the secrets that were made for them",
  configure: (command) =>
    command
      .argument("[resource]", "only this cluster")
      .option("--kubeconfig <file>", "the file they are in; default: as kubectl has it (KUBECONFIG, ~/.kube/config)"),
  examples: ["tw kube logout prod-cluster", "tw kube logout"],
  notes: "What is going on in the cluster with these secrets ends within seconds. Contexts of other profiles stay.",
  run: async (context, options, name) => {
    const resource = name === undefined ? undefined : parseCluster(name);
    const stored = await profileOf(context);
    const profile = stored === undefined ? await chosenProfileName(context) : signedInName(stored);
    const removed = await changeKubeconfigs(kubeconfigPaths(context, options.kubeconfig), (files) => {
      const mine = ourContexts(files).filter(
        (each) => each.profile === profile && (resource === undefined || each.resource === resource),
      );
      removeOurContexts(
        files,
        mine.map((each) => each.context),
      );
      return mine;
    });
    const clusters = [
      ...new Set([...(resource === undefined ? [] : [resource]), ...removed.map((each) => each.resource)]),
    ];
    const revoked: string[] = [];
    for (const cluster of clusters) {
      for (const id of stored === undefined ? [] : await forgetSecrets(context, stored, cluster)) {
        if (await revokeSecret(context, id)) revoked.push(id);
        else context.output.note(`A secret could not be revoked; it ends by itself. Later: tw secrets revoke ${id}`);
      }
    }
    if (removed.length === 0 && revoked.length === 0) {
      throw new CliError(
        "not_found",
        `there is no context of yours${resource === undefined ? "" : ` for ${resource}`}`,
        {
          next: "tw kube ls",
        },
      );
    }
    const contexts = removed.map((each) => each.context);
    context.output.result({ contexts, revoked }, () => [
      ...contexts.map((each) => `Removed: context ${each}.`),
      ...(revoked.length === 0 ? [] : ["What kubectl used there is revoked."]),
    ]);
    return undefined;
  },
});

/** Undefined: whose contexts they are has signed out, and with that all secrets have ended. */
async function profileOf(context: CommandContext): Promise<Profile | undefined> {
  try {
    return await storedProfile(context);
  } catch (error) {
    if (context.profileName !== undefined && error instanceof CliError && error.exit === "not_signed_in")
      return undefined;
    throw error;
  }
}
