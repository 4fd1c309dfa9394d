import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { kubeconfigPaths, readKubeconfigs } from "../../kubernetes/kubeconfig-files.ts";
import { ourContexts } from "../../kubernetes/our-context.ts";
import { table } from "../../output/table.ts";

interface Options {
  readonly kubeconfig?: string;
}

export const ls = defineCommand<[], Options>({
  summary: "List the clusters that you may reach, and the contexts of your kubeconfig that lead there",
  configure: (command) =>
    command.option("--kubeconfig <file>", "the kubeconfig; default: as kubectl has it (KUBECONFIG, ~/.kube/config)"),
  examples: ["tw kube ls", "tw kube ls --json"],
  run: async (context, options) => {
    const { resources } = await answer((await context.api()).GET("/v1/resources"));
    const files = await readKubeconfigs(kubeconfigPaths(context, options.kubeconfig));
    const contexts = ourContexts(files);
    const clusters = resources
      .filter(({ protocol, level }) => protocol === "kubernetes" && level !== null)
      .map(({ name, level }) => ({
        name,
        level,
        contexts: contexts.filter(({ resource }) => resource === name).map((each) => each.context),
      }));
    const { currentContext = null } = files;
    context.output.result({ clusters, currentContext }, () =>
      table(
        clusters,
        [
          { title: "CLUSTER", value: ({ name }) => name },
          { title: "YOUR LEVEL", value: ({ level }) => level },
          {
            title: "CONTEXT",
            value: (cluster) =>
              cluster.contexts.map((each) => (each === currentContext ? `${each} (current)` : each)).join(", ") ||
              `none: tw kube login ${cluster.name}`,
          },
        ],
        context.output,
        "There is no cluster that you may reach.",
      ),
    );
    return undefined;
  },
});
