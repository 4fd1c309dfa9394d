import { z } from "zod";
import type { Route } from "../http/route.ts";
import { problemSchema } from "../plugins/problems.ts";

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of the given routes: nothing in it is written by hand. */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.url.replace(/:([A-Za-z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, path) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tidewaiter control plane",
      version: "1",
      description: "Identities, resources, policies, credentials, reviews and recordings.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, "output") },
      securitySchemes: { accessToken: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

function operation(route: Route, path: string): Json {
  const open = "public" in route.access;
  const access = "permission" in route.access ? `Needs the permission \`${route.access.permission}\`.` : "Public.";
  const body =
    route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { "application/json": { schema: jsonSchema(route.body, "input") } } },
        };
  const parameters = [...parametersOf(route.params, "path"), ...parametersOf(route.query, "query")];
  return {
    operationId: operationId(route.method, path),
    summary: route.summary,
    description: access,
    tags: [path.split("/")[2] ?? "reviews"],
    security: open ? [] : [{ accessToken: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...body,
    responses: {
      [String(route.status ?? 200)]: success(route),
      default: {
        description: "What went wrong, and what to do next",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

function success(route: Route): Json {
  const status = route.status ?? 200;
  if (status === 204) return { description: "Done" };
  const description = status === 201 ? "Made" : "As asked";
  if (route.produces !== undefined) {
    return { description, content: { [route.produces]: { schema: { type: "string" } } } };
  }
  return { description, content: { "application/json": { schema: jsonSchema(route.response, "output") } } };
}

function parametersOf(schema: z.ZodType | undefined, place: "path" | "query"): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any", target: "draft-2020-12" });
  return rest;
}

/** `GET /v1/resources/{name}/check` becomes `get_resources_name_check`. */
function operationId(method: string, path: string): string {
  const words = path.split("/").filter((part) => part !== "" && part !== "v1");
  const name = words.map((part) => part.replace(/[{}]/g, "").replace(/[^A-Za-z0-9]+/g, "_"));
  return [method.toLowerCase(), ...name].join("_");
}
