import { type CommandResult, runCommand } from "../command.ts";
import { kubernetesPrograms } from "./installation.ts";
import { type KubectlOptions, kubectlEnvironment } from "./kubectl.ts";

/** Runs the helm that was built with the server to its end, with caches and settings beside the kubeconfig. */
export function helm(args: readonly string[], options: KubectlOptions): Promise<CommandResult> {
  const { kubeconfig, env, ...others } = options;
  return runCommand(kubernetesPrograms().helm, args, { ...others, env: { ...kubectlEnvironment(kubeconfig), ...env } });
}
