export { createGateway, type Gateway, type GatewayOptions } from "./gateway.ts";
export { ensureLocalCa, type LocalTls } from "./tls/local-ca.ts";
