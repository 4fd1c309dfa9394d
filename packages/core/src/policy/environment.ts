import type { EnvironmentField } from "./environment-field.ts";
import { KUBE_FIELDS } from "./kube-fields.ts";
import { SQL_FIELDS } from "./sql-fields.ts";
import { SSH_FIELDS } from "./ssh-fields.ts";

export interface EnvironmentRoot {
  readonly description: string;
  /** True: speaks of one operation of that protocol; a rule that uses it applies to no other protocol. */
  readonly operation: boolean;
  readonly fields: Readonly<Record<string, EnvironmentField>>;
}

/** Types of list elements and nested values. */
export const ELEMENT_TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Person: { name: "string", groups: "list<string>" },
  Predicate: { label: "string", use: "string", literals: "int" },
  Relation: { schema: "string", name: "string", access: "string" },
};

function tag(name: string): EnvironmentField {
  return {
    type: "string",
    description: `short for \`resource.tags["${name}"]\`; unknown when the tag is missing`,
    read: ({ resource }) => (Object.hasOwn(resource.tags, name) ? resource.tags[name] : undefined),
  };
}

function declared(type: string, description: string): EnvironmentField {
  return { type, description };
}

/** The whole environment of `when` and `unless`. JSON Schema descriptions and documentation are made from this table. */
export const ENVIRONMENT: Readonly<Record<string, EnvironmentRoot>> = {
  principal: {
    description: "who acts",
    operation: false,
    fields: {
      name: { type: "string", description: "its name", read: ({ principal }) => principal.name },
      kind: { type: "string", description: "user, service, ai_agent", read: ({ principal }) => principal.kind },
      groups: {
        type: "list<string>",
        description: "names of its own groups",
        read: ({ principal }) => principal.groups,
      },
      on_behalf_of: {
        type: "Person",
        description: "the person an AI agent acts for; unknown otherwise",
        read: ({ principal }) => principal.onBehalfOf,
      },
    },
  },
  resource: {
    description: "what is reached",
    operation: false,
    fields: {
      name: { type: "string", description: "its name", read: ({ resource }) => resource.name },
      protocol: { type: "string", description: "such as `postgres`", read: ({ resource }) => resource.protocol },
      tags: { type: "map<string, string>", description: "its tags", read: ({ resource }) => resource.tags },
      env: tag("env"),
      team: tag("team"),
      region: tag("region"),
      level: {
        type: "string",
        description: "access level of the session: read, write, admin",
        read: ({ level }) => level,
      },
    },
  },
  session: {
    description: "how it is reached",
    operation: false,
    fields: {
      client: { type: "string", description: "address of the client", read: ({ session }) => session.client },
      application: {
        type: "string",
        description: "what the client calls itself; not to be trusted; unknown when it says nothing",
        read: ({ session }) => session.application,
      },
    },
  },
  sql: { description: "one SQL statement", operation: true, fields: SQL_FIELDS },
  ssh: {
    description: "one SSH channel, command or transfer",
    operation: true,
    fields: SSH_FIELDS,
  },
  kube: {
    description: "one Kubernetes request",
    operation: true,
    fields: KUBE_FIELDS,
  },
  http: {
    description: "one HTTP request",
    operation: true,
    fields: {
      method: declared("string", "upper case"),
      host: declared("string", "lower case"),
      path: declared("string", "path without query"),
    },
  },
};

/** Every name an expression may use, as Markdown. */
export function describeEnvironment(): string {
  const lines: string[] = [];
  for (const [root, { description, fields }] of Object.entries(ENVIRONMENT)) {
    lines.push(
      `### ${root}`,
      "",
      `${description[0]?.toUpperCase()}${description.slice(1)}.`,
      "",
      "| name | type | meaning |",
      "| --- | --- | --- |",
    );
    for (const [name, field] of Object.entries(fields))
      lines.push(`| \`${root}.${name}\` | ${field.type} | ${field.description} |`);
    lines.push("");
  }
  for (const [type, fields] of Object.entries(ELEMENT_TYPES)) {
    lines.push(
      `${type}: ${Object.entries(fields)
        .map(([name, of]) => `\`${name}\` (${of})`)
        .join(", ")}`,
      "",
    );
  }
  return lines.join("\n");
}
