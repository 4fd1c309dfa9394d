import type { KubeOperation } from "@tidewaiter/core";
import { failure, type KubeStatus } from "../status.ts";

export type PassedQuery =
  | {
      readonly ok: true;
      readonly query: string;
      /** Bytes of the answer; it is cut there. */
      readonly limit?: number;
    }
  | { readonly ok: false; readonly status: KubeStatus };

/** In the words of the API server (apiserver, storage/errors.go), so that clients begin anew as they do with it. */
const EXPIRED = failure(
  "Expired",
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
);

/** What the API server is asked where its answer is masked, or some of the objects in it are left out. */
export function passedQuery(query: string, { verb, subresource }: KubeOperation, filtered: boolean): PassedQuery {
  const parameters = new URLSearchParams(query);
  if (filtered && verb === "list") return withoutPages(parameters, query);
  // half a line is not known for what it is: a log that is masked is cut here
  const limit = parameters.get("limitBytes");
  if (subresource !== "log" || limit === null || !/^\d{1,15}$/.test(limit)) return { ok: true, query };
  parameters.delete("limitBytes");
  return { ok: true, query: parameters.toString(), limit: Number(limit) };
}

/**
 * A page ends at an object, which may be one that is hidden: its `continue` token says its name, and a page that is short how
 * many there are, also of those that some selector finds. So the whole list is one page, as a server may answer (ListOptions.limit).
 */
function withoutPages(parameters: URLSearchParams, query: string): PassedQuery {
  if ((parameters.get("continue") ?? "") !== "") return { ok: false, status: EXPIRED };
  if (!parameters.has("limit") && !parameters.has("continue")) return { ok: true, query };
  parameters.delete("limit");
  parameters.delete("continue");
  return { ok: true, query: parameters.toString() };
}
