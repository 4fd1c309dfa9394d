import {
  type Attribute,
  ENTERPRISE_ATTRIBUTES,
  ENTERPRISE_SCHEMA,
  GROUP,
  type ResourceKind,
  USER,
} from "./attributes.ts";
import type { JsonObject } from "./match.ts";

export const PAGE_LIMIT = 200;

/** RFC 7643 section 5: what this service can do. */
export function serviceProviderConfig(base: string): JsonObject {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: PAGE_LIMIT },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "Bearer token",
        description: "A token of the provider's own, made by: tw identity scim-token PROVIDER",
        specUri: "https://www.rfc-editor.org/rfc/rfc6750",
        primary: true,
      },
    ],
    meta: { resourceType: "ServiceProviderConfig", location: `${base}/ServiceProviderConfig` },
  };
}

/** RFC 7643 section 6. */
export function resourceTypes(base: string): readonly JsonObject[] {
  return [USER, GROUP].map(({ name, endpoint, schema, extension }) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
    id: name,
    name,
    endpoint,
    schema,
    ...(extension === undefined ? {} : { schemaExtensions: [{ schema: extension.schema, required: false }] }),
    meta: { resourceType: "ResourceType", location: `${base}/ResourceTypes/${name}` },
  }));
}

/** RFC 7643 section 7. */
export function schemas(base: string): readonly JsonObject[] {
  const core = [USER, GROUP].map((kind: ResourceKind) => ({
    id: kind.schema,
    name: kind.name,
    attributes: kind.attributes,
  }));
  const enterprise = { id: ENTERPRISE_SCHEMA, name: "EnterpriseUser", attributes: ENTERPRISE_ATTRIBUTES };
  return [...core, enterprise].map(({ id, name, attributes }) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    id,
    name,
    // meta, id and externalId are common to all and no part of a schema.
    attributes: attributes.filter((one) => !["id", "meta", "externalId"].includes(one.name)).map(described),
    meta: { resourceType: "Schema", location: `${base}/Schemas/${id}` },
  }));
}

function described(attribute: Attribute): JsonObject {
  const { name, type, description } = attribute;
  const subs = attribute.subAttributes === undefined ? {} : { subAttributes: attribute.subAttributes.map(described) };
  return {
    name,
    type,
    multiValued: attribute.multiValued ?? false,
    description,
    required: attribute.required ?? false,
    caseExact: attribute.caseExact ?? false,
    mutability: attribute.mutability ?? "readWrite",
    returned: attribute.returned ?? "default",
    uniqueness: attribute.uniqueness ?? "none",
    ...subs,
  };
}
