import { CliError } from "../../errors.ts";

/** @throws CliError `usage` */
export function parseCluster(name: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new CliError("usage", `"${name}" cannot be the name of a cluster`, { next: "tw kube ls" });
}
