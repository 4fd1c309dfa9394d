import { dirname, join } from "node:path";
import { type CommandOptions, type CommandResult, runCommand } from "../command.ts";
import { kubernetesPrograms } from "./installation.ts";

export interface KubectlOptions extends CommandOptions {
  /** Path of the kubeconfig; the cache of discovery is kept beside it. */
  readonly kubeconfig: string;
}

/** Runs the kubectl that was built with the server to its end. Whatever kubeconfig the machine has is not read. */
export function kubectl(args: readonly string[], options: KubectlOptions): Promise<CommandResult> {
  const { kubeconfig, env, ...others } = options;
  return runCommand(kubernetesPrograms().kubectl, args, {
    ...others,
    env: { ...kubectlEnvironment(kubeconfig), ...env },
  });
}

/** What kubectl needs to know when it is started in another way, such as in a terminal. */
export function kubectlEnvironment(kubeconfig: string): Record<string, string> {
  const folder = dirname(kubeconfig);
  return { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, "cache"), KUBERC: "off", HOME: folder };
}
