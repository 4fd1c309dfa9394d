import { accessUnits } from "./features/access/store.ts";
import { accessRuleUnits } from "./features/access-requests/rule-store.ts";
import { accessRequestUnits } from "./features/access-requests/store.ts";
import { agentUnits } from "./features/agents/store.ts";
import { apiKeyUnits } from "./features/api-keys/store.ts";
import { applyUnits } from "./features/apply/store.ts";
import { auditUnits } from "./features/audit/store.ts";
import { budgetUnits } from "./features/budgets/store.ts";
import { settingsUnits } from "./features/change-requests/settings-store.ts";
import { changeRequestUnits } from "./features/change-requests/store.ts";
import { changeUnits } from "./features/changes/store.ts";
import { credentialUnits } from "./features/credentials/store.ts";
import { delegationUnits } from "./features/delegation/store.ts";
import { emergencyIdentityUnits } from "./features/emergency/identity-store.ts";
import { emergencyUnits } from "./features/emergency/store.ts";
import { federationUnits } from "./features/federation/store.ts";
import { grantUnits } from "./features/grants/store.ts";
import { groupUnits } from "./features/groups/store.ts";
import { historyUnits } from "./features/history/store.ts";
import { identityCheckUnits } from "./features/identity-providers/check-store.ts";
import { identityUnits } from "./features/identity-providers/identities.ts";
import { pendingSignInUnits } from "./features/identity-providers/pending-store.ts";
import { samlUnits } from "./features/identity-providers/saml/replay-store.ts";
import { identityProviderUnits } from "./features/identity-providers/store.ts";
import { labelUnits } from "./features/labels/store.ts";
import { clientSignInUnits } from "./features/login/client-sign-ins.ts";
import { loginUnits } from "./features/login/store.ts";
import { mandateUnits } from "./features/mandates/store.ts";
import { notificationUnits } from "./features/notifications/store.ts";
import { policyUnits } from "./features/policies/store.ts";
import { principalUnits } from "./features/principals/store.ts";
import { resourceUnits } from "./features/resources/store.ts";
import { reviewUnits } from "./features/reviews/store.ts";
import { roleUnits } from "./features/roles/store.ts";
import { scimGroupUnits } from "./features/scim/groups.ts";
import { scimTokenUnits } from "./features/scim/tokens.ts";
import { scimUserUnits } from "./features/scim/users.ts";
import { factorUnits } from "./features/second-factors/store.ts";
import { browserLoginUnits } from "./features/secrets/browser-login-store.ts";
import { secretUnits } from "./features/secrets/store.ts";
import { sessionUnits } from "./features/sessions/store.ts";
import { watchUnits } from "./features/watches/store.ts";
import { webSessionUnits } from "./features/web-session/store.ts";
import { sealUnits } from "./seal/store.ts";
import { signingUnits } from "./signing/store.ts";

/** Every unit of work there is. The SQLite worker imports this module by its URL, PostgreSQL runs it in place. */
export const units = {
  access: accessUnits,
  accessRequests: accessRequestUnits,
  accessRules: accessRuleUnits,
  agents: agentUnits,
  apiKeys: apiKeyUnits,
  apply: applyUnits,
  audit: auditUnits,
  browserLogins: browserLoginUnits,
  budgets: budgetUnits,
  changeRequests: changeRequestUnits,
  changes: changeUnits,
  clientSignIns: clientSignInUnits,
  credentials: credentialUnits,
  delegations: delegationUnits,
  federations: federationUnits,
  factors: factorUnits,
  emergencies: emergencyUnits,
  emergencyIdentities: emergencyIdentityUnits,
  grants: grantUnits,
  groups: groupUnits,
  history: historyUnits,
  identities: identityUnits,
  identityChecks: identityCheckUnits,
  identityProviders: identityProviderUnits,
  labels: labelUnits,
  pendingSignIns: pendingSignInUnits,
  login: loginUnits,
  mandates: mandateUnits,
  notifications: notificationUnits,
  policies: policyUnits,
  principals: principalUnits,
  resources: resourceUnits,
  reviews: reviewUnits,
  roles: roleUnits,
  scimGroups: scimGroupUnits,
  scimTokens: scimTokenUnits,
  scimUsers: scimUserUnits,
  saml: samlUnits,
  seal: sealUnits,
  secrets: secretUnits,
  sessions: sessionUnits,
  settings: settingsUnits,
  signing: signingUnits,
  watches: watchUnits,
  webSessions: webSessionUnits,
};

export type UnitsOfWork = typeof units;
