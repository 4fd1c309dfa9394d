import { readFileSync } from "node:fs";
import type { PostgresServer } from "@tidewaiter/testkit";

/** Name of the database. */
export const SHOP = "shop";

const FILES = [
  new URL("../../deploy/examples/sample-customers.sql", import.meta.url),
  new URL("./shop.sql", import.meta.url),
];

/**
 * Other values in every labelled column (deploy/examples/policies/labels.yaml) and in the text that quotes one, in other
 * lengths and another order: a cell that is the same for both data sets does not depend on them.
 */
const OTHER_VALUES = `
  UPDATE customers SET
    full_name = 'Zo ' || substr(md5(full_name), 1, 4 + id % 5),
    email = substr(md5(email), 1, 7 + id % 9) || '@other.example',
    ssn = '901-' || lpad((id * 7 % 90 + 10)::text, 2, '0') || '-' || lpad((id * 13 % 9000 + 500)::text, 4, '0'),
    phone = '+44201' || lpad((id * 11 % 100000)::text, 5, '0') || CASE WHEN id % 2 = 0 THEN '7' ELSE '' END,
    card = '55555555555' || lpad((id * 17 % 90000)::text, 5, '0'),
    dob = date '1990-06-01' - id * 13,
    notes = replace(notes, 'mail customer', 'mail somebody')`;

/** The sample shop in a database of its own, the same OIDs on every server of one release. */
export async function prepareShop(server: PostgresServer, values: "first" | "other"): Promise<void> {
  await server.sql(`CREATE DATABASE ${SHOP}`);
  const [base = "", more = ""] = FILES.map((file) => readFileSync(file, "utf8"));
  await server.sql(base, SHOP);
  if (values === "other") await server.sql(OTHER_VALUES, SHOP);
  await server.sql(more, SHOP);
}
