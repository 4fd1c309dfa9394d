import type { TidewaiterOptions, TidewaiterPrincipal } from "./options.ts";

/** Name of the one agent. */
export const SITE = "site";

/** What is applied at the start: resources, people and their grants, policies. */
export function documents(options: TidewaiterOptions, resource: string, principals: readonly TidewaiterPrincipal[]) {
  if (options.documents !== undefined) return [...options.documents, ...(options.policies ?? [])];
  const { host, port, database, lineage } = options.target;
  const yaml: object[] = [
    {
      kind: "resource",
      name: resource,
      protocol: "postgres",
      agent: SITE,
      tags: options.tags ?? { env: "prod" },
      target: { host, port, database, databases: ["*"], tls: { mode: "disable" }, ...(lineage && { lineage }) },
    },
  ];
  for (const { name, type, roles, onBehalfOf } of principals)
    yaml.push({ kind: "principal", name, type, ...(roles && { roles }), ...(onBehalfOf && { onBehalfOf }) });
  for (const group of new Set(principals.flatMap(({ groups = [] }) => groups)))
    yaml.push({
      kind: "group",
      name: group,
      members: principals.filter(({ groups }) => groups?.includes(group)).map(({ name }) => name),
    });
  const grant = (on: string) => {
    for (const { name, level } of principals)
      yaml.push({
        kind: "grant",
        name: `${name.replace(/[^a-z0-9-]/g, "-")}-${on}`,
        principal: name,
        resource: on,
        level,
      });
  };
  grant(resource);
  const tags = { env: "prod" };
  if (options.ssh !== undefined) {
    const { port: sshPort, hostKeys } = options.ssh;
    const reached = { host: "127.0.0.1", port: sshPort, hostKeys };
    yaml.push({ kind: "resource", name: "web-1", protocol: "ssh", agent: SITE, tags, target: reached });
    grant("web-1");
  }
  if (options.kubernetes !== undefined) {
    const { url: server, caPem: ca } = options.kubernetes;
    yaml.push({
      kind: "resource",
      name: "prod-cluster",
      protocol: "kubernetes",
      agent: SITE,
      tags,
      target: { server, ca },
    });
    grant("prod-cluster");
  }
  // JSON is YAML
  return [
    { name: "access.yaml", source: yaml.map((one) => JSON.stringify(one)).join("\n---\n") },
    ...(options.policies ?? []),
    ...labelPolicy(options.labels),
  ];
}

function labelPolicy(labels: TidewaiterOptions["labels"]) {
  if (labels === undefined) return [];
  const byLabel: Record<string, { columns: string[] }> = {};
  for (const [column, label] of Object.entries(labels)) {
    byLabel[label] ??= { columns: [] };
    byLabel[label].columns.push(column);
  }
  return [{ name: "labels.yaml", source: JSON.stringify({ version: 1, labels: byLabel }) }];
}
