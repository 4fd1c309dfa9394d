import type { paths } from "@tidewaiter/contract";

type Json<Answer> = Answer extends { content: { "application/json": infer Body } } ? Body : never;
type Responses<Operation> = Operation extends { responses: infer Answers } ? Answers : never;
type Success<Operation> = {
  [Status in keyof Responses<Operation>]: Status extends 200 | 201 ? Json<Responses<Operation>[Status]> : never;
}[keyof Responses<Operation>];

/** Shapes of the API under the names that the CLI uses; all of them are generated. */
export type Me = Success<paths["/v1/me"]["get"]>;
export type IdentityCheck = Success<paths["/v1/identity-providers/check"]["get"]>["checks"][number];
export type GrantedTokens = Success<paths["/v1/login"]["post"]>;
export type SessionView = Success<paths["/v1/sessions/{id}"]["get"]>;
export type ReviewView = Success<paths["/v1/reviews"]["get"]>["reviews"][number];
export type ReviewDetail = Success<paths["/v1/reviews/{id}"]["get"]>;
export type ResourceListed = Success<paths["/v1/resources"]["get"]>["resources"][number];
export type ResourceView = Success<paths["/v1/resources/{name}"]["get"]>;
export type ApplyResult = Success<paths["/v1/apply"]["post"]>;
export type AppliedChange = ApplyResult["changes"][number];
export type ConnectionSecret = Success<paths["/v1/connection-secrets"]["post"]>;
export type Endpoint = ConnectionSecret["endpoint"];
export type AccessLevel = NonNullable<ResourceListed["level"]>;
export type PolicyTestResult = Success<paths["/v1/policies/test"]["post"]>["results"][number];
export type PrincipalView = Success<paths["/v1/principals/{name}"]["get"]>;
export type LabelsView = Success<paths["/v1/resources/{name}/labels"]["get"]>;
export type AuditEvent = Success<paths["/v1/audit"]["get"]>["events"][number];
export type AccessRequestView = Success<paths["/v1/access-requests/{id}"]["get"]>;
export type ChangeView = Success<paths["/v1/changes/{id}"]["get"]>;
