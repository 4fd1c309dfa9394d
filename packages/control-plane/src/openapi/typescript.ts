/** JSON Schema as zod writes it; only the keywords that it uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Schema;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Operation {
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const METHODS = ["get", "put", "post", "delete", "patch"] as const;

/**
 * TypeScript types of an OpenAPI document in the shape that openapi-fetch reads (`paths` by path and method). Written
 * here because openapi-typescript needs the compiler API, which TypeScript 7 does not have.
 */
export function typesOf(document: unknown): string {
  const { paths, components } = document as Document;
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `export interface ${name} ${typeOf(schema, 0)}\n`,
  );
  const body = Object.entries(paths).map(([path, methods]) => `  ${JSON.stringify(path)}: ${pathType(methods)};`);
  return [
    "// Generated from the routes of the control plane. Do not edit: run its generator.",
    "",
    ...schemas,
    "export interface paths {",
    ...body,
    "}",
    "",
  ].join("\n");
}

function pathType(methods: Readonly<Record<string, Operation>>): string {
  const lines = METHODS.map((method) => {
    const operation = methods[method];
    if (operation === undefined) return `    ${method}?: never;`;
    return `    /** ${operation.summary} (${operation.description.replaceAll("`", "").replace(/\.$/, "").toLowerCase()}) */\n    ${method}: ${operationType(operation)};`;
  });
  return `{\n${lines.join("\n")}\n  }`;
}

function operationType(operation: Operation): string {
  const { parameters = [], requestBody, responses } = operation;
  const body = requestBody === undefined ? "requestBody?: never" : `requestBody: { ${contentType(requestBody, 8)} }`;
  const answers = Object.entries(responses).map(([status, response]) => {
    const content = response.content === undefined ? "content?: never" : contentType(response, 10);
    return `        ${status}: { headers: Record<string, unknown>; ${content} };`;
  });
  return [
    "{",
    "      parameters: {",
    `        query${group(parameters, "query")};`,
    "        header?: never;",
    `        path${group(parameters, "path")};`,
    "        cookie?: never;",
    "      };",
    `      ${body};`,
    "      responses: {",
    ...answers,
    "      };",
    "    }",
  ].join("\n");
}

function group(parameters: readonly Parameter[], place: string): string {
  const own = parameters.filter((parameter) => parameter.in === place);
  if (own.length === 0) return "?: never";
  const optional = own.every((parameter) => !parameter.required) ? "?" : "";
  const fields = own.map(({ name, required, schema }) => `${keyOf(name)}${required ? "" : "?"}: ${typeOf(schema, 8)}`);
  return `${optional}: { ${fields.join("; ")} }`;
}

function contentType({ content = {} }: Content, depth: number): string {
  const types = Object.entries(content).map(
    ([type, { schema }]) => `${JSON.stringify(type)}: ${typeOf(schema, depth)}`,
  );
  return `content: { ${types.join("; ")} }`;
}

function typeOf(schema: Schema, depth: number): string {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1) ?? "unknown";
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return union(either.map((option) => typeOf(option, depth)));
  if (schema.allOf !== undefined) return schema.allOf.map((part) => `(${typeOf(part, depth)})`).join(" & ");
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type }, depth)));
  return plainType(schema, depth);
}

function plainType(schema: Schema, depth: number): string {
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array": {
      const item = typeOf(schema.items ?? {}, depth);
      return /^[A-Za-z]+$/.test(item) ? `${item}[]` : `(${item})[]`;
    }
    case "object":
      return objectType(schema, depth);
    default:
      return "unknown";
  }
}

function objectType(schema: Schema, depth: number): string {
  const { properties = {}, required = [], additionalProperties } = schema;
  const fields = Object.entries(properties).map(([name, property]) => {
    const optional = required.includes(name) ? "" : "?";
    return `${" ".repeat(depth + 2)}${keyOf(name)}${optional}: ${typeOf(property, depth + 2)};`;
  });
  if (fields.length === 0) {
    const value = typeof additionalProperties === "object" ? typeOf(additionalProperties, depth) : "unknown";
    return additionalProperties === false ? "Record<string, never>" : `Record<string, ${value}>`;
  }
  return `{\n${fields.join("\n")}\n${" ".repeat(depth)}}`;
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(" | ");
}

function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
