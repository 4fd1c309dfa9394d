export * from "./certificates.ts";
export * from "./chunking.ts";
export * from "./command.ts";
export { CookieClient, type Visited } from "./cookie-client.ts";
export * from "./eventually.ts";
export * from "./fake-clock.ts";
export * from "./free-port.ts";
export * from "./interactive.ts";
export type { AuditEvent, AuditUser } from "./kubernetes-server/audit.ts";
export { type BuildOptions, buildKubernetes } from "./kubernetes-server/build.ts";
export type { CallOptions, KubernetesAnswer, KubernetesCall } from "./kubernetes-server/call.ts";
export { helm } from "./kubernetes-server/helm.ts";
export {
  helmMissing,
  helmNeed,
  type KubernetesPrograms,
  kubernetesMissing,
  kubernetesNeed,
  kubernetesPrograms,
  kubernetesRelease,
} from "./kubernetes-server/installation.ts";
export { kubeconfigText } from "./kubernetes-server/kubeconfig.ts";
export { type KubectlOptions, kubectl, kubectlEnvironment } from "./kubernetes-server/kubectl.ts";
export type { Permission } from "./kubernetes-server/roles.ts";
export {
  type KubernetesOptions,
  type KubernetesServer,
  startKubernetes,
} from "./kubernetes-server/start-kubernetes.ts";
export * from "./node-process.ts";
export * from "./pg-client.ts";
export { fetchPostgres } from "./postgres-server/fetched.ts";
export {
  availablePostgres,
  findPostgres,
  olderPostgresVersions,
  type PostgresAvailability,
  type PostgresInstallation,
  type PostgresVersion,
  postgresVersions,
  testedPostgres,
} from "./postgres-server/installation.ts";
export type { PostgresAuth, PostgresTls } from "./postgres-server/settings.ts";
export { type PostgresOptions, type PostgresServer, startPostgres } from "./postgres-server/start.ts";
export * from "./psql.ts";
export * from "./skip-unless.ts";
export { registerSshKey } from "./ssh-key-proof.ts";
export { type SshdOptions, type SshServer, sshdMissing, startSshd } from "./ssh-server/start-sshd.ts";
export * from "./stream-pair.ts";
export * from "./temp-dir.ts";
