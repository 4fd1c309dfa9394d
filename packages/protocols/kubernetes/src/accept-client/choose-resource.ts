/** The domain of resources as TLS server names; clients get it with their configuration, no DNS knows it. */
export const KUBERNETES_DOMAIN = "kube.tidewaiter.internal";

const NAME = /^[A-Za-z0-9._-]{1,63}$/;
const PREFIX = "/kube/";

export interface ChosenResource {
  readonly resource: string;
  /** What is left of the path for the API server. */
  readonly path: string;
}

/**
 * `RESOURCE.kube.tidewaiter.internal` as TLS server name, or else `/kube/RESOURCE/...` as path. Undefined: neither.
 * @param path without query
 */
export function chooseResource(serverName: string | undefined, path: string): ChosenResource | undefined {
  const named = resourceOf(serverName);
  if (named !== undefined) return { resource: named, path };
  if (!path.startsWith(PREFIX)) return undefined;
  const end = path.indexOf("/", PREFIX.length);
  const resource = path.slice(PREFIX.length, end < 0 ? undefined : end);
  if (!NAME.test(resource)) return undefined;
  return { resource, path: end < 0 ? "/" : path.slice(end) };
}

function resourceOf(serverName: string | undefined): string | undefined {
  const name = serverName?.toLowerCase() ?? "";
  if (!name.endsWith(`.${KUBERNETES_DOMAIN}`)) return undefined;
  const resource = name.slice(0, -KUBERNETES_DOMAIN.length - 1);
  return NAME.test(resource) ? resource : undefined;
}
