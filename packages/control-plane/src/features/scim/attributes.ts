export const USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User";
export const ENTERPRISE_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
export const GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group";

/** RFC 7643 section 7, as far as it is used here. */
export interface Attribute {
  readonly name: string;
  readonly type: "string" | "boolean" | "dateTime" | "reference" | "complex";
  readonly multiValued?: true;
  readonly required?: true;
  readonly caseExact?: true;
  readonly mutability?: "readOnly" | "immutable";
  readonly returned?: "always";
  readonly uniqueness?: "server";
  readonly description: string;
  readonly subAttributes?: readonly Attribute[];
}

const text = (name: string, description: string): Attribute => ({ name, type: "string", description });

const ID: Attribute = {
  name: "id",
  type: "string",
  caseExact: true,
  mutability: "readOnly",
  returned: "always",
  uniqueness: "server",
  description: "Given by Tidewaiter",
};

const EXTERNAL_ID: Attribute = {
  name: "externalId",
  type: "string",
  caseExact: true,
  description: "The provider's own id; of a user the subject that the person signs in with",
};

const META: Attribute = {
  name: "meta",
  type: "complex",
  mutability: "readOnly",
  description: "Kind, times and version",
  subAttributes: [
    { ...text("resourceType", "User or Group"), mutability: "readOnly" },
    { name: "created", type: "dateTime", mutability: "readOnly", description: "When it was made" },
    { name: "lastModified", type: "dateTime", mutability: "readOnly", description: "When it last changed" },
  ],
};

const NAME: Attribute = {
  name: "name",
  type: "complex",
  description: "The parts of the person's name",
  subAttributes: [
    text("formatted", "The whole name"),
    text("familyName", "Family name"),
    text("givenName", "Given name"),
    text("middleName", "Middle name"),
    text("honorificPrefix", "Title before the name"),
    text("honorificSuffix", "Suffix behind the name"),
  ],
};

const EMAILS: Attribute = {
  name: "emails",
  type: "complex",
  multiValued: true,
  description: "Addresses of mail",
  subAttributes: [
    text("value", "The address"),
    text("type", "Such as work"),
    text("display", "How it is shown"),
    { name: "primary", type: "boolean", description: "The preferred one" },
  ],
};

/**
 * What is kept of a user. The rest of RFC 7643 (password, roles, entitlements, telephone numbers, ...) is accepted and
 * forgotten: a provider gives no roles here, and what is not needed is not stored.
 */
export const USER_ATTRIBUTES: readonly Attribute[] = [
  ID,
  EXTERNAL_ID,
  META,
  {
    name: "userName",
    type: "string",
    required: true,
    uniqueness: "server",
    description: "What the person is called at the provider; the principal's name is made of it",
  },
  { name: "active", type: "boolean", description: "False ends the person's live sessions" },
  text("displayName", "How the person is shown"),
  text("nickName", "Casual name"),
  text("title", "Such as Vice President"),
  text("userType", "Such as Employee"),
  text("preferredLanguage", "As in Accept-Language"),
  text("locale", "Such as en-US"),
  text("timezone", "Such as Europe/Berlin"),
  NAME,
  EMAILS,
  {
    name: "groups",
    type: "complex",
    multiValued: true,
    mutability: "readOnly",
    description: "The groups of this provider",
    subAttributes: [
      { ...text("value", "Id of the group"), caseExact: true, mutability: "readOnly" },
      { ...text("display", "Name of the group"), mutability: "readOnly" },
    ],
  },
];

export const ENTERPRISE_ATTRIBUTES: readonly Attribute[] = [
  text("employeeNumber", "Number given by the organization"),
  text("costCenter", "Cost center"),
  text("organization", "Organization"),
  text("division", "Division"),
  text("department", "Department"),
  {
    name: "manager",
    type: "complex",
    description: "The person's manager",
    subAttributes: [text("value", "Id of the manager"), text("displayName", "Name of the manager")],
  },
];

export const GROUP_ATTRIBUTES: readonly Attribute[] = [
  ID,
  EXTERNAL_ID,
  META,
  {
    name: "displayName",
    type: "string",
    required: true,
    uniqueness: "server",
    description: "What the group is called at the provider; the group's name is made of it",
  },
  {
    name: "members",
    type: "complex",
    multiValued: true,
    description: "Users of this provider",
    subAttributes: [
      { ...text("value", "Id of the user"), caseExact: true, mutability: "immutable" },
      { ...text("display", "Name of the user"), mutability: "readOnly" },
      { ...text("type", "User"), mutability: "immutable" },
    ],
  },
];

/** A kind of resource: its core schema and the extensions of it. */
export interface ResourceKind {
  readonly name: "User" | "Group";
  readonly endpoint: "/Users" | "/Groups";
  readonly schema: string;
  readonly attributes: readonly Attribute[];
  readonly extension?: { readonly schema: string; readonly attributes: readonly Attribute[] };
}

export const USER: ResourceKind = {
  name: "User",
  endpoint: "/Users",
  schema: USER_SCHEMA,
  attributes: USER_ATTRIBUTES,
  extension: { schema: ENTERPRISE_SCHEMA, attributes: ENTERPRISE_ATTRIBUTES },
};

export const GROUP: ResourceKind = {
  name: "Group",
  endpoint: "/Groups",
  schema: GROUP_SCHEMA,
  attributes: GROUP_ATTRIBUTES,
};

/** Where a value stands in a resource. */
export interface AttributePlace {
  /** Of the extension: its values stand in an object of their own. */
  readonly schema?: string;
  readonly attribute: Attribute;
  readonly sub?: Attribute;
}

/**
 * Finds `userName`, `name.givenName`, `urn:...:User:department` and `urn:...:User:manager.value`; names are compared
 * without regard to case (RFC 7643 section 2.1). Undefined for what is not kept here.
 */
export function findAttribute(kind: ResourceKind, path: string): AttributePlace | undefined {
  const lower = path.toLowerCase();
  const schemas = [
    { schema: kind.schema, attributes: kind.attributes, core: true },
    ...(kind.extension === undefined ? [] : [{ ...kind.extension, core: false }]),
  ];
  const named = schemas.find(({ schema }) => lower.startsWith(`${schema.toLowerCase()}:`));
  if (named === undefined && lower.startsWith("urn:")) return undefined;
  const rest = named === undefined ? lower : lower.slice(named.schema.length + 1);
  const [head = "", tail, ...more] = rest.split(".");
  const attribute = byName((named ?? { attributes: kind.attributes }).attributes, head);
  if (attribute === undefined || more.length > 0) return undefined;
  const place = named === undefined || named.core ? { attribute } : { schema: named.schema, attribute };
  if (tail === undefined) return place;
  const sub = byName(attribute.subAttributes ?? [], tail);
  return sub === undefined ? undefined : { ...place, sub };
}

/** `urn:...:enterprise:2.0:User` alone, as the key of the extension's object. */
export function isExtension(kind: ResourceKind, key: string): boolean {
  return kind.extension !== undefined && key.toLowerCase() === kind.extension.schema.toLowerCase();
}

export function byName(attributes: readonly Attribute[], name: string): Attribute | undefined {
  const lower = name.toLowerCase();
  return attributes.find((attribute) => attribute.name.toLowerCase() === lower);
}
