import type { KubeOperation, WrittenKube } from "@tidewaiter/core";
import { readRequest } from "./read-request.ts";

const METHODS: Readonly<Record<string, string>> = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETE",
};

/** As what a written request is judged: it is put as a client would send it and read as one that came. */
export function operationOfWritten(written: WrittenKube): KubeOperation {
  const { method, path, query } = httpOf(written);
  const read = readRequest(method, path, query);
  if (!read.ok) return { ...written, type: "kube", path, programs: undefined, unread: read.status.message };
  // what the body of the request would tell
  const { labels, name } = written;
  return { ...read.operation, ...(name !== "" && { name }), ...(labels !== undefined && { labels }) };
}

function httpOf(written: WrittenKube): { readonly method: string; readonly path: string; readonly query: string } {
  const query = new URLSearchParams();
  if (written.dryRun) query.set("dryRun", "All");
  if (written.resource === "") return { method: written.verb.toUpperCase(), path: written.path, query: String(query) };
  const { verb, group, version, resource, subresource, namespace, name, container, command } = written;
  const own = resource === "namespaces" && group === "";
  const named = verb !== "create" || subresource !== "";
  const parts = [
    ...(group === "" ? ["api"] : ["apis", group]),
    version,
    ...(namespace === "" || own ? [] : ["namespaces", namespace]),
    resource,
    ...(named && name !== "" ? [name] : []),
    ...(subresource === "" ? [] : [subresource]),
  ];
  if (verb === "watch") query.set("watch", "true");
  if (container !== "") query.set("container", container);
  for (const word of command) query.append("command", word);
  return { method: METHODS[verb] ?? "GET", path: `/${parts.map(encodeURIComponent).join("/")}`, query: String(query) };
}
