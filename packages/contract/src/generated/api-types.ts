// Generated from the routes of the control plane. Do not edit: run its generator.

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  next?: string;
}

export interface paths {
  "/v1/health": {
    /** Is the service up, and can it reach its store? (public) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            status: "ok";
            store: "ok";
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/login": {
    get?: never;
    put?: never;
    /** Sign in with name and password (public) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          name: string;
          password: string;
          code?: string;
          recoveryCode?: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            accessToken: string;
            expiresAt: string;
            refreshToken: string;
            signInExpiresAt: string;
            principal: {
              id: string;
              name: string;
              kind: "user" | "service" | "ai_agent";
              groups: string[];
              onBehalfOf?: {
                id: string;
                name: string;
                groups: string[];
              };
            };
            roles: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/logout": {
    get?: never;
    put?: never;
    /** Sign out: end the sign-in of this request, and all tokens and connection secrets made with it (needs the permission self.read) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/me": {
    /** Who am I, where do I connect, what may I reach? (needs the permission self.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            principal: {
              id: string;
              name: string;
              kind: "user" | "service" | "ai_agent";
              groups: string[];
              onBehalfOf?: {
                id: string;
                name: string;
                groups: string[];
              };
            };
            roles: string[];
            groups: string[];
            tokenExpiresAt: string;
            provider: string;
            authenticatedAt: string;
            methods: string[];
            identityUnconfirmedSince: string | null;
            endpoints: {
              postgres: {
                host: string;
                port: number;
                tls: boolean;
                caPem?: string;
              };
              ssh?: {
                host: string;
                port: number;
                hostKey: string;
                hostAuthority?: string;
              };
              kubernetes?: {
                host: string;
                port: number;
                caPem: string;
                domain: string;
              };
              web: string;
            };
            grants: ({
              resource: string;
              level: "read" | "write" | "admin";
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/me/second-factors": {
    /** Your own second factors; they are added in the browser, at /account/second-factors (needs the permission self.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            totp?: {
              since: string;
            };
            passkeys: ({
              id: string;
              name: string;
              createdAt: string;
              lastUsedAt: string | null;
            })[];
            recoveryCodes: number;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/step-up": {
    get?: never;
    put?: never;
    /** Prove once more that it is you: by a code or, without second factors, by the password (needs the permission self.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          code?: string;
          recoveryCode?: string;
          password?: string;
        } } };
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/step-up/links": {
    get?: never;
    put?: never;
    /** A link to open in a browser, where you prove that it is you for the sign-in of this request (needs the permission self.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            url: string;
            expiresAt: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/step-up/links/{id}": {
    /** Was the link used? (needs the permission self.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            completed: boolean;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/principals/{name}/second-factors": {
    /** Second factors of a principal (needs the permission principals.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            totp?: {
              since: string;
            };
            passkeys: ({
              id: string;
              name: string;
              createdAt: string;
              lastUsedAt: string | null;
            })[];
            recoveryCodes: number;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    /** Take all second factors of a person who lost them; whoever is signed in as that person is signed out (needs the permission principals.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/login/device": {
    get?: never;
    put?: never;
    /** Begin signing in without a browser: a code for a person to type into one (RFC 8628) (public) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          client: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            deviceCode: string;
            userCode: string;
            verificationUri: string;
            verificationUriComplete: string;
            expiresIn: number;
            interval: number;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/login/device/token": {
    get?: never;
    put?: never;
    /** Ask whether the person has said yes; tokens once they have (public) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          deviceCode: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            state: "pending" | "slow_down" | "denied" | "expired" | "ready";
            tokens?: {
              accessToken: string;
              expiresAt: string;
              refreshToken: string;
              signInExpiresAt: string;
              principal: {
                id: string;
                name: string;
                kind: "user" | "service" | "ai_agent";
                groups: string[];
                onBehalfOf?: {
                  id: string;
                  name: string;
                  groups: string[];
                };
              };
              roles: string[];
            };
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/login/code": {
    get?: never;
    put?: never;
    /** Tokens for the code that a browser on the same machine brought (RFC 8252, RFC 7636) (public) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          code: string;
          codeVerifier: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            accessToken: string;
            expiresAt: string;
            refreshToken: string;
            signInExpiresAt: string;
            principal: {
              id: string;
              name: string;
              kind: "user" | "service" | "ai_agent";
              groups: string[];
              onBehalfOf?: {
                id: string;
                name: string;
                groups: string[];
              };
            };
            roles: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/login/refresh": {
    get?: never;
    put?: never;
    /** New tokens for a refresh token, which counts once: its second use ends the whole sign-in (public) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          refreshToken: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            accessToken: string;
            expiresAt: string;
            refreshToken: string;
            signInExpiresAt: string;
            principal: {
              id: string;
              name: string;
              kind: "user" | "service" | "ai_agent";
              groups: string[];
              onBehalfOf?: {
                id: string;
                name: string;
                groups: string[];
              };
            };
            roles: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/principals": {
    /** List principals (needs the permission principals.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            principals: ({
              id: string;
              name: string;
              kind: "user" | "service" | "ai_agent";
              roles: string[];
              disabled: boolean;
              suspendedBy: string | null;
              groups: string[];
              onBehalfOf: string | null;
              attributes: Record<string, string>;
              hasPassword: boolean;
              createdAt: string;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Add a user, a service or an AI agent (needs the permission principals.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          name: string;
          kind?: "user" | "service" | "ai_agent";
          roles?: string[];
          disabled?: boolean;
          onBehalfOf?: string;
          attributes?: Record<string, string>;
          password?: string;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            kind: "user" | "service" | "ai_agent";
            roles: string[];
            disabled: boolean;
            suspendedBy: string | null;
            groups: string[];
            onBehalfOf: string | null;
            attributes: Record<string, string>;
            hasPassword: boolean;
            createdAt: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/principals/{name}": {
    /** Show a principal (needs the permission principals.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            kind: "user" | "service" | "ai_agent";
            roles: string[];
            disabled: boolean;
            suspendedBy: string | null;
            groups: string[];
            onBehalfOf: string | null;
            attributes: Record<string, string>;
            hasPassword: boolean;
            createdAt: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    /** Delete a principal; its live sessions end (needs the permission principals.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    /** Change roles, disable or enable, or say whom an AI agent acts for (needs the permission principals.write) */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          roles?: string[];
          disabled?: boolean;
          onBehalfOf?: string | null;
          attributes?: Record<string, string>;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            kind: "user" | "service" | "ai_agent";
            roles: string[];
            disabled: boolean;
            suspendedBy: string | null;
            groups: string[];
            onBehalfOf: string | null;
            attributes: Record<string, string>;
            hasPassword: boolean;
            createdAt: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
  };
  "/v1/principals/{name}/password": {
    get?: never;
    /** Set a password; every sign-in of the principal ends, with what was made by it (needs the permission principals.write) */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          password: string;
        } } };
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/identity-providers": {
    /** List identity providers with their settings, which hold no secret (needs the permission identity_providers.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            providers: ({
              name: string;
              settings: Record<string, unknown>;
              updatedAt: string;
              unreachableSince: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/identity-providers/check": {
    /** Ask each identity provider, and tell how long somebody who left keeps what they have at the worst (needs the permission identity_providers.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            checks: ({
              provider: string;
              issuer: string;
              state: "reachable" | "unreachable";
              unreachableSince: string | null;
              problem: string | null;
              revalidation: "refresh" | "userinfo" | "none";
              everySeconds: number;
              backChannelLogout: boolean;
              signedIn: number;
              notAskable: number;
              worstCaseSeconds: number;
              because: string;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/identities": {
    /** List who is which principal at which identity provider (needs the permission principals.read) */
    get: {
      parameters: {
        query?: { principal?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            identities: ({
              provider: string;
              subject: string;
              username: string;
              principal: string;
              createdAt: string;
              lastSignInAt: string | null;
              validatedAt: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Link a subject of an identity provider to a user (needs the permission principals.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          provider: string;
          subject: string;
          principal: string;
        } } };
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/identities/unlink": {
    get?: never;
    put?: never;
    /** Unlink a subject: its sign-ins end, and with them live sessions (needs the permission principals.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          provider: string;
          subject: string;
        } } };
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/groups": {
    /** List groups and their members (needs the permission groups.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            groups: ({
              id: string;
              name: string;
              description: string;
              members: string[];
              providedMembers: Record<string, string[]>;
              roles: string[];
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Add a group (needs the permission groups.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          name: string;
          description?: string;
          members?: string[];
          roles?: string[];
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            description: string;
            members: string[];
            providedMembers: Record<string, string[]>;
            roles: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/groups/{name}": {
    get?: never;
    /** Add a group, or change its description or the roles of its members (needs the permission groups.write) */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          description?: string;
          roles?: string[];
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            description: string;
            members: string[];
            providedMembers: Record<string, string[]>;
            roles: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    post?: never;
    /** Delete a group and the grants to it (needs the permission groups.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/groups/{name}/members": {
    get?: never;
    /** Replace the members that a group has locally; those of identity providers stay (needs the permission groups.write) */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          members: string[];
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            description: string;
            members: string[];
            providedMembers: Record<string, string[]>;
            roles: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/roles": {
    /** List roles, built-in and custom, with their permissions (needs the permission roles.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            roles: ({
              name: string;
              builtIn: boolean;
              description: string;
              permissions: string[];
              scope: Record<string, string>;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/roles/{name}": {
    get?: never;
    /** Add or change a custom role; nobody gives a permission or scope that they do not have (needs the permission roles.write) */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          description?: string;
          permissions: ("self.read" | "self.write" | "principals.read" | "principals.write" | "groups.read" | "groups.write" | "roles.read" | "roles.write" | "roles.appoint" | "resources.list" | "resources.read" | "resources.write" | "credentials.write" | "grants.read" | "grants.write" | "access.explain" | "access_rules.read" | "access_rules.write" | "access_requests.list" | "access_requests.ask" | "access_requests.decide" | "access_requests.read_all" | "change_requests.read" | "change_requests.decide" | "settings.read" | "settings.write" | "emergency.read" | "emergency.write" | "emergency.review" | "scim_tokens.write" | "identity_providers.read" | "identity_providers.write" | "policies.read" | "policies.explain" | "policies.test" | "config.apply" | "agents.read" | "agents.write" | "connection_secrets.read_all" | "certificate_authorities.write" | "sessions.list" | "sessions.read_all" | "sessions.kill" | "recordings.read" | "recordings.read_originals" | "recordings.verify" | "reviews.list" | "reviews.read_all" | "reviews.decide" | "notifications.read" | "notifications.write" | "budgets.read_all" | "audit.read" | "api_keys.read" | "api_keys.write" | "delegations.read_all" | "federations.read" | "federations.write")[];
          scope?: Record<string, string>;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            name: string;
            builtIn: boolean;
            description: string;
            permissions: string[];
            scope: Record<string, string>;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    post?: never;
    /** Delete a custom role; whoever had it loses it (needs the permission roles.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/identity-providers/{name}/scim-tokens": {
    /** List the tokens by which a provider pushes people and groups (needs the permission scim_tokens.write) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            tokens: ({
              id: string;
              createdAt: string;
              createdBy: string;
              expiresAt: string;
              lastUsedAt: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Make a token for SCIM, shown once; older ones end after the overlap (needs the permission scim_tokens.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          lifeSeconds?: number;
          overlapSeconds?: number;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            token: string;
            expiresAt: string;
            olderUntil: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/identity-providers/{name}/scim-tokens/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /** End a token for SCIM at once (needs the permission scim_tokens.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string; id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/identity-providers/{name}/saml-metadata": {
    /** Our SAML metadata, for the provider's administrator (public) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/samlmetadata+xml": string } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/resources": {
    /** List the resources that the caller may reach, or all for those who may read them (needs the permission resources.list) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            resources: ({
              name: string;
              protocol: string;
              tags: Record<string, string>;
              enforce: "on" | "observe";
              level: "read" | "write" | "admin" | null;
              agent?: string;
              address?: string;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Add a resource (needs the permission resources.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          name: string;
          protocol: string;
          tags?: Record<string, string>;
          target: unknown;
          agent: string;
          enforce?: "on" | "observe";
          secrets?: {
            ttl?: number | string;
            maxTtl?: number | string;
            singleUse?: boolean;
            browserTtl?: number | string;
            presence?: "none" | "required";
          } | null;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            protocol: string;
            tags: Record<string, string>;
            target: unknown;
            address: string;
            agent: string;
            enforce: "on" | "observe";
            secrets: {
              ttl?: number;
              maxTtl?: number;
              singleUse?: boolean;
              browserTtl?: number;
              presence?: "none" | "required";
            } | null;
            credentials: ({
              level: "read" | "write" | "admin";
              type: string;
              username: string;
              reference: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/resources/{name}": {
    /** Show a resource (needs the permission resources.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            protocol: string;
            tags: Record<string, string>;
            target: unknown;
            address: string;
            agent: string;
            enforce: "on" | "observe";
            secrets: {
              ttl?: number;
              maxTtl?: number;
              singleUse?: boolean;
              browserTtl?: number;
              presence?: "none" | "required";
            } | null;
            credentials: ({
              level: "read" | "write" | "admin";
              type: string;
              username: string;
              reference: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    /** Delete a resource with its credentials and grants; its live sessions end (needs the permission resources.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    /** Change a resource; sessions to another address or agent end (needs the permission resources.write) */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          tags?: Record<string, string>;
          target?: unknown;
          agent?: string;
          enforce?: "on" | "observe";
          secrets?: {
            ttl?: number | string;
            maxTtl?: number | string;
            singleUse?: boolean;
            browserTtl?: number | string;
            presence?: "none" | "required";
          } | null;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            protocol: string;
            tags: Record<string, string>;
            target: unknown;
            address: string;
            agent: string;
            enforce: "on" | "observe";
            secrets: {
              ttl?: number;
              maxTtl?: number;
              singleUse?: boolean;
              browserTtl?: number;
              presence?: "none" | "required";
            } | null;
            credentials: ({
              level: "read" | "write" | "admin";
              type: string;
              username: string;
              reference: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
  };
  "/v1/resources/{name}/check": {
    get?: never;
    put?: never;
    /** Dial the resource and say what its target role can do that it should not (needs the permission resources.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          level?: "read" | "write" | "admin";
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            findings: ({
              severity: "ok" | "info" | "warning" | "problem";
              code: string;
              message: string;
              mend?: string;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/resources/{name}/labels": {
    /** Which columns of a resource carry labels by the policy in force, and which nobody has decided about (needs the permission resources.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            places: ({
              database: string;
              systemId: string;
              databaseOid: number;
              revision: number;
              firstSeenAt: string;
              changedAt: string;
              relations: number;
              columns: ({
                column: string;
                labels: string[];
                state: "known" | "unclassified" | "accepted";
                proposed: string[];
                formerly: string[];
              })[];
              truncated: boolean;
            })[];
            drift: ({
              at: string;
              what: string;
              database?: string;
              relation?: string;
              column?: string;
              from?: string;
              proposed?: string;
              count?: number;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/resources/{name}/labels/accept": {
    get?: never;
    put?: never;
    /** Declare unclassified columns harmless: from now on they are shown (needs the permission resources.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          columns: string[];
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            accepted: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/resources/{name}/credentials/{level}": {
    get?: never;
    /** Set the credential of an access level, sealed and never shown again, or a reference to where it is kept (needs the permission credentials.write) */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string; level: "read" | "write" | "admin" };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          type: "password";
          username?: string;
          password?: string;
          reference?: string;
        } | {
          type: "certificate";
          username?: string;
          certificatePem?: string;
          privateKeyPem?: string;
          reference?: string;
        } | {
          type: "ssh_key";
          username?: string;
          privateKeyPem?: string;
          reference?: string;
        } | {
          type: "token";
          username?: string;
          token?: string;
          reference?: string;
        } | {
          type: "trust";
          username: string;
        } | {
          type: "ssh_certificate";
          username: string;
        } } };
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    post?: never;
    /** Remove the credential of an access level; sessions that use it end (needs the permission credentials.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string; level: "read" | "write" | "admin" };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/grants": {
    /** List grants (needs the permission grants.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            grants: ({
              id: string;
              name: string;
              principal: string | null;
              group: string | null;
              resource: string | null;
              tags: Record<string, string> | null;
              level: "read" | "write" | "admin";
              expiresAt: string | null;
              requestId: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Grant a principal or group access to a resource, or to all with some tags (needs the permission grants.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          name?: string;
          principal?: string;
          group?: string;
          resource?: string;
          tags?: Record<string, string>;
          level?: "read" | "write" | "admin";
          expiresAt?: string;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            principal: string | null;
            group: string | null;
            resource: string | null;
            tags: Record<string, string> | null;
            level: "read" | "write" | "admin";
            expiresAt: string | null;
            requestId: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/grants/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /** Remove a grant by id or name; sessions opened on it end (needs the permission grants.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/access": {
    /** Who may reach what, now or as it was at an instant (needs the permission grants.read) */
    get: {
      parameters: {
        query?: { at?: string; resource?: string; principal?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            at: string;
            access: ({
              principal: string;
              kind: "user" | "service" | "ai_agent";
              onBehalfOf: string | null;
              resource: string;
              level: "read" | "write" | "admin";
              by: ({
                grant: string;
                to: string;
                until: string | null;
              })[];
            })[];
            truncated: boolean;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/access/explain": {
    /** Why somebody may, or may not, reach a resource; of oneself and one's AI agents, or of all for those who may read grants (needs the permission access.explain) */
    get: {
      parameters: {
        query: { as?: string; resource: string; level?: "read" | "write" | "admin" };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            principal: string;
            resource: string;
            allowed: boolean;
            level: "read" | "write" | "admin" | null;
            steps: ({
              ok: boolean | null;
              what: "principal" | "groups" | "resource" | "grant" | "person" | "level" | "credential" | "agent" | "request";
              text: string;
            })[];
            requests: ({
              resource: string;
              level: "read" | "write" | "admin";
              maxSeconds: number;
              rule: string;
              autoApprove: boolean;
              reviewers: string[];
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/access-rules": {
    /** List access rules: who may ask for what, and who decides (needs the permission access_rules.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            rules: ({
              name: string;
              requesters: string[];
              resources?: string[];
              tags?: Record<string, string>;
              level: "read" | "write" | "admin";
              maxSeconds: number;
              reviewers: {
                by: string[];
                count: number | "all";
                escalate?: {
                  afterSeconds: number;
                  to: string[];
                };
              };
              expiresSeconds: number;
              autoApprove: boolean;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/access-rules/{name}": {
    get?: never;
    /** Add or replace an access rule (needs the permission access_rules.write) */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          requesters: string[];
          resources?: string[];
          tags?: Record<string, string>;
          level?: "read" | "write" | "admin";
          maxDuration: string | number;
          reviewers?: {
            by: (string | "manager")[];
            count?: number | "all";
            escalate?: {
              after: string | number;
              to: string[];
            };
          };
          expires?: string | number;
          autoApprove?: boolean;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            name: string;
            requesters: string[];
            resources?: string[];
            tags?: Record<string, string>;
            level: "read" | "write" | "admin";
            maxSeconds: number;
            reviewers: {
              by: string[];
              count: number | "all";
              escalate?: {
                afterSeconds: number;
                to: string[];
              };
            };
            expiresSeconds: number;
            autoApprove: boolean;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    post?: never;
    /** Delete an access rule; what waits by it cannot be approved any more (needs the permission access_rules.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/access-requests/options": {
    /** What the caller may ask for, and who would decide (needs the permission access_requests.ask) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            options: ({
              resource: string;
              level: "read" | "write" | "admin";
              maxSeconds: number;
              rule: string;
              autoApprove: boolean;
              reviewers: string[];
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/access-requests": {
    /** List access requests that the caller made or may decide, or all for those who may read them (needs the permission access_requests.list) */
    get: {
      parameters: {
        query?: { state?: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "returned"; limit?: number };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            requests: ({
              id: string;
              shortId: string;
              state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "returned";
              active: boolean;
              requester: string;
              resource: string;
              level: "read" | "write" | "admin";
              durationSeconds: number;
              reason: string;
              rule: string;
              decisions: ({
                reviewer: string;
                decision: "approve" | "deny";
                comment: string;
                at: string;
              })[];
              extends: string | null;
              grantExpiresAt: string | null;
              requestedAt: string;
              expiresAt: string;
              escalatedAt: string | null;
              closedReason: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Ask for access to a resource for some time; the time is counted from the approval (needs the permission access_requests.ask) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          resource: string;
          level?: "read" | "write" | "admin";
          durationSeconds: number;
          reason: string;
          rule?: string;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "returned";
            active: boolean;
            requester: string;
            resource: string;
            level: "read" | "write" | "admin";
            durationSeconds: number;
            reason: string;
            rule: string;
            decisions: ({
              reviewer: string;
              decision: "approve" | "deny";
              comment: string;
              at: string;
            })[];
            extends: string | null;
            grantExpiresAt: string | null;
            requestedAt: string;
            expiresAt: string;
            escalatedAt: string | null;
            closedReason: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/access-requests/{id}": {
    /** Show an access request (needs the permission access_requests.list) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "returned";
            active: boolean;
            requester: string;
            resource: string;
            level: "read" | "write" | "admin";
            durationSeconds: number;
            reason: string;
            rule: string;
            decisions: ({
              reviewer: string;
              decision: "approve" | "deny";
              comment: string;
              at: string;
            })[];
            extends: string | null;
            grantExpiresAt: string | null;
            requestedAt: string;
            expiresAt: string;
            escalatedAt: string | null;
            closedReason: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/access-requests/{id}/approve": {
    get?: never;
    put?: never;
    /** Approve it: with enough approvals the access begins (needs the permission access_requests.decide) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          comment?: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "returned";
            active: boolean;
            requester: string;
            resource: string;
            level: "read" | "write" | "admin";
            durationSeconds: number;
            reason: string;
            rule: string;
            decisions: ({
              reviewer: string;
              decision: "approve" | "deny";
              comment: string;
              at: string;
            })[];
            extends: string | null;
            grantExpiresAt: string | null;
            requestedAt: string;
            expiresAt: string;
            escalatedAt: string | null;
            closedReason: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/access-requests/{id}/deny": {
    get?: never;
    put?: never;
    /** Deny it (needs the permission access_requests.decide) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          comment?: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "returned";
            active: boolean;
            requester: string;
            resource: string;
            level: "read" | "write" | "admin";
            durationSeconds: number;
            reason: string;
            rule: string;
            decisions: ({
              reviewer: string;
              decision: "approve" | "deny";
              comment: string;
              at: string;
            })[];
            extends: string | null;
            grantExpiresAt: string | null;
            requestedAt: string;
            expiresAt: string;
            escalatedAt: string | null;
            closedReason: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/access-requests/{id}/return": {
    get?: never;
    put?: never;
    /** Withdraw a request, or give the access back before its time: its sessions end (needs the permission access_requests.ask) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "returned";
            active: boolean;
            requester: string;
            resource: string;
            level: "read" | "write" | "admin";
            durationSeconds: number;
            reason: string;
            rule: string;
            decisions: ({
              reviewer: string;
              decision: "approve" | "deny";
              comment: string;
              at: string;
            })[];
            extends: string | null;
            grantExpiresAt: string | null;
            requestedAt: string;
            expiresAt: string;
            escalatedAt: string | null;
            closedReason: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/access-requests/{id}/extend": {
    get?: never;
    put?: never;
    /** Ask for more time, counted from the approval: a new request and a new decision (needs the permission access_requests.ask) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          durationSeconds: number;
          reason: string;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "returned";
            active: boolean;
            requester: string;
            resource: string;
            level: "read" | "write" | "admin";
            durationSeconds: number;
            reason: string;
            rule: string;
            decisions: ({
              reviewer: string;
              decision: "approve" | "deny";
              comment: string;
              at: string;
            })[];
            extends: string | null;
            grantExpiresAt: string | null;
            requestedAt: string;
            expiresAt: string;
            escalatedAt: string | null;
            closedReason: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/changes": {
    /** List changes that weaken protection and wait, or waited, for a second person (needs the permission change_requests.read) */
    get: {
      parameters: {
        query?: { state?: "pending" | "applied" | "rejected" | "withdrawn" | "expired"; limit?: number };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            changes: ({
              id: string;
              shortId: string;
              state: "pending" | "applied" | "rejected" | "withdrawn" | "expired";
              requester: string;
              changes: ({
                noun: string;
                name: string;
                why: string[];
                before: string | null;
                after: string | null;
              })[];
              requestedAt: string;
              expiresAt: string;
              decidedBy: string | null;
              decidedAt: string | null;
              comment: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/changes/{id}": {
    /** Show a change: what it would weaken, before and after (needs the permission change_requests.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "applied" | "rejected" | "withdrawn" | "expired";
            requester: string;
            changes: ({
              noun: string;
              name: string;
              why: string[];
              before: string | null;
              after: string | null;
            })[];
            requestedAt: string;
            expiresAt: string;
            decidedBy: string | null;
            decidedAt: string | null;
            comment: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/changes/{id}/approve": {
    get?: never;
    put?: never;
    /** Apply exactly this change; by another person who could make it themselves (needs the permission change_requests.decide) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          comment?: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "applied" | "rejected" | "withdrawn" | "expired";
            requester: string;
            changes: ({
              noun: string;
              name: string;
              why: string[];
              before: string | null;
              after: string | null;
            })[];
            requestedAt: string;
            expiresAt: string;
            decidedBy: string | null;
            decidedAt: string | null;
            comment: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/changes/{id}/reject": {
    get?: never;
    put?: never;
    /** Reject a change, or withdraw one's own (needs the permission change_requests.decide) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          comment?: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "applied" | "rejected" | "withdrawn" | "expired";
            requester: string;
            changes: ({
              noun: string;
              name: string;
              why: string[];
              before: string | null;
              after: string | null;
            })[];
            requestedAt: string;
            expiresAt: string;
            decidedBy: string | null;
            decidedAt: string | null;
            comment: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/settings": {
    /** Do changes that weaken protection need a second person, and how many administrators are there? (needs the permission settings.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            twoPerson: "on" | "off";
            administrators: number;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/settings/two-person": {
    get?: never;
    /** Ask for a second person from now on, or (itself such a change) not any more (needs the permission settings.write) */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          twoPerson: "on" | "off";
        } } };
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/emergency/identities": {
    /** List emergency identities: what each opens, and how many codes are left (needs the permission emergency.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            identities: ({
              name: string;
              principal: string;
              resource: string;
              level: "read" | "write" | "admin";
              codesLeft: number;
              createdBy: string;
              createdAt: string;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Make an emergency identity for one resource; its codes are shown now and never again (needs the permission emergency.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          name: string;
          resource: string;
          level?: "read" | "write" | "admin";
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            name: string;
            codes: string[];
            waitsFor?: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/emergency/identities/{name}/codes": {
    get?: never;
    put?: never;
    /** Make new codes, shown now and never again; the old ones open nothing any more (needs the permission emergency.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            name: string;
            codes: string[];
            waitsFor?: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/emergency/identities/{name}": {
    get?: never;
    put?: never;
    post?: never;
    /** Delete an emergency identity; its sessions end (needs the permission emergency.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/emergency/use": {
    get?: never;
    put?: never;
    /** Break glass: with a code, one resource for one hour; told on every channel, to be reviewed within a day (public) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          name: string;
          code: string;
          reason: string;
          claimedName: string;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            shortId: string;
            username: string;
            secret: string;
            resource: string;
            level: "read" | "write" | "admin";
            expiresAt: string;
            codesLeft: number;
            problems: string[];
            endpoint: {
              host: string;
              port: number;
              tls: boolean;
              caPem?: string;
            };
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/emergency/drill": {
    get?: never;
    put?: never;
    /** Do all that a use does, and take it back: says what would keep a session from being opened (public) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          name: string;
          code: string;
          reason: string;
          claimedName: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            ok: boolean;
            resource: string;
            level: "read" | "write" | "admin";
            problems: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/emergency/uses": {
    /** List uses of emergency identities, or only those that nobody has reviewed (needs the permission emergency.read) */
    get: {
      parameters: {
        query?: { open?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            uses: ({
              id: string;
              shortId: string;
              name: string;
              resourceName: string;
              level: "read" | "write" | "admin";
              reason: string;
              claimedName: string;
              address: string;
              usedAt: string;
              expiresAt: string;
              endedAt: string | null;
              reviewDueAt: string;
              overdue: boolean;
              reviewedBy: string | null;
              reviewedAt: string | null;
              reviewComment: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/emergency/uses/{id}/review": {
    get?: never;
    put?: never;
    /** Say that a use was looked at, and what came of it (needs the permission emergency.review) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          comment: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            name: string;
            resourceName: string;
            level: "read" | "write" | "admin";
            reason: string;
            claimedName: string;
            address: string;
            usedAt: string;
            expiresAt: string;
            endedAt: string | null;
            reviewDueAt: string;
            overdue: boolean;
            reviewedBy: string | null;
            reviewedAt: string | null;
            reviewComment: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/emergency/uses/{id}/end": {
    get?: never;
    put?: never;
    /** End a use before its hour is over; its sessions end (needs the permission emergency.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            name: string;
            resourceName: string;
            level: "read" | "write" | "admin";
            reason: string;
            claimedName: string;
            address: string;
            usedAt: string;
            expiresAt: string;
            endedAt: string | null;
            reviewDueAt: string;
            overdue: boolean;
            reviewedBy: string | null;
            reviewedAt: string | null;
            reviewComment: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/policies": {
    /** The policy in force, or an older version (needs the permission policies.read) */
    get: {
      parameters: {
        query?: { version?: number };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            version: number;
            documents: ({
              name: string;
              source: string;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/policies/versions": {
    /** Who applied which version when; the newest first (needs the permission policies.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            versions: ({
              version: number;
              appliedAt: string;
              appliedBy: string;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/policies/schema": {
    /** JSON Schema of a policy document, for editors (public) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": Record<string, unknown> } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/policies/test": {
    get?: never;
    put?: never;
    /** Run the tests that stand in the rules; of the policy in force, or of the given documents alone (needs the permission policies.test) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          documents?: ({
            name: string;
            source: string;
          })[];
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            ok: boolean;
            results: ({
              ruleId: string;
              document: string;
              line: number;
              type: "sql" | "ssh" | "kube";
              text: string;
              expected: string;
              actual: string;
              ok: boolean;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/policies/explain": {
    get?: never;
    put?: never;
    /** Which rule would decide about a statement, a command line or a request, and why (needs the permission policies.explain) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          sql?: string;
          ssh?: string | {
            channel: "shell" | "exec" | "typed" | "subsystem" | "sftp" | "scp" | "rsync" | "redirect" | "direct-tcpip" | "direct-streamlocal" | "tcpip-forward" | "streamlocal-forward" | "auth-agent" | "x11";
            command?: string;
            direction?: "upload" | "download";
            path?: string;
            bytes?: number;
            host?: string;
            port?: number;
            user?: string;
          };
          kube?: string | {
            verb: string;
            group?: string;
            version?: string;
            resource?: string;
            subresource?: string;
            namespace?: string;
            name?: string;
            path?: string;
            labels?: Record<string, string>;
            dry_run?: boolean;
            container?: string;
            command?: string[];
          };
          as?: string;
          resource: string;
          level?: "read" | "write" | "admin";
          documents?: ({
            name: string;
            source: string;
          })[];
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            operation: string;
            verdict: Record<string, unknown>;
            rules: ({
              ruleId: string;
              at: string;
              judgedAs: string;
              state: string;
              why: string;
              enforce: string;
              outcomes: string[];
            })[];
            judged: ({
              operation: string;
              verdict: Record<string, unknown>;
              rules: ({
                ruleId: string;
                at: string;
                judgedAs: string;
                state: string;
                why: string;
                enforce: string;
                outcomes: string[];
              })[];
            })[];
            text: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/apply": {
    get?: never;
    put?: never;
    /** Bring roles, principals, groups, resources, grants, access rules and policies to what documents say: all or nothing (needs the permission config.apply) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          documents: ({
            name: string;
            source: string;
          })[];
          dryRun?: boolean;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            changes: ({
              noun: "role" | "principal" | "group" | "resource" | "grant" | "access_rule" | "federation" | "identity_provider" | "notification_channel" | "policy";
              name: string;
              action: "create" | "update" | "delete" | "none";
              diff: ({
                field: string;
                before: string | null;
                after: string | null;
              })[];
            })[];
            policyVersion: number;
            applied: boolean;
            waitsFor: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/agents": {
    /** List agents, their version and where they are online (needs the permission agents.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            agents: ({
              id: string;
              name: string;
              online: boolean;
              lastSeen?: string;
              version?: string;
              joinedAt: string;
              gateways: ({
                gatewayId: string;
                online: boolean;
                lastSeen: string;
                version: string;
                data: Record<string, string | number>;
              })[];
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/agents/tokens": {
    get?: never;
    put?: never;
    /** Make a join token: for one agent, once, shown now and never again (needs the permission agents.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          name: string;
          expiresIn?: number;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            token: string;
            expiresAt: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/agents/join": {
    get?: never;
    put?: never;
    /** Trade a join token for an identity: the agent's own Ed25519 key (public) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          token: string;
          publicKey: {
            kty: "OKP";
            crv: "Ed25519";
            x: string;
          };
          name?: string;
          version: string;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            agentId: string;
            name: string;
            grantKeys: {
              keys: (Record<string, unknown>)[];
            };
            gatewayId: string;
            tunnelUrls: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/agents/{name}": {
    get?: never;
    put?: never;
    post?: never;
    /** Remove an agent; sessions through it end and it may not connect again (needs the permission agents.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/api-keys": {
    /** List API keys of services and AI agents, with their last use (needs the permission api_keys.read) */
    get: {
      parameters: {
        query?: { all?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            keys: ({
              id: string;
              name: string;
              principal: string;
              onBehalfOf: string | null;
              permissions: string[] | null;
              resources: string[] | null;
              level: "read" | "write" | "admin" | null;
              state: "live" | "revoked" | "expired";
              createdBy: string;
              createdAt: string;
              expiresAt: string;
              lastUsedAt: string | null;
              lastUsedFrom: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Make an API key for a service or an AI agent: shown now and never again (needs the permission api_keys.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          principal: string;
          name: string;
          ttlSeconds: number;
          permissions?: ("self.read" | "self.write" | "principals.read" | "principals.write" | "groups.read" | "groups.write" | "roles.read" | "roles.write" | "roles.appoint" | "resources.list" | "resources.read" | "resources.write" | "credentials.write" | "grants.read" | "grants.write" | "access.explain" | "access_rules.read" | "access_rules.write" | "access_requests.list" | "access_requests.ask" | "access_requests.decide" | "access_requests.read_all" | "change_requests.read" | "change_requests.decide" | "settings.read" | "settings.write" | "emergency.read" | "emergency.write" | "emergency.review" | "scim_tokens.write" | "identity_providers.read" | "identity_providers.write" | "policies.read" | "policies.explain" | "policies.test" | "config.apply" | "agents.read" | "agents.write" | "connection_secrets.read_all" | "certificate_authorities.write" | "sessions.list" | "sessions.read_all" | "sessions.kill" | "recordings.read" | "recordings.read_originals" | "recordings.verify" | "reviews.list" | "reviews.read_all" | "reviews.decide" | "notifications.read" | "notifications.write" | "budgets.read_all" | "audit.read" | "api_keys.read" | "api_keys.write" | "delegations.read_all" | "federations.read" | "federations.write")[];
          resources?: string[];
          level?: "read" | "write" | "admin";
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            principal: string;
            onBehalfOf: string | null;
            permissions: string[] | null;
            resources: string[] | null;
            level: "read" | "write" | "admin" | null;
            state: "live" | "revoked" | "expired";
            createdBy: string;
            createdAt: string;
            expiresAt: string;
            lastUsedAt: string | null;
            lastUsedFrom: string | null;
            key: string;
            waitsFor?: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/api-keys/{id}/rotate": {
    get?: never;
    put?: never;
    /** Make a successor of an API key with the same scope; the old one ends after the overlap (needs the permission api_keys.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          ttlSeconds: number;
          overlapSeconds?: number;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            principal: string;
            onBehalfOf: string | null;
            permissions: string[] | null;
            resources: string[] | null;
            level: "read" | "write" | "admin" | null;
            state: "live" | "revoked" | "expired";
            createdBy: string;
            createdAt: string;
            expiresAt: string;
            lastUsedAt: string | null;
            lastUsedFrom: string | null;
            key: string;
            waitsFor?: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/api-keys/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /** Revoke an API key; sessions opened with it end (needs the permission api_keys.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/delegations": {
    /** List what the caller has delegated to AI agents, or all delegations for those who may read them (needs the permission self.read) */
    get: {
      parameters: {
        query?: { all?: string; dead?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            delegations: ({
              id: string;
              name: string;
              principal: string;
              onBehalfOf: string | null;
              permissions: string[] | null;
              resources: string[] | null;
              level: "read" | "write" | "admin" | null;
              state: "live" | "revoked" | "expired";
              createdBy: string;
              createdAt: string;
              expiresAt: string;
              lastUsedAt: string | null;
              lastUsedFrom: string | null;
              username: string;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Let an AI agent act for the caller for a while, with what both may do: the token is shown now and never again (needs the permission self.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          agent: string;
          purpose?: string;
          ttlSeconds?: number;
          permissions?: ("self.read" | "self.write" | "principals.read" | "principals.write" | "groups.read" | "groups.write" | "roles.read" | "roles.write" | "roles.appoint" | "resources.list" | "resources.read" | "resources.write" | "credentials.write" | "grants.read" | "grants.write" | "access.explain" | "access_rules.read" | "access_rules.write" | "access_requests.list" | "access_requests.ask" | "access_requests.decide" | "access_requests.read_all" | "change_requests.read" | "change_requests.decide" | "settings.read" | "settings.write" | "emergency.read" | "emergency.write" | "emergency.review" | "scim_tokens.write" | "identity_providers.read" | "identity_providers.write" | "policies.read" | "policies.explain" | "policies.test" | "config.apply" | "agents.read" | "agents.write" | "connection_secrets.read_all" | "certificate_authorities.write" | "sessions.list" | "sessions.read_all" | "sessions.kill" | "recordings.read" | "recordings.read_originals" | "recordings.verify" | "reviews.list" | "reviews.read_all" | "reviews.decide" | "notifications.read" | "notifications.write" | "budgets.read_all" | "audit.read" | "api_keys.read" | "api_keys.write" | "delegations.read_all" | "federations.read" | "federations.write")[];
          resources?: string[];
          level?: "read" | "write" | "admin";
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            name: string;
            principal: string;
            onBehalfOf: string | null;
            permissions: string[] | null;
            resources: string[] | null;
            level: "read" | "write" | "admin" | null;
            state: "live" | "revoked" | "expired";
            createdBy: string;
            createdAt: string;
            expiresAt: string;
            lastUsedAt: string | null;
            lastUsedFrom: string | null;
            username: string;
            token: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/delegations/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /** End a delegation, by its person, by an administrator or by the agent itself; its sessions end (needs the permission self.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/federations": {
    /** List issuers whose tokens are taken, and for whom (needs the permission federations.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            federations: ({
              id: string;
              name: string;
              issuer: string;
              audience: string;
              subject: string;
              when: string | null;
              principal: string;
              lifetime: number;
              jwks: string | null;
              singleUse: boolean;
              permissions: string[] | null;
              resources: string[] | null;
              level: "read" | "write" | "admin" | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/connection-secrets": {
    /** List live connection secrets: the caller's and those of AI agents that act for them, or all (needs the permission self.read) */
    get: {
      parameters: {
        query?: { all?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            secrets: ({
              id: string;
              kind: "password" | "certificate" | "ssh_certificate" | "ssh_key" | "browser";
              principal: string;
              resource: string | null;
              createdAt: string;
              expiresAt: string;
              usesLeft: number | null;
              uses: number;
              lastUsedAt: string | null;
              clientAddress: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    /** Make a connection secret for a native client: shown now and never again (needs the permission self.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          resource?: string;
          ttlSeconds?: number;
          uses?: number;
          forPrincipal?: string;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            username: string;
            secret: string;
            expiresAt: string;
            resource: string | null;
            endpoint: {
              host: string;
              port: number;
              tls: boolean;
              caPem?: string;
            };
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/connection-secrets/ssh-keys/challenge": {
    get?: never;
    put?: never;
    /** What the holder of an SSH key signs to register it: ssh-keygen -Y sign -n tidewaiter (needs the permission self.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            challenge: string;
            expiresAt: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/connection-secrets/ssh-keys": {
    get?: never;
    put?: never;
    /** Register the public key of an SSH client: its holder is the caller until it ends (needs the permission self.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          publicKey: string;
          challenge: string;
          signature: string;
          resource?: string;
          ttlSeconds?: number;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            kind: "password" | "certificate" | "ssh_certificate" | "ssh_key" | "browser";
            principal: string;
            resource: string | null;
            createdAt: string;
            expiresAt: string;
            usesLeft: number | null;
            uses: number;
            lastUsedAt: string | null;
            clientAddress: string | null;
            fingerprint: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/connection-secrets/{id}": {
    get?: never;
    put?: never;
    post?: never;
    /** Revoke a connection secret; sessions opened with it end (needs the permission self.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/certificates": {
    get?: never;
    put?: never;
    /** Issue a client certificate for PostgreSQL: for a key that stays where the request was made (needs the permission self.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          resource: string;
          request: string;
          ttlSeconds?: number;
          uses?: number;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            username: string;
            certificatePem: string;
            expiresAt: string;
            resource: string | null;
            endpoint: {
              host: string;
              port: number;
              tls: boolean;
              caPem?: string;
            };
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/ssh-certificates": {
    get?: never;
    put?: never;
    /** Issue an OpenSSH user certificate for the gateway: for a key that stays where it is (needs the permission self.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          resource: string;
          publicKey: string;
          ttlSeconds?: number;
          uses?: number;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            username: string;
            certificateLine: string;
            expiresAt: string;
            resource: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/certificate-authorities": {
    /** The authorities that issue client certificates: what to trust, for which use, and until when (needs the permission self.read) */
    get: {
      parameters: {
        query?: { use?: "postgres-client" | "ssh-user" | "ssh-host" | "ssh-target" | "kubernetes-client" };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            authorities: ({
              id: string;
              use: "postgres-client" | "ssh-user" | "ssh-host" | "ssh-target" | "kubernetes-client";
              issuesFrom: string;
              trustedUntil: string | null;
              certificate: string | null;
              publicKey: string | null;
              publicJwk: Record<string, unknown>;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/certificate-authorities/{use}/rotate": {
    get?: never;
    put?: never;
    /** Give an authority a new key; what was issued under the old one stays valid until it ends (needs the permission certificate_authorities.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { use: "postgres-client" | "ssh-user" | "ssh-host" | "ssh-target" | "kubernetes-client" };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          afterSeconds?: number;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            issuesFrom: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/sessions": {
    /** List sessions, the newest first: the caller's own, or everybody's for those who may read them (needs the permission sessions.list) */
    get: {
      parameters: {
        query?: { state?: "live" | "ended"; principal?: string; resource?: string; limit?: number; cursor?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            sessions: ({
              id: string;
              state: "live" | "ended";
              principal: string;
              kind: "user" | "service" | "ai_agent";
              onBehalfOf: string | null;
              resource: string;
              protocol: string;
              level: "read" | "write" | "admin";
              agent: string;
              gateway: string;
              client: string;
              application: string | null;
              detail: Record<string, string>;
              policyVersion: number;
              startedAt: string;
              endedAt: string | null;
              endReason: string | null;
              counters: {
                statements: number;
                refused: number;
                held: number;
                rows: number;
                bytesToClient: number;
                bytesToTarget: number;
              };
              segments: number | null;
            })[];
            cursor: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/sessions/{id}": {
    /** Show a session (needs the permission sessions.list) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            state: "live" | "ended";
            principal: string;
            kind: "user" | "service" | "ai_agent";
            onBehalfOf: string | null;
            resource: string;
            protocol: string;
            level: "read" | "write" | "admin";
            agent: string;
            gateway: string;
            client: string;
            application: string | null;
            detail: Record<string, string>;
            policyVersion: number;
            startedAt: string;
            endedAt: string | null;
            endReason: string | null;
            counters: {
              statements: number;
              refused: number;
              held: number;
              rows: number;
              bytesToClient: number;
              bytesToTarget: number;
            };
            segments: number | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/sessions/{id}/kill": {
    get?: never;
    put?: never;
    /** End a live session; its client is told the reason (needs the permission sessions.kill) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          reason: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            state: "live" | "ended";
            principal: string;
            kind: "user" | "service" | "ai_agent";
            onBehalfOf: string | null;
            resource: string;
            protocol: string;
            level: "read" | "write" | "admin";
            agent: string;
            gateway: string;
            client: string;
            application: string | null;
            detail: Record<string, string>;
            policyVersion: number;
            startedAt: string;
            endedAt: string | null;
            endReason: string | null;
            counters: {
              statements: number;
              refused: number;
              held: number;
              rows: number;
              bytesToClient: number;
              bytesToTarget: number;
            };
            segments: number | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/sessions/{id}/recording": {
    /** The recorded events of a session, one JSON object a line; needs a reason and is itself recorded (needs the permission recordings.read) */
    get: {
      parameters: {
        query: { reason: string; originals?: string };
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/x-ndjson": string } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/sessions/{id}/recording/verify": {
    /** Is the recording of a session complete and untouched? (needs the permission recordings.verify) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            ok: boolean;
            segments: number;
            tail: "complete" | "unknown";
            problems: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/sessions/{id}/watches": {
    get?: never;
    put?: never;
    /** Follow a live session: needs a reason and is itself recorded; over 15 s after the last question for events (needs the permission recordings.read) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          reason: string;
          originals?: boolean;
        } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            startedAt: string;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/sessions/{id}/watches/{watch}/events": {
    /** What was recorded after segment `after`, waiting up to 3 s for it: one event a line, then {"watch":{"after":N,"more":BOOLEAN,"ended":null|REASON}} (needs the permission recordings.read) */
    get: {
      parameters: {
        query?: { after?: number };
        header?: never;
        path: { id: string; watch: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/x-ndjson": string } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/sessions/{id}/watches/{watch}": {
    get?: never;
    put?: never;
    post?: never;
    /** Stop following a session (needs the permission recordings.read) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string; watch: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/reviews": {
    /** List reviews that the caller asked for or may decide, or all for those who may read them (needs the permission reviews.list) */
    get: {
      parameters: {
        query?: { state?: "pending" | "approved" | "rejected" | "expired" | "withdrawn" | "consumed"; limit?: number };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            reviews: ({
              id: string;
              shortId: string;
              state: "pending" | "approved" | "rejected" | "expired" | "withdrawn" | "consumed";
              mode: "hold" | "ticket";
              requester: string;
              sessionId: string;
              resource: string;
              rule: string;
              reason: string;
              summary: string;
              labels: string[];
              estimatedRows: number | null;
              inTransaction: boolean;
              askedOf: string[];
              count: number;
              decisions: ({
                reviewer: string;
                decision: "approve" | "reject";
                comment: string;
                at: string;
              })[];
              requestedAt: string;
              expiresAt: string;
              closedReason: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/reviews/{id}": {
    /** Show a review with the exact statement; a look by another than the requester is recorded (needs the permission reviews.list) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "approved" | "rejected" | "expired" | "withdrawn" | "consumed";
            mode: "hold" | "ticket";
            requester: string;
            sessionId: string;
            resource: string;
            rule: string;
            reason: string;
            summary: string;
            labels: string[];
            estimatedRows: number | null;
            inTransaction: boolean;
            askedOf: string[];
            count: number;
            decisions: ({
              reviewer: string;
              decision: "approve" | "reject";
              comment: string;
              at: string;
            })[];
            requestedAt: string;
            expiresAt: string;
            closedReason: string | null;
            statement: string;
            parameters: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/reviews/{id}/approve": {
    get?: never;
    put?: never;
    /** Approve exactly this statement, once (needs the permission reviews.decide) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          comment?: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "approved" | "rejected" | "expired" | "withdrawn" | "consumed";
            mode: "hold" | "ticket";
            requester: string;
            sessionId: string;
            resource: string;
            rule: string;
            reason: string;
            summary: string;
            labels: string[];
            estimatedRows: number | null;
            inTransaction: boolean;
            askedOf: string[];
            count: number;
            decisions: ({
              reviewer: string;
              decision: "approve" | "reject";
              comment: string;
              at: string;
            })[];
            requestedAt: string;
            expiresAt: string;
            closedReason: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/reviews/{id}/reject": {
    get?: never;
    put?: never;
    /** Refuse it (needs the permission reviews.decide) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          comment?: string;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            id: string;
            shortId: string;
            state: "pending" | "approved" | "rejected" | "expired" | "withdrawn" | "consumed";
            mode: "hold" | "ticket";
            requester: string;
            sessionId: string;
            resource: string;
            rule: string;
            reason: string;
            summary: string;
            labels: string[];
            estimatedRows: number | null;
            inTransaction: boolean;
            askedOf: string[];
            count: number;
            decisions: ({
              reviewer: string;
              decision: "approve" | "reject";
              comment: string;
              at: string;
            })[];
            requestedAt: string;
            expiresAt: string;
            closedReason: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/notification-channels": {
    /** List the channels that people are told by, with what waits in them (needs the permission notifications.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            channels: ({
              name: string;
              settings: {
                type: "slack" | "teams" | "webhook" | "email";
              };
              waiting: number;
              lastSentAt: string | null;
              lastError: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/notification-channels/{name}": {
    get?: never;
    /** Make or replace a channel; what waits in it is sent by the new settings (needs the permission notifications.write) */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody: { content: { "application/json": {
          type: "slack";
          webhookUrl?: string;
          token?: string;
          channel?: string;
          events?: ("review.requested" | "review.decided" | "access.requested" | "access.decided" | "change.requested" | "change.decided" | "emergency.started" | "emergency.ended")[];
          asks?: string[];
          resources?: string[];
          perMinute?: number;
        } | {
          type: "teams";
          webhookUrl: string;
          events?: ("review.requested" | "review.decided" | "access.requested" | "access.decided" | "change.requested" | "change.decided" | "emergency.started" | "emergency.ended")[];
          asks?: string[];
          resources?: string[];
          perMinute?: number;
        } | {
          type: "webhook";
          url: string;
          secret: string;
          events?: ("review.requested" | "review.decided" | "access.requested" | "access.decided" | "change.requested" | "change.decided" | "emergency.started" | "emergency.ended")[];
          asks?: string[];
          resources?: string[];
          perMinute?: number;
        } | {
          type: "email";
          host: string;
          port?: number;
          tls?: "always" | "starttls" | "none";
          username?: string;
          password?: string;
          from: string;
          to?: "asked" | string[];
          events?: ("review.requested" | "review.decided" | "access.requested" | "access.decided" | "change.requested" | "change.decided" | "emergency.started" | "emergency.ended")[];
          asks?: string[];
          resources?: string[];
          perMinute?: number;
        } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            name: string;
            settings: {
              type: "slack" | "teams" | "webhook" | "email";
            };
            waiting: number;
            lastSentAt: string | null;
            lastError: string | null;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    post?: never;
    /** Remove a channel, and what waits in it (needs the permission notifications.write) */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    patch?: never;
  };
  "/v1/notification-channels/{name}/test": {
    get?: never;
    put?: never;
    /** Send a test by the channel; of a mail to those who are asked, it goes to the caller (needs the permission notifications.write) */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            notifications: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    delete?: never;
    patch?: never;
  };
  "/v1/notifications": {
    /** List what was sent, waits, or was given up, the newest first (needs the permission notifications.read) */
    get: {
      parameters: {
        query?: { channel?: string; id?: string; limit?: number };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            notifications: ({
              id: string;
              channel: string;
              event: string;
              title: string;
              to: string | null;
              state: "waiting" | "sent" | "expired" | "refused";
              attempts: number;
              nextAt: string;
              createdAt: string;
              expiresAt: string;
              sentAt: string | null;
              lastError: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/budgets": {
    /** What is spent of budgets: by the caller and AI agents that act for them, or by all for those who may see it (needs the permission self.read) */
    get: {
      parameters: {
        query?: { principal?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            budgets: ({
              rule: string;
              principal: string;
              onBehalfOf: string | null;
              resource: string | null;
              counter: string;
              limit: number;
              spent: number;
              leased: number;
              windowSeconds: number;
              freesAt: string | null;
              exceededAt: string | null;
            })[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/audit": {
    /** Audit events in order, or the newest first (needs the permission audit.read) */
    get: {
      parameters: {
        query?: { after?: number; type?: string; order?: "oldest" | "newest"; limit?: number };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            events: ({
              sequence: number;
              id: string;
              at: string;
              type: string;
              principalId: string | null;
              sessionId: string | null;
              resourceId: string | null;
              data: Record<string, string | number | boolean | null>;
              previousHash: string;
              hash: string;
            })[];
            last: number;
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
  "/v1/audit/verify": {
    /** Is the chain of audit events whole? (needs the permission audit.read) */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { "application/json": {
            ok: boolean;
            events: number;
            head: string;
            problems: string[];
          } } };
        default: { headers: Record<string, unknown>; content: { "application/problem+json": Problem } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    patch?: never;
  };
}
