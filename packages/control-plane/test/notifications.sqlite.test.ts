import { notificationsContract } from "./notifications-contract.ts";

notificationsContract("sqlite");
