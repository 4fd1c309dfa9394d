import { findAttribute, isExtension, type ResourceKind } from "./attributes.ts";
import { isObject, type Json, type JsonObject } from "./match.ts";

interface Shown {
  readonly body: JsonObject;
  readonly meta: { readonly version: string; readonly location: string };
}

interface View {
  /** Of `/scim/v2`. */
  readonly base: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

/** A resource as it leaves: schemas, location, and only the attributes that were asked for (RFC 7644 section 3.9). */
export function showResource(kind: ResourceKind, resource: JsonObject, { base, query }: View): Shown {
  const { extension } = kind;
  const meta = isObject(resource.meta) ? resource.meta : {};
  const location = `${base}${kind.endpoint}/${String(resource.id)}`;
  const extended = extension !== undefined && resource[extension.schema] !== undefined;
  const whole: Record<string, Json | undefined> = {
    schemas: extended ? [kind.schema, extension.schema] : [kind.schema],
    ...resource,
    meta: { ...meta, location },
  };
  const body = only(kind, whole, query);
  return { body, meta: { version: String(meta.version), location } };
}

function only(kind: ResourceKind, whole: JsonObject, query: View["query"]): JsonObject {
  const asked = names(kind, query.attributes);
  const excluded = names(kind, query.excludedAttributes);
  const kept = ([name]: [string, unknown]) => {
    if (name === "id" || name === "schemas") return true;
    return asked === undefined ? excluded?.has(name) !== true : asked.has(name) || name === "meta";
  };
  return Object.fromEntries(Object.entries(whole).filter(kept));
}

/** Top-level names; of `name.givenName` the whole `name`. */
function names(kind: ResourceKind, list: string | undefined): ReadonlySet<string> | undefined {
  if (list === undefined || list === "") return undefined;
  const found = list.split(",", 100).flatMap((part) => {
    const path = part.trim();
    if (kind.extension !== undefined && isExtension(kind, path)) return [kind.extension.schema];
    const place = findAttribute(kind, path);
    return place === undefined ? [] : [place.schema ?? place.attribute.name];
  });
  return new Set(found);
}
