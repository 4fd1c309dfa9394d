import { readLocalSecret } from "../../local-secret.ts";
import type { VaultAuth } from "./vault-settings.ts";

type Login = { readonly token: string } | { readonly path: string; readonly body: object };

/** The documented login of each method (api-docs/auth/{approle,kubernetes,jwt}); `token` needs none. */
export async function loginRequest(
  auth: VaultAuth,
  readVariable: (name: string) => string | undefined,
): Promise<Login> {
  switch (auth.method) {
    case "token":
      return { token: await readLocalSecret(auth.token, readVariable) };
    case "approle": {
      const secretId = await readLocalSecret(auth.secretId, readVariable);
      return { path: `auth/${auth.mount}/login`, body: { role_id: auth.roleId, secret_id: secretId } };
    }
    case "kubernetes":
    case "jwt": {
      const jwt = await readLocalSecret(auth.token, readVariable);
      return { path: `auth/${auth.mount}/login`, body: { role: auth.role, jwt } };
    }
  }
}
