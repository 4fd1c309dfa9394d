import { notificationsContract } from "./notifications-contract.ts";
import { onPostgres } from "./on-stores.ts";

onPostgres(() => notificationsContract("postgres"));
