import { z } from "zod";
import { requireAllowed, requireForm } from "../allow-list.ts";
import { sendRequest, textAt } from "../http-request.ts";
import { readText } from "../local-secret.ts";
import { fromFields, unavailable } from "../read-fields.ts";
import { onlyOptions } from "../secret-reference.ts";
import type { SecretStore } from "../secret-store.ts";
import { allowedPaths, safeUrl } from "../setting-shapes.ts";
import { jsonAnswer } from "../store-answer.ts";

const MOUNTED = "/var/run/secrets/kubernetes.io/serviceaccount";

export const kubernetesSettings = z.strictObject({
  server: safeUrl.default("https://kubernetes.default.svc"),
  /** A bound service account token is renewed in its file: it is read each time. */
  tokenFile: z.string().startsWith("/").default(`${MOUNTED}/token`),
  caFile: z.string().startsWith("/").default(`${MOUNTED}/ca.crt`),
  allow: allowedPaths,
});

export type KubernetesSettings = z.output<typeof kubernetesSettings>;

/**
 * `kube:NAMESPACE/NAME#KEY`: a Secret of the API server
 * (https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/).
 */
export function createKubernetesStore(settings: KubernetesSettings): SecretStore {
  const store: SecretStore = {
    scheme: "kube",
    cacheMs: 60_000,
    check(reference) {
      onlyOptions(reference, []);
      requireForm(
        reference,
        /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
        "kube:NAMESPACE/NAME",
      );
      requireAllowed(reference, settings.allow);
    },
    async resolve(reference, signal) {
      store.check(reference);
      const [namespace, name] = reference.path.split("/");
      const url = `${settings.server.replace(/\/+$/, "")}/api/v1/namespaces/${namespace}/secrets/${name}`;
      const token = (await readText(settings.tokenFile)).trim();
      const ca = url.startsWith("https:") ? await readText(settings.caFile) : undefined;
      const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
      const json = jsonAnswer(reference, await sendRequest({ url, headers, ca, signal }));
      const { data } = json;
      if (typeof data !== "object" || data === null) throw unavailable(reference, "the Secret is empty");
      const decoded = Object.entries(data).map(([key, value]) => [
        key,
        Buffer.from(String(value), "base64").toString(),
      ]);
      const version = textAt(json, "metadata", "resourceVersion");
      return { ...fromFields(reference, Object.fromEntries(decoded)), ...(version !== undefined && { version }) };
    },
  };
  return store;
}
