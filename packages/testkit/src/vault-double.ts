import { startHttpDouble } from "./http-double.ts";

/**
 * A DOUBLE of Vault (no release of Vault or OpenBao can be had as a Go module or npm package): answers in the documented
 * shapes of api-docs/secret/kv/kv-v2, secret/databases, system/leases and auth/{approle,kubernetes,jwt,token}.
 */
export async function startVaultDouble({ leaseSeconds = 3600, tokenSeconds = 3600, password = "from-vault" } = {}) {
  const tokens = new Map<string, string>([["root-token", "root"]]);
  const leases = new Map<string, "live" | "revoked">();
  const wrapped = new Map<string, { plaintext: string | undefined; associated: string | undefined }>();
  let counter = 0;
  const state = { password, renewedLeases: 0, renewedTokens: 0, logins: [] as string[] };
  const double = await startHttpDouble(({ method, path, headers, body }) => {
    const call = `${method} ${path.replace(/^\/v1\//, "")}`;
    const asked = body === "" ? {} : (JSON.parse(body) as Record<string, string>);
    const login = /^POST auth\/([a-z]+)\/login$/.exec(call)?.[1];
    if (login !== undefined) {
      const good =
        (login === "approle" && asked.role_id === "role-1" && asked.secret_id === "secret-id-1") ||
        (login === "kubernetes" && asked.role === "tidewaiter" && asked.jwt === "sa-token") ||
        (login === "jwt" && asked.role === "tidewaiter" && asked.jwt === "workload-jwt");
      if (!good) return { status: 400, json: { errors: ["invalid role or secret ID"] } };
      state.logins.push(login);
      const token = `hvs.token-${++counter}`;
      tokens.set(token, login);
      return { json: { auth: { client_token: token, lease_duration: tokenSeconds, renewable: true, accessor: "a" } } };
    }
    const token = String(headers["x-vault-token"] ?? "");
    if (!tokens.has(token)) return { status: 403, json: { errors: ["permission denied", password] } };
    if (call === "POST auth/token/renew-self") {
      state.renewedTokens++;
      return { json: { auth: { client_token: token, lease_duration: tokenSeconds, renewable: true } } };
    }
    if (call === "PUT sys/leases/renew") {
      if (leases.get(asked.lease_id ?? "") !== "live") return { status: 400, json: { errors: ["lease not found"] } };
      state.renewedLeases++;
      return { json: { lease_id: asked.lease_id, renewable: true, lease_duration: leaseSeconds } };
    }
    if (call === "PUT sys/leases/revoke") {
      leases.set(asked.lease_id ?? "", "revoked");
      return { status: 204 };
    }
    const kv = (data: object, version: number) => {
      const metadata = { created_time: "2026-03-01T08:00:00Z", deletion_time: "", destroyed: false, version };
      return { json: { lease_id: "", lease_duration: 0, renewable: false, data: { data, metadata } } };
    };
    if (call === "GET secret/data/shop") return kv({ username: "shop_reader", password: state.password }, 7);
    if (call === "GET secret/data/shop?version=3") return kv({ password: "an-old-one" }, 3);
    if (call === "GET secret/data/one%20value") return kv({ anything: password }, 1);
    if (call === "GET database/creds/shop-reader") {
      const id = `database/creds/shop-reader/${++counter}`;
      leases.set(id, "live");
      const data = { username: `v-shop-reader-${counter}`, password: `made-${counter}` };
      return { json: { lease_id: id, lease_duration: leaseSeconds, renewable: true, data } };
    }
    if (call === "GET database/static-creds/shop") {
      const data = { username: "shop_static", password, ttl: 1200, rotation_period: 3600 };
      return { json: { lease_id: "", lease_duration: 0, renewable: false, data } };
    }
    const transit = /^POST transit\/(encrypt|decrypt)\/tidewaiter$/.exec(call)?.[1];
    if (transit === "encrypt") {
      const ciphertext = `vault:v1:${++counter}`;
      wrapped.set(ciphertext, { plaintext: asked.plaintext, associated: asked.associated_data });
      return { json: { data: { ciphertext, key_version: 1 } } };
    }
    if (transit === "decrypt") {
      const known = wrapped.get(asked.ciphertext ?? "");
      const good = known !== undefined && known.associated === asked.associated_data;
      const errors = ["cipher: message authentication failed"];
      return good ? { json: { data: { plaintext: known.plaintext } } } : { status: 400, json: { errors } };
    }
    return { status: 404, json: { errors: [] } };
  });
  return { ...double, state, leases, revokeToken: (token: string) => tokens.delete(token), tokens };
}
