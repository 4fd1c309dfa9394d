import type { Me } from "../api/shapes.ts";
import { CliError } from "../errors.ts";

/** @throws CliError `unavailable` */
export function kubernetesEndpoint({ endpoints }: Me): NonNullable<Me["endpoints"]["kubernetes"]> {
  if (endpoints.kubernetes !== undefined) return endpoints.kubernetes;
  throw new CliError("unavailable", "the server has no listener for Kubernetes", {
    next: "Its administrator starts it with --kubernetes HOST:PORT.",
  });
}
